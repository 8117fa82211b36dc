"""Registering the procedure of claims: by a document, from a month on, for good."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from accounts.choices import Role
from accounts.models import User
from subsidies.choices import (
    MAX_NOTICE_DAYS,
    MAX_PERSONS,
    NEEDED_STAGES,
    SCHEME_EDITORS,
    STAGE_ROLES,
    USUAL_STAGES,
    Procedure,
    StageChoice,
    procedure_of,
)
from subsidies.models import ClaimScheme, SchemeStage
from xingyang_pm.common import clock
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded

SCHEME_FIELDS = ("effective_from", "notice_days", "document_title", "document_number")
USUAL_TITLE = "老旧小区物业补贴办理规程"
# The article's first month of money.
USUAL_FROM = dt.date(2017, 4, 1)


def _require_stages(stages: Sequence[StageChoice]) -> Procedure:
    taken = {choice.stage for choice in stages}
    for stage in NEEDED_STAGES:
        if stage not in taken:
            raise BusinessError(f"规程不能没有“{stage.label}”这个环节。", field="stages")
    for choice in stages:
        if choice.role not in STAGE_ROLES[choice.stage]:
            raise BusinessError(
                f"“{choice.stage.label}”不能由{Role(choice.role).label}办理。", field="stages"
            )
        if not 1 <= choice.persons <= MAX_PERSONS:
            raise BusinessError(
                f"“{choice.stage.label}”须由 1 至 {MAX_PERSONS} 人办理。", field="stages"
            )
        if choice.stage in (NEEDED_STAGES[0], NEEDED_STAGES[-1]) and choice.persons != 1:
            raise BusinessError(f"“{choice.stage.label}”由 1 人办理。", field="stages")
    return procedure_of(stages)


def write_scheme(scheme: ClaimScheme, procedure: Procedure) -> ClaimScheme:
    """Write the procedure with its stages."""
    scheme.full_clean()
    scheme.save(force_insert=True)
    SchemeStage.objects.bulk_create(
        SchemeStage(
            scheme=scheme,
            position=position,
            stage=rule.stage,
            source=rule.source,
            target=rule.target,
            role=rule.role,
            own_street=rule.own_street,
            may_return=rule.may_return,
            persons=rule.persons,
        )
        for position, rule in enumerate(procedure.rules, start=1)
    )
    return scheme


def scheme_register(
    *,
    effective_from: dt.date,
    document_title: str,
    actor: User,
    document_number: str = "",
    notice_days: int,
    stages: Sequence[StageChoice] = USUAL_STAGES,
) -> ClaimScheme:
    """Register the procedure of the claims that are opened for ``effective_from`` (the first day
    of a month) and later. Claims that are open already keep theirs."""
    require(actor, SCHEME_EDITORS, "办理规程由房管中心科室负责人登记。")
    if effective_from.day != 1:
        raise BusinessError("执行月份须为某月1日。", field="effective_from")
    if not 0 <= notice_days <= MAX_NOTICE_DAYS:
        raise BusinessError(f"公示天数须在 0 至 {MAX_NOTICE_DAYS} 之间。", field="notice_days")
    procedure = _require_stages(stages)
    with guarded():
        scheme = write_scheme(
            ClaimScheme(
                effective_from=effective_from,
                notice_days=notice_days,
                document_title=document_title.strip(),
                document_number=document_number.strip(),
                created_by=actor,
                created_at=clock.now(),
            ),
            procedure,
        )
        told = "、".join(
            rule.stage.label + (f"（{rule.persons} 人）" if rule.persons > 1 else "")
            for rule in procedure.rules
        )
        record(
            actor=actor,
            verb="scheme.register",
            target=scheme,
            summary=(
                f"登记办理规程《{scheme.document_title}》，{clock.chinese_month(effective_from)}"
                f"起执行：{told}，公示 {notice_days} 个工作日"
            ),
            after={name: str(getattr(scheme, name)) for name in SCHEME_FIELDS},
            tag="补贴",
            tone="b",
        )
    return scheme


def lay_usual_scheme(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Write the usual procedure where there is none yet (``post_migrate``).

    A migration to an earlier state leaves a database that has no table for it.
    """
    tables = set(connections[using].introspection.table_names())
    if SchemeStage._meta.db_table not in tables or ClaimScheme.objects.exists():
        return
    write_scheme(
        ClaimScheme(
            effective_from=USUAL_FROM,
            document_title=USUAL_TITLE,
            created_at=clock.now(),
        ),
        procedure_of(USUAL_STAGES),
    )
