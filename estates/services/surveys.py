"""The baseline survey (摸底调查): what differs from the registry, accepted one by one."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File

from accounts.choices import REGISTRY_EDITORS
from accounts.models import User
from estates.choices import SURVEY_UPLOADERS, Decision, SurveyStatus
from estates.models import Community, Estate, Street, Survey, SurveyDifference, SurveyEntry
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.scoping import assert_in_scope

from .counts import household_count_enter
from .registry import estate_update

TAG = "调查"
ONLY_EDITORS = "采用调查结果由房管中心科室负责人办理。"
# Money rests on verified counts, so a surveyed household number is entered there.
HOUSEHOLDS = "household_count"
COMPARED = (
    "community",
    "address",
    "built_year",
    "ownership_unit",
    "building_count",
    "unit_count",
    HOUSEHOLDS,
    "floor_area",
    "renovated_year",
    "management_mode",
    "has_cleaning",
    "has_waste_removal",
    "has_greening",
    "has_repair",
    "contact_name",
    "contact_phone",
)
_CHUNK = 300


@dataclass(frozen=True)
class SurveyRow:
    """One estate as the survey's table gives it; ``values`` by the field names of COMPARED."""

    row: int
    name: str
    estate: Estate | None
    values: Mapping[str, Any] = field(default_factory=dict)


