"""The registry on 18 November 2026: two streets, their people, clerks' workbooks."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from estates import services
from estates.models import Community, Estate, HouseholdCount, Street
from tests.support.workbooks import saved
from xingyang_pm.common import clock
from xingyang_pm.common.ledgers.outcomes import Outcome
from xingyang_pm.common.ledgers.services import import_commit, import_keep, upload_check
from xingyang_pm.common.models import ImportBatch

TODAY = dt.date(2026, 11, 18)
NOVEMBER, DECEMBER = dt.date(2026, 11, 1), dt.date(2026, 12, 1)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"


@pytest.fixture(autouse=True)
def _on_that_day() -> Iterator[None]:
    with clock.freeze(TODAY):
        yield


@pytest.fixture
def community(street: Street) -> Community:
    return Community.objects.get(street=street)


@pytest.fixture
def evidence() -> Callable[..., SimpleUploadedFile]:
    """Make a file: ``evidence("清册.pdf")``."""

    def make(name: str = "户数清册.pdf", content: bytes = PDF) -> SimpleUploadedFile:
        return SimpleUploadedFile(name, content)

    return make


EnterCount = Callable[..., HouseholdCount]


@pytest.fixture
def enter_count(street_clerk: User, evidence: Callable[..., SimpleUploadedFile]) -> EnterCount:
    """Enter a count of an estate as the street's clerk: ``enter_count(estate, 120)``."""

    def enter(estate: Estate, households: int = 100, **more: Any) -> HouseholdCount:
        given: dict[str, Any] = {
            "actor": street_clerk,
            "effective_month": DECEMBER,
            "buildings": estate.building_count,
            "reason": "入住登记有增减",
            "evidence": evidence(),
            **more,
        }
        return services.household_count_enter(estate=estate, households=households, **given)

    return enter


@pytest.fixture
def verified(enter_count: EnterCount, street_leader: User) -> EnterCount:
    """Enter a count and verify it: ``verified(estate, 120, effective_month=…)``."""

    def verify(estate: Estate, households: int = 100, **more: Any) -> HouseholdCount:
        return services.household_count_verify(
            count=enter_count(estate, households, **more), actor=street_leader
        )

    return verify


Sheets = dict[str, list[list[Any]]]


def workbook(sheets: Sheets, merged: dict[str, list[str]] | None = None) -> bytes:
    """Return a workbook: rows by the name of the sheet, and ranges to merge."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        for area in (merged or {}).get(title, []):
            sheet.merge_cells(area)
    return saved(book)


def check(code: str, source: bytes, actor: User, name: str = "台账.xlsx") -> Outcome:
    return upload_check(ledger=code, source=source, name=name, actor=actor)


def commit(code: str, source: bytes, actor: User, name: str = "台账.xlsx") -> ImportBatch:
    """Check a workbook that must be without errors, and write it."""
    outcome = check(code, source, actor, name)
    assert not outcome.errors, [(m.cell, m.message) for m in outcome.errors]
    batch = import_keep(outcome=outcome, source=source, name=name, actor=actor)
    return import_commit(batch=batch, actor=actor)


def said(messages: list[Any]) -> list[tuple[str, str]]:
    return [(message.cell, message.message) for message in messages]


def figures(outcome: Outcome) -> tuple[int, int, int, int]:
    """Return created, changed, unchanged, rejected."""
    return outcome.created, outcome.changed, outcome.unchanged, outcome.rejected
