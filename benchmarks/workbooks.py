"""Export and import against bare openpyxl, which writes or reads the same cells."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from accounts.choices import Role
from accounts.models import User
from estates.choices import CountStatus, EstateKind
from estates.models import Estate, HouseholdCount, Street
from estates.views.registry import EstateList
from xingyang_pm.common import clock
from xingyang_pm.common.ledgers import services

from .city import person
from .measuring import Pair, medians, peak_mb, seconds

_BACKEND = "accounts.backends.OfficeBackend"
LIMIT = 2.0
_ROWS = 43_200
_BATCH = 400  # as the portal's own


def _cells(content: bytes) -> list[tuple[Any, ...]]:
    """Read every cell as bare openpyxl does at its leanest."""
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    rows = [row for sheet in book for row in sheet.iter_rows(values_only=True)]
    book.close()
    return rows


def _rewritten(rows: list[tuple[Any, ...]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def export() -> Iterator[Pair]:
    """All estates of the list, from the database to the file."""
    EstateList.export_in_request = 10**6  # here and now, not in a job
    client = Client()
    client.force_login(person(Role.BUREAU_MANAGER), backend=_BACKEND)
    client.get("/estates/")
    made: list[bytes] = []

    def ours() -> None:
        answer = client.get("/estates/?export=xlsx")
        made[:] = [b"".join(answer.streaming_content)]

    ours()
    peak = peak_mb()
    rows = _cells(made.pop())
    took, bare = medians(ours, lambda: _rewritten(rows), times=3)
    yield Pair("export of the list", took, bare, LIMIT, f"{len(rows):,} rows", peak)


def _ledger() -> bytes:
    """A ledger of as many new old estates as the city ×100 has."""
    estates = list(
        Estate.objects.filter(kind=EstateKind.OLD)
        .select_related("street", "community")
        .order_by("pk")[:432]
    )
    rows: list[tuple[Any, ...]] = [
        ("老旧小区台账",),
        (
            "序号", "街道（乡镇）", "社区", "小区名称", "地址", "楼栋数", "单元数", "户数",
            "建筑面积（㎡）", "建成年代", "产权单位", "改造年度", "有清扫保洁", "有垃圾清运",
            "有绿化养护", "有日常维修", "负责人", "联系电话", "备注",
        ),
    ]  # fmt: skip
    for index in range(_ROWS):
        estate = estates[index % len(estates)]
        rows.append(
            (
                index + 1, estate.street.name, estate.community.short_name,
                f"{estate.name}新{index // len(estates) + 1}院", estate.address,
                estate.building_count, estate.unit_count, estate.household_count,
                float(estate.floor_area), estate.built_year, estate.ownership_unit,
                estate.renovated_year, "√", "√", "√", "√", "陈桂英", "13800000000", "",
            )
        )  # fmt: skip
    return _rewritten(rows)


def _loaded(rows: list[tuple[Any, ...]], actor: User) -> None:
    """Insert the rows of :func:`_ledger` as they are (rolled back)."""
    streets = {street.name: street for street in Street.objects.all()}
    month, moment = clock.month_start(clock.today()), clock.now()
    with transaction.atomic():
        made = Estate.objects.bulk_create(
            [
                Estate(
                    code=f"BENCH-{number}", kind=EstateKind.OLD, street=streets[street], name=name,
                    address=address or "", building_count=buildings, unit_count=units,
                    household_count=households, floor_area=area, built_year=built,
                    ownership_unit=owner or "", renovated_year=renovated, has_cleaning=True,
                    has_waste_removal=True, has_greening=True, has_repair=True,
                    contact_name=contact, contact_phone=phone, created_at=moment,
                    updated_at=moment,
                )
                for number, street, _, name, address, buildings, units, households, area, built,
                owner, renovated, *_, contact, phone, _ in rows[2:]
            ],
            batch_size=_BATCH,
        )  # fmt: skip
        HouseholdCount.objects.bulk_create(
            [
                HouseholdCount(
                    estate=estate, effective_month=month, households=estate.household_count,
                    buildings=estate.building_count, status=CountStatus.ENTERED,
                    evidence_name="台账.xlsx", entered_by=actor, entered_at=moment,
                )
                for estate in made
            ],
            batch_size=_BATCH,
        )  # fmt: skip
        transaction.set_rollback(True)


def imports() -> Iterator[Pair]:
    """A ledger of 43,200 new estates: the check against a bare reader; the commit (rolled back)
    against a bare loader, which reads and inserts the same estates and counts and does nothing
    else."""
    content, actor = _ledger(), person(Role.BUREAU_MANAGER)
    batches: list[Any] = []

    def check() -> None:
        upload = SimpleUploadedFile("台账.xlsx", content)
        batches.append(services.import_check(ledger="old_estates", upload=upload, actor=actor))

    with transaction.atomic():
        checked = seconds(check)
        peak = peak_mb()
        errors = len(batches[0].report.get("errors", []))
        committed = seconds(lambda: services.import_commit(batch=batches[0], actor=actor))
        peak_of_commit = peak_mb()
        transaction.set_rollback(True)
    read = seconds(lambda: _cells(content))
    loaded = seconds(lambda: _loaded(_cells(content), actor))
    note = f"{_ROWS:,} rows, {errors} errors"
    yield Pair("import, check", checked, read, LIMIT, note, peak)
    note = "checks again; writes audit, evidence and result besides"
    yield Pair("import, commit", committed, loaded, None, note, peak_of_commit)
    for name in (batches[0].source, batches[0].result):
        if name and os.path.exists(name.path):  # noqa: PTH110  a Django file's path is text
            Path(name.path).unlink()
