"""A ledger through the browser: choose, check, confirm; refused files; other people's uploads."""

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.choices import Role
from accounts.models import User
from estates.models import Estate, Street
from tests.support.people import Cast
from xingyang_pm.common.ledgers import registry
from xingyang_pm.common.ledgers.columns import LedgerColumn, integer, name
from xingyang_pm.common.ledgers.plans import ImportPlan, differences
from xingyang_pm.common.ledgers.reading import LedgerRow
from xingyang_pm.common.models import AuditEntry, ImportBatch, ImportStatus

pytestmark = pytest.mark.urls("tests.common.ui_urls")

COLUMNS = [
    LedgerColumn("name", "小区名称", ["小区"], name(60), required=True, example="铁龙家属院"),
    LedgerColumn("household_count", "户数", ["总户数"], integer(units=["户"]), example="120"),
]


def plan(rows: Sequence[LedgerRow], actor: User) -> ImportPlan:
    made = ImportPlan()
    known = {estate.name: estate for estate in Estate.objects.visible_to(actor)}
    for row in rows:
        estate = known.get(row["name"])
        if estate is None:
            made.refuse(row, "name", "名录里没有这个小区。请改正名称。")
            continue
        current = {"household_count": estate.household_count}
        made.change(row, estate.name, differences(COLUMNS, row, current), payload=estate)
    return made


def commit(planned: ImportPlan, actor: User, batch: ImportBatch) -> Iterator[Estate]:
    for item in planned.changed:
        estate = item.payload
        estate.household_count = item.fields[0].value
        estate.save(update_fields=["household_count"])
        yield estate


@pytest.fixture(autouse=True)
def _ledger() -> Iterator[None]:
    registry.register(
        registry.LedgerDefinition(
            code="try_estates",
            title="试用台账",
            noun="个小区",
            columns=COLUMNS,
            plan=plan,
            commit=commit,
            roles={Role.BUREAU_MANAGER, Role.STREET_CLERK},
        )
    )
    yield
    registry.unregister("try_estates")


def workbook(*rows: tuple[Any, ...]) -> SimpleUploadedFile:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["试用台账"])
    sheet.append(["序号", "小区名称", "户数"])
    for number, row in enumerate(rows, start=1):
        sheet.append([number, *row])
    stream = io.BytesIO()
    book.save(stream)
    return SimpleUploadedFile("台账.xlsx", stream.getvalue())


SignIn = Callable[[User], Client]


@pytest.fixture
def manager(client_for: SignIn, cast: Cast) -> Client:
    return client_for(cast.city_manager)


def upload(client: Client, *rows: tuple[Any, ...]) -> Any:
    return client.post("/imports/try_estates/", {"workbook": workbook(*rows)})


def test_check_shows_what_would_change_and_confirmation_writes_it(
    manager: Client, estate: Estate
) -> None:
    answer = upload(manager, (estate.name, 120))
    batch = ImportBatch.objects.get()
    assert answer["Location"] == f"/imports/{batch.pk}/"
    page = manager.get(answer["Location"]).content.decode()
    assert "变更 1 行" in page
    assert ">96<" in page
    assert ">120<" in page
    estate.refresh_from_db()
    assert estate.household_count == 96
    done = manager.post(f"/imports/{batch.pk}/commit/", follow=True).content.decode()
    assert "整本已入库：新增 0 行，变更 1 行。" in done
    estate.refresh_from_db()
    assert estate.household_count == 120
    assert manager.post(f"/imports/{batch.pk}/commit/").status_code == 409


def test_errors_stand_by_cell_and_lock_the_confirmation(manager: Client, estate: Estate) -> None:
    upload(manager, (estate.name, "一百二"), ("没有的院", 5))
    batch = ImportBatch.objects.get()
    page = manager.get(f"/imports/{batch.pk}/").content.decode()
    assert '<b class="cell">C3</b>' in page
    assert '<b class="cell">B4</b>' in page
    assert 'disabled aria-describedby="why"' in page
    assert f"/imports/{batch.pk}/commit/" not in page
    assert manager.post(f"/imports/{batch.pk}/commit/").status_code == 422
    marked = manager.get(f"/imports/{batch.pk}/result/")
    assert marked["Content-Disposition"].startswith("attachment")
    text = str(list(openpyxl.load_workbook(io.BytesIO(marked.content)).active.values))
    assert "名录里没有这个小区" in text
    assert AuditEntry.objects.filter(verb="file.download").count() == 1


def test_abandoned_import_writes_nothing(manager: Client, estate: Estate) -> None:
    upload(manager, (estate.name, 120))
    batch = ImportBatch.objects.get()
    page = manager.post(f"/imports/{batch.pk}/abandon/", follow=True).content.decode()
    assert "名录没有改动" in page
    batch.refresh_from_db()
    assert batch.status == ImportStatus.ABANDONED
    assert manager.post(f"/imports/{batch.pk}/commit/").status_code == 409
    estate.refresh_from_db()
    assert estate.household_count == 96


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (SimpleUploadedFile("台账.xlsx", b"not a workbook at all"), "没有收下"),
        (SimpleUploadedFile("台账.docx", b"PK"), "只收 .xlsx、.xls 文件"),
        (SimpleUploadedFile("台账.xlsx", b""), "没有收下"),
    ],
)
def test_refused_file_is_not_kept(
    manager: Client, street: Street, file: SimpleUploadedFile, said: str
) -> None:
    file.seek(0)
    answer = manager.post("/imports/try_estates/", {"workbook": file})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in page
    assert "_kept_workbook" not in page
    assert not ImportBatch.objects.exists()


def test_another_persons_upload_does_not_exist(
    manager: Client, client_for: SignIn, cast: Cast, estate: Estate
) -> None:
    upload(manager, (estate.name, 120))
    batch = ImportBatch.objects.get()
    clerk = client_for(cast.street_clerk)
    assert clerk.get(f"/imports/{batch.pk}/").status_code == 404
    assert clerk.get(f"/imports/{batch.pk}/result/").status_code == 404
    assert clerk.post(f"/imports/{batch.pk}/commit/").status_code == 404
    assert clerk.post(f"/imports/{batch.pk}/abandon/").status_code == 404
    assert "台账.xlsx" not in clerk.get("/imports/").content.decode()


def test_who_may_not_import_gets_403_and_unknown_ledgers_404(
    client_for: SignIn, cast: Cast, manager: Client
) -> None:
    for part in ("auditor", "system_admin", "finance_officer"):
        client = client_for(cast.people[part])
        # Finance has a ledger of its own, so the page of all ledgers is there for it.
        own = 200 if part == "finance_officer" else 403
        assert client.get("/imports/").status_code == own
        for page in ("try_estates/", "try_estates/template/"):
            assert client.get(f"/imports/{page}").status_code == 403
    assert manager.get("/imports/no_such/").status_code == 404
    template = manager.get("/imports/try_estates/template/")
    assert openpyxl.load_workbook(io.BytesIO(template.content)).sheetnames[0] == "试用台账"


def test_clerk_cannot_reach_the_other_street_by_a_workbook(
    client_for: SignIn, cast: Cast, estate: Estate, other_estate: Estate
) -> None:
    clerk = client_for(cast.street_clerk)
    upload(clerk, (other_estate.name, 1))
    page = clerk.get(f"/imports/{ImportBatch.objects.get().pk}/").content.decode()
    assert "名录里没有这个小区" in page