def value_text(value: Any) -> str:
    """Return a value as a difference keeps it: a community by its short name."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)


def survey_upload(
    *,
    actor: User,
    title: str,
    street: Street,
    surveyed_on: dt.date,
    rows: Sequence[SurveyRow],
    source: File | None = None,
) -> Survey:
    """Keep a survey, its table and what of it differs from the registry."""
    require(actor, SURVEY_UPLOADERS, "摸底调查由街道经办或房管中心科室负责人上传。")
    if surveyed_on > clock.today():
        raise BusinessError("调查日期不能晚于今天。", field="surveyed_on")
    if not rows:
        raise BusinessError("调查表里没有小区，没有上传。请核对后重新选择。", field="file")
    with guarded():
        survey = Survey(
            title=title.strip(),
            street=street,
            surveyed_on=surveyed_on,
            created_by=actor,
            created_at=clock.now(),
        )
        survey.full_clean()
        if source is not None:
            survey.source_name = str(source.name)[:200]
            survey.source.save(survey.source_name, source, save=False)
        survey.save()
        assert_in_scope(survey, actor)
        entries = SurveyEntry.objects.bulk_create(
            [
                SurveyEntry(
                    survey=survey,
                    row=row.row,
                    name=row.name,
                    estate=row.estate,
                    values={name: value_text(value) for name, value in row.values.items()},
                )
                for row in rows
            ],
            batch_size=_CHUNK,
        )
        found = [
            difference
            for entry, row in zip(entries, rows, strict=True)
            for difference in _differences(entry, row)
        ]
        SurveyDifference.objects.bulk_create(found, batch_size=_CHUNK)
        record(
            actor=actor,
            verb="survey.upload",
            target=survey,
            summary=f"上传 {survey}，{len(rows)} 个小区，{len(found)} 处与名录不同",
            tag=TAG,
            tone="b",
        )
    return survey


def _differences(entry: SurveyEntry, row: SurveyRow) -> list[SurveyDifference]:
    if row.estate is None:
        return []
    found = []
    for name in COMPARED:
        value = row.values.get(name)
        if value in (None, ""):
            continue
        known = value_text(getattr(row.estate, name))
        if value_text(value) != known:
            found.append(
                SurveyDifference(
                    entry=entry,
                    field=name,
                    registry_value=known[:200],
                    survey_value=value_text(value)[:200],
                )
            )
    return found


def _parsed(estate: Estate, name: str, text: str) -> Any:
    """Return the value that ``text`` stands for in the field ``name`` of ``estate``."""
    if name == "community":
        return Community.objects.filter(street=estate.street_id, short_name=text).first()
    model_field: Any = Estate._meta.get_field(name)
    if text in {"是", "否"} and model_field.get_internal_type() == "BooleanField":
        return text == "是"
    try:
        return model_field.to_python(text) if text else None
    except (ValidationError, InvalidOperation) as error:
        raise BusinessError(
            f"{model_field.verbose_name}“{text}”不能写入名录，请在小区资料里手工修改。"
        ) from error


def survey_difference_decide(
    *, difference: SurveyDifference, actor: User, accept: bool
) -> SurveyDifference:
    """Take one surveyed value into the registry, or leave the registry as it is."""
    survey_differences_decide(differences=[difference], actor=actor, accept=accept)
    difference.refresh_from_db()
    return difference


def survey_differences_decide(
    *, differences: Iterable[SurveyDifference], actor: User, accept: bool
) -> int:
    """Decide on several differences at once, all or none; return how many.

    Accepted values of one estate are written by one ``estate_update``; a household number is
    entered as a count, with the survey's table as its evidence, and waits for verification.
    """
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    ids = [difference.pk for difference in differences]
    with guarded():
        rows = list(
            SurveyDifference.objects.visible_to(actor)
            .select_for_update(of=("self",))
            .filter(pk__in=ids, decision=Decision.PENDING)
            .select_related("entry__estate", "entry__survey")
            .order_by("entry_id", "pk")
        )
        if not rows:
            raise BusinessError("请先勾选还没有处理的行。")
        closed = next((r for r in rows if r.entry.survey.status != SurveyStatus.OPEN), None)
        if closed is not None:
            raise BusinessError(f"{closed.entry.survey} 已经结束，不能再处理。", code="stale")
        if accept:
            _accept(rows, actor)
        SurveyDifference.objects.filter(pk__in=[row.pk for row in rows]).update(
            decision=Decision.ACCEPTED if accept else Decision.REJECTED,
            decided_by=actor,
            decided_at=clock.now(),
        )
        for survey in {row.entry.survey for row in rows}:
            count = sum(1 for row in rows if row.entry.survey_id == survey.pk)
            record(
                actor=actor,
                verb="survey.decide",
                target=survey,
                summary=f"{'采用' if accept else '不采用'} {count} 处不同",
                after={"differences": [r.pk for r in rows if r.entry.survey_id == survey.pk]},
                tag=TAG,
            )
    return len(rows)


def _accept(rows: Sequence[SurveyDifference], actor: User) -> None:
    by_entry: dict[SurveyEntry, list[SurveyDifference]] = {}
    for row in rows:
        by_entry.setdefault(row.entry, []).append(row)
    for entry, found in by_entry.items():
        if entry.estate is None:
            raise BusinessError(f"名录里没有 {entry.name}，请先登记这个小区。")
        values = {
            row.field: _parsed(entry.estate, row.field, row.survey_value)
            for row in found
            if row.field != HOUSEHOLDS
        }
        if values:
            estate_update(
                estate=entry.estate,
                actor=actor,
                reason=f"采用“{entry.survey}”第 {entry.row} 行",
                **values,
            )
        for row in found:
            if row.field == HOUSEHOLDS:
                _enter_households(entry.estate, row, actor)


def _enter_households(estate: Estate, row: SurveyDifference, actor: User) -> None:
    entry, survey = row.entry, row.entry.survey
    if not survey.source:
        raise BusinessError(
            f"{entry.name} 的户数关系到补贴，这次调查没有留存调查表，请用“录入户数”并附户数清册。"
        )
    with survey.source.open("rb") as stream:
        paper = ContentFile(stream.read(), name=survey.source_name)
    surveyed = entry.values.get("building_count", "")
    household_count_enter(
        estate=estate,
        actor=actor,
        effective_month=clock.add_months(clock.today(), 1),
        households=int(row.survey_value),
        buildings=int(surveyed) if str(surveyed).isdecimal() else estate.building_count,
        reason=f"采用“{survey}”第 {entry.row} 行"[:200],
        evidence=paper,
    )


def survey_close(*, survey: Survey, actor: User) -> Survey:
    """Close a survey once every difference is decided."""
    require(actor, REGISTRY_EDITORS, ONLY_EDITORS)
    with guarded():
        assert_in_scope(survey, actor)
        left = SurveyDifference.objects.filter(
            entry__survey=survey, decision=Decision.PENDING
        ).count()
        if left:
            raise BusinessError(f"还有 {left} 处没有处理，处理完才能结束。")
        if not Survey.objects.filter(pk=survey.pk, status=SurveyStatus.OPEN).update(
            status=SurveyStatus.CLOSED
        ):
            raise BusinessError("这次调查已经结束。", code="stale")
        record(
            actor=actor,
            verb="survey.close",
            target=survey,
            summary="结束调查",
            tag=TAG,
            tone="g",
        )
        survey.status = SurveyStatus.CLOSED
    return survey
