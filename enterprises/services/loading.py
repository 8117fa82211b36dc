"""The contracts that a ledger of estates states, thousands at once, with the ledger as source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.choices import REGISTRY_EDITORS
from accounts.models import User
from enterprises.models import Engagement, Provider
from estates.models import Estate
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import Act, changes, field_labels, record_many, snapshot
from xingyang_pm.common.errors import BusinessError, StaleState
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.models import ImportBatch

from .engagements import ENGAGEMENT_FIELDS, check_terms

# What a ledger may change of a running contract. The day of the take-over and a stated last day
# decide for which months a subsidy is paid: those are changed on the contract's own page.
LEDGER_TERMS = ("end_date", "fee_standard", "fee_unit", "service_grade", "project_manager")
_CHUNK = 400
_KEYS = ("project_manager",)


@dataclass(frozen=True)
class ContractEntry:
    """One contract of a ledger. ``engagement`` is the key of a registered one, whose ``values``
    then hold what changes (:data:`LEDGER_TERMS`); None for a new one."""

    estate: Estate
    provider: Provider
    engagement: int | None
    values: Mapping[str, Any] = field(default_factory=dict)


def engagements_load(
    *, entries: Sequence[ContractEntry], batch: ImportBatch, actor: User
) -> list[Engagement]:
    """Register new contracts and complete known ones, all or none; return them in order.

    What a ledger does not say (the day of signing, the filing) stays open, and the contract
    counts as 资料待补 and not as late. Some ten statements a thousand contracts.
    """
    require(actor, REGISTRY_EDITORS, "服务合同由房管中心科室负责人登记。")
    written: dict[int, Engagement] = {}
    with guarded():
        new = [i for i, entry in enumerate(entries) if entry.engagement is None]
        known = [i for i, entry in enumerate(entries) if entry.engagement is not None]
        made = _register([entries[i] for i in new], batch, actor)
        written.update(zip(new, made, strict=True))
        for start in range(0, len(known), _CHUNK):
            part = known[start : start + _CHUNK]
            revised = _revise([entries[i] for i in part], batch, actor)
            written.update(zip(part, revised, strict=True))
    return [written[i] for i in range(len(entries))]


def _clean(engagement: Engagement, names: Mapping[str, Any]) -> None:
    """Hold the named plain fields against the model's rules; the database judges the rest."""
    wanted = set(names) - set(_KEYS)
    engagement.clean_fields(
        exclude={f.name for f in Engagement._meta.concrete_fields if f.name not in wanted}
    )
    check_terms(engagement)


def _register(
    entries: Sequence[ContractEntry], batch: ImportBatch, actor: User
) -> list[Engagement]:
    moment = clock.now()
    made = []
    for entry in entries:
        engagement = Engagement(
            estate=entry.estate,
            provider=entry.provider,
            batch=batch,
            created_at=moment,
            **entry.values,
        )
        _clean(engagement, entry.values)
        made.append(engagement)
    made = Engagement.objects.bulk_create(made, batch_size=_CHUNK)
    record_many(
        [
            Act(
                row,
                f"由台账“{batch.source_name}”登记 {row.provider.label} "
                f"自{clock.chinese_date(row.start_date)}接管 {row.estate.name}"[:500],
                subjects=[row.estate, row.provider],
                after=snapshot(row, ENGAGEMENT_FIELDS),
            )
            for row in made
        ],
        actor=actor,
        verb="engagement.create",
        tag="合同",
        tone="b",
    )
    return made


def _revise(entries: Sequence[ContractEntry], batch: ImportBatch, actor: User) -> list[Engagement]:
    rows = {
        row.pk: row
        for row in Engagement.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("estate", "provider", "project_manager")
        .filter(pk__in=[entry.engagement for entry in entries])
    }
    acts, fields, revised = [], set(), []
    for entry in entries:
        row = rows.get(entry.engagement or 0)
        if row is None:
            raise StaleState("有的服务合同已不在，整本没有入库。请重新上传并核对。")
        if not set(entry.values) <= set(LEDGER_TERMS):
            raise BusinessError("接管日期关系到补贴，请在服务合同里修改。", field="start_date")
        before = snapshot(row, ENGAGEMENT_FIELDS)
        for name, value in entry.values.items():
            setattr(row, name, value)
        _clean(row, entry.values)
        old, new = changes(before, snapshot(row, ENGAGEMENT_FIELDS))
        revised.append(row)
        if not new:
            continue
        fields |= set(new)
        acts.append(
            Act(
                row,
                f"由台账“{batch.source_name}”修改服务合同的"
                f"{'、'.join(field_labels(Engagement, new))}"[:500],
                subjects=[row.estate, row.provider],
                before=old,
                after=new,
            )
        )
    if fields:
        Engagement.objects.bulk_update(rows.values(), sorted(fields), batch_size=100)
    record_many(acts, actor=actor, verb="engagement.update", tag="合同")
    return revised
