"""The three ledgers of estates, as the portal's importer knows them."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from django.db import models

from accounts.choices import REGISTRY_EDITORS, Role
from accounts.models import User
from estates.choices import EstateKind
from estates.models import Estate, StaffAssignment
from estates.services.assignments import staff_assignment_start
from estates.services.loading import estates_load
from xingyang_pm.common import clock
from xingyang_pm.common.ledgers.columns import LedgerColumn
from xingyang_pm.common.ledgers.plans import DuplicateTracker, ImportPlan
from xingyang_pm.common.ledgers.reading import LedgerRow
from xingyang_pm.common.ledgers.registry import LedgerDefinition, register
from xingyang_pm.common.models import ImportBatch

from .columns import COMMODITY, OLD, RURAL
from .companions import companions_of
from .items import Payload, duplicate_key, duplicate_sentence
from .planning import LedgerPlanner

_CHUNK = 500
_LOADED_AT_ONCE = 2000
_HOUSEHOLD_NOTE = "已登记小区的户数有变时，入库后送户数核定，核定前名录和补贴仍按原来的户数。"


def _define(
    code: str,
    title: str,
    kind: EstateKind,
    columns: Sequence[LedgerColumn],
    *,
    noun: str,
    roles: frozenset[str],
    notes: Sequence[str] = (),
) -> LedgerDefinition:
    def plan(rows: Sequence[LedgerRow], actor: Any) -> ImportPlan:
        return LedgerPlanner(code, kind, columns, actor).run(rows)

    def commit(plan: ImportPlan, actor: Any, batch: ImportBatch) -> Iterator[models.Model]:
        return _commit(code, plan, actor, batch)

    return LedgerDefinition(
        code=code,
        title=title,
        columns=columns,
        plan=plan,
        commit=commit,
        roles=roles,
        noun=noun,
        duplicates=DuplicateTracker(key=duplicate_key, column="name", sentence=duplicate_sentence),
        template_notes=[_HOUSEHOLD_NOTE, *notes],
    )


def _commit(code: str, plan: ImportPlan, actor: Any, batch: ImportBatch) -> Iterator[models.Model]:
    """Write the plan, some thousand rows at a time to spare memory; return every record written."""
    payloads: list[Payload] = [item.payload for item in chain(plan.created, plan.changed)]
    for start in range(0, len(payloads), _LOADED_AT_ONCE):
        yield from _write(code, payloads[start : start + _LOADED_AT_ONCE], actor, batch)


def _write(
    code: str, payloads: Sequence[Payload], actor: Any, batch: ImportBatch
) -> Iterator[models.Model]:
    loaded = estates_load(entries=[payload.entry for payload in payloads], batch=batch, actor=actor)
    yield from loaded.records()
    yield from _assign(loaded.estates, payloads, actor)
    for number, companion in enumerate(companions_of(code)):
        parts = [
            (estate, payload.parts[number])
            for estate, payload in zip(loaded.estates, payloads, strict=True)
            if len(payload.parts) > number and payload.parts[number] is not None
        ]
        if parts:
            yield from companion.commit(parts, actor, batch)


def _assign(
    estates: Sequence[Estate], payloads: Sequence[Payload], actor: Any
) -> Iterator[models.Model]:
    by_officer: dict[User, list[Estate]] = {}
    for estate, payload in zip(estates, payloads, strict=True):
        if payload.officer is not None:
            by_officer.setdefault(payload.officer, []).append(estate)
    today = clock.today()
    for officer, given in by_officer.items():
        staff_assignment_start(estates=given, officer=officer, actor=actor, start_date=today)
        for start in range(0, len(given), _CHUNK):
            yield from StaffAssignment.objects.filter(
                estate__in=[estate.pk for estate in given[start : start + _CHUNK]],
                officer=officer,
                start_date=today,
            )


def register_ledgers() -> None:
    """Make the ledgers known to the importer; called when the app is ready."""
    register(
        _define(
            "estates",
            "小区台账",
            EstateKind.COMMODITY,
            COMMODITY,
            noun="个小区",
            roles=REGISTRY_EDITORS,
        )
    )
    register(
        _define(
            "old_estates",
            "老旧小区台账",
            EstateKind.OLD,
            OLD,
            noun="个小区",
            # A street's clerk keeps the ledger of the own street; other streets' rows are errors.
            roles=REGISTRY_EDITORS | {Role.STREET_CLERK},
            notes=[
                "楼栋可以另写一张“楼栋”工作表，列为街道、社区、小区名称、楼栋、层数、单元数、户数、建成。",
                "街道经办只能导入本街道的小区；别的街道的行会逐行标出。",
            ],
        )
    )
    register(
        _define(
            "rural_communities",
            "新型农村社区台账",
            EstateKind.RURAL,
            RURAL,
            noun="个社区",
            roles=REGISTRY_EDITORS,
        )
    )
