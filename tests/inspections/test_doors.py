"""Every door on what is frozen: save, update(), bulk, delete and raw SQL, on both databases."""

import datetime
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from estates.models import Estate
from inspections import services
from inspections.choices import ChecklistStatus, InspectionStatus, OrderStatus, RoundStatus
from inspections.imports import PREFIX
from inspections.models import (
    Checklist,
    ChecklistHeading,
    ChecklistItem,
    EvidencePhoto,
    Inspection,
    InspectionRound,
    ItemBasis,
    ItemResult,
    Recheck,
    RecheckItem,
    RectificationItem,
    RectificationOrder,
    RectificationReply,
    ReplyItem,
    RoundEstate,
)
from tests.inspections.conftest import recheck_of
from tests.support.people import Cast
from tests.support.workbooks import xlsx
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.ledgers.services import import_check, import_commit

pytestmark = pytest.mark.both_databases


def refused_everywhere(row: Model, field: str, value: object, says: str) -> None:
    """Try to change ``field`` of ``row`` and to delete it through every door."""
    model = type(row)
    name = model._meta.db_table
    column = model._meta.get_field(field).column

    def by_save() -> None:
        fresh = model._base_manager.get(pk=row.pk)
        setattr(fresh, field, value)
        fresh.save(update_fields=[field])

    def by_bulk() -> None:
        fresh = model._base_manager.get(pk=row.pk)
        setattr(fresh, field, value)
        model._base_manager.bulk_update([fresh], [field])

    def by_sql(statement: str, *parameters: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, [*parameters, row.pk])

    plain = value.pk if isinstance(value, Model) else value
    doors = {
        "save": by_save,
        "update": lambda: model._base_manager.filter(pk=row.pk).update(**{field: value}),
        "bulk_update": by_bulk,
        "SQL": lambda: by_sql(f'UPDATE "{name}" SET "{column}" = %s WHERE id = %s', plain),
        "delete": lambda: model._base_manager.filter(pk=row.pk)._raw_delete(using="default"),
        "SQL delete": lambda: by_sql(f'DELETE FROM "{name}" WHERE id = %s'),
    }
    for door, act in doors.items():
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            act()
        assert says in str(refused.value), f"{door}: {refused.value}"
    kept = model._base_manager.get(pk=row.pk)
    assert getattr(kept, column) != plain


@pytest.fixture
def confirmed(report: object, estate: Estate, cast: Cast) -> Inspection:
    inspection = report(estate, failed=(0, 2))
    return services.inspection_confirm(inspection=inspection, actor=cast.city_manager)


def test_a_used_checklist_is_frozen(checklist: Checklist, confirmed: Inspection) -> None:
    refused_everywhere(checklist, "title", "改过的检查表", "请另立新版")
    refused_everywhere(checklist, "full_score", 120, "请另立新版")
    item = checklist.items.first()
    refused_everywhere(item, "points", 1, "请另立新版")
    refused_everywhere(item, "text", "改过的项目", "请另立新版")
    with pytest.raises(IntegrityError, match="不能增加项目"), transaction.atomic():
        ChecklistItem.objects.create(
            checklist=checklist, position=9, section=item.section, code="9.9", text="加的", points=1
        )


def test_headings_and_bases_of_a_used_checklist_are_frozen(
    checklist: Checklist, confirmed: Inspection
) -> None:
    heading = checklist.headings.first()
    refused_everywhere(heading, "name", "改过的大项", "请另立新版")
    refused_everywhere(heading, "legal_basis", "《别的条例》", "请另立新版")
    basis = ItemBasis.objects.filter(item__checklist=checklist).first()
    refused_everywhere(basis, "text", "《别的条例》", "请另立新版")
    refused_everywhere(basis, "valid_to", datetime.date(2026, 1, 1), "请另立新版")
    with pytest.raises(IntegrityError, match="不能增加依据"), transaction.atomic():
        ItemBasis.objects.create(item=basis.item, text="《别的条例》")
    with pytest.raises(IntegrityError, match="不能增加大项"), transaction.atomic():
        ChecklistHeading.objects.create(checklist=checklist, position=9, code="9", name="加的")


def test_a_checklist_goes_only_forwards(checklist: Checklist) -> None:
    moves = Checklist.objects.filter(pk=checklist.pk)
    for state in (ChecklistStatus.DRAFT,):
        with pytest.raises(IntegrityError, match="只能由编制中启用"), transaction.atomic():
            moves.update(status=state)
    moves.update(status=ChecklistStatus.RETIRED)
    with pytest.raises(IntegrityError, match="只能由编制中启用"), transaction.atomic():
        moves.update(status=ChecklistStatus.IN_USE)


def test_a_confirmed_inspection_is_frozen(confirmed: Inspection, cast: Cast) -> None:
    refused_everywhere(confirmed, "score", 100, "已确认的检查记录")
    refused_everywhere(confirmed, "note", "改过", "已确认的检查记录")
    refused_everywhere(confirmed, "inspector", cast.other_clerk, "已确认的检查记录")
    for state in InspectionStatus.values:
        if state != InspectionStatus.CONFIRMED:
            with pytest.raises(IntegrityError), transaction.atomic():
                Inspection.objects.filter(pk=confirmed.pk).update(status=state)
    with pytest.raises(IntegrityError), transaction.atomic():
        confirmed.delete()


def test_no_page_and_no_file_changes_a_confirmed_inspection(
    confirmed: Inspection, estate: Estate, cast: Cast, client_for: Callable[..., Client]
) -> None:
    """Form, draft, table, photo, return, verdict, administration, API and workbook."""
    before = Inspection.objects.filter(pk=confirmed.pk).values().get()
    results = list(confirmed.results.values())
    item = confirmed.checklist.items.first()
    key, round_pk = confirmed.client_key, confirmed.round_id
    owner, manager = client_for(cast.inspector), client_for(cast.city_manager)
    admin = client_for(cast.system_admin)
    body = {"estate": estate.pk, "round": round_pk, f"o-{item.pk}": "na", "note": "改过"}
    day = {"day": "2026-11-16", f"day-{estate.pk}": "2026-11-16", "pick": estate.pk}
    photo = EvidencePhoto.objects.filter(result__inspection=confirmed).first()
    owner.post(reverse("inspections:entry", args=[key]), {**body, "do": "submit"})
    for name in ("entry-draft", "entry-photo", "entry-discard"):
        answer = owner.post(reverse(f"inspections:{name}", args=[key]), body)
        assert answer.status_code in {409, 422}, name
    owner.post(reverse("inspections:entry-photo-remove", args=[key, photo.pk]))
    cell = owner.post(
        reverse("inspections:entry-table-cell", args=[round_pk]),
        {**body, **day, "item": item.pk, "outcome": "na"},
    )
    assert cell.status_code == 409
    table = owner.post(reverse("inspections:entry-table", args=[round_pk]), {**body, **day})
    assert table.status_code == 422
    for name, sent in (
        ("inspection-return", {"reason": "再改"}),
        ("inspection-confirm", {}),
    ):
        answer = manager.post(reverse(f"inspections:{name}", args=[confirmed.pk]), sent)
        assert answer.status_code == 409, name
    change = reverse("admin:inspections_inspection_change", args=[confirmed.pk])
    assert admin.post(change, {"score": "100"}).status_code in {302, 403}
    api = reverse("api:inspection-detail", args=[confirmed.pk])
    for call in (manager.put, manager.patch, manager.delete):
        assert call(api).status_code in {403, 405}
    rows = [["小区编号", "小区名称", "备注"], [estate.code, estate.name, "改过"]]
    batch = import_check(
        ledger=f"{PREFIX}{round_pk}",
        upload=SimpleUploadedFile("填报表.xlsx", xlsx(rows, title="检查")),
        actor=cast.inspector,
    )
    assert "与这一行不同" in str(batch.report["errors"])
    with pytest.raises(BusinessError):
        import_commit(batch=batch, actor=cast.inspector)
    assert Inspection.objects.filter(pk=confirmed.pk).values().get() == before
    assert list(confirmed.results.values()) == results
    assert EvidencePhoto.objects.filter(pk=photo.pk).exists()


def test_results_and_photos_stand_with_their_record(confirmed: Inspection) -> None:
    result = confirmed.results.get(outcome="fail", item__code="1.1")
    refused_everywhere(result, "note", "改过", "已上报的检查结果")
    refused_everywhere(result, "deduction", 0, "已上报的检查结果")
    photo = EvidencePhoto.objects.get(result=result)
    refused_everywhere(photo, "sha256", "0" * 64, "作为证据的照片")
    with pytest.raises(IntegrityError, match="不能增加照片"), transaction.atomic():
        EvidencePhoto.objects.bulk_create([_copy(photo)])
    passed = confirmed.results.filter(outcome="pass").first()
    with pytest.raises(IntegrityError, match="不能增加检查结果"), transaction.atomic():
        ItemResult.objects.create(inspection=confirmed, item=passed.item, outcome="pass")


def _copy(photo: EvidencePhoto) -> EvidencePhoto:
    names = [f.attname for f in photo._meta.concrete_fields if f.name not in {"id", "client_key"}]
    return EvidencePhoto(**{name: getattr(photo, name) for name in names})


def test_a_reported_inspection_keeps_its_results_until_it_is_returned(
    report: object, estate: Estate, cast: Cast
) -> None:
    inspection = report(estate, failed=(1,))
    result = inspection.results.get(outcome="fail")
    refused_everywhere(result, "note", "改过", "已上报的检查结果")
    services.inspection_return(inspection=inspection, actor=cast.city_manager, reason="再看")
    ItemResult.objects.filter(pk=result.pk).update(note="改过")
    assert ItemResult.objects.get(pk=result.pk).note == "改过"


def test_a_draft_cannot_jump_to_confirmed(
    round: InspectionRound, estate: Estate, cast: Cast
) -> None:
    draft = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    with pytest.raises(IntegrityError), transaction.atomic():
        Inspection.objects.filter(pk=draft.pk).update(
            status=InspectionStatus.CONFIRMED,
            number="JC-1",
            score=100,
            submitted_at=draft.created_at,
            confirmed_by=cast.city_manager,
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Inspection.objects.filter(pk=draft.pk).update(status=InspectionStatus.SUBMITTED)


def test_nobody_confirms_an_own_inspection_even_by_sql(
    report: object, estate: Estate, cast: Cast
) -> None:
    inspection = report(estate)
    with pytest.raises(IntegrityError), transaction.atomic():
        Inspection.objects.filter(pk=inspection.pk).update(
            status=InspectionStatus.CONFIRMED, confirmed_by=cast.inspector
        )


def test_a_closed_order_is_frozen(closed: RectificationOrder) -> None:
    refused_everywhere(closed, "deadline", "2027-01-01", "整改通知书")
    refused_everywhere(closed, "served_to", "别人", "整改通知书")
    for state in (OrderStatus.ISSUED, OrderStatus.REPLIED):
        with pytest.raises(IntegrityError), transaction.atomic():
            RectificationOrder.objects.filter(pk=closed.pk).update(status=state)


def test_an_issued_order_keeps_number_object_and_basis(order: RectificationOrder) -> None:
    refused_everywhere(order, "number", "荥房管责改〔2026〕9号", "文号、对象和依据")
    refused_everywhere(order, "legal_basis", "《别的条例》", "文号、对象和依据")
    item = order.items.first()
    refused_everywhere(item, "requirement", "改过", "整改事项下达后")


def test_replies_and_rechecks_are_only_added(closed: RectificationOrder) -> None:
    reply = RectificationReply.objects.get(order=closed)
    refused_everywhere(reply, "responsible", "别人", "整改回复不能修改")
    refused_everywhere(ReplyItem.objects.filter(reply=reply).first(), "measure", "改", "整改回复")
    recheck = Recheck.objects.get(order=closed)
    refused_everywhere(recheck, "opinion", "改过", "复查记录不能修改")
    refused_everywhere(RecheckItem.objects.filter(recheck=recheck).first(), "finding", "改", "复查")
    after = EvidencePhoto.objects.filter(stage="fixed").first()
    refused_everywhere(after, "sha256", "0" * 64, "作为证据的照片")
    # The printed paper may still be put beside it.
    Recheck.objects.filter(pk=recheck.pk).update(pdf="recheck/2026/11/x.pdf")


def test_an_order_closes_only_by_a_passed_recheck(replied: RectificationOrder) -> None:
    with pytest.raises(IntegrityError, match="不能销号"), transaction.atomic():
        RectificationOrder.objects.filter(pk=replied.pk).update(status=OrderStatus.CLOSED)


def test_the_database_refuses_the_reporter_as_rechecker(
    replied: RectificationOrder, cast: Cast
) -> None:
    reply = replied.replies.get()
    with pytest.raises(IntegrityError, match="填报整改的人不能复查"), transaction.atomic():
        Recheck.objects.create(
            year=2026,
            serial=9,
            number="复查9号",
            order=replied,
            reply=reply,
            checked_by=cast.street_clerk,
            checked_on=reply.completed_on,
            result="pass",
            opinion="好",
            recorded_at=reply.reported_at,
        )


def test_only_failed_items_of_the_own_inspection_are_ordered(
    order: RectificationOrder, report: object, other_estate: Estate, cast: Cast
) -> None:
    passed = order.inspection.results.filter(outcome="pass").first()
    with pytest.raises(IntegrityError, match="只有不合格项"), transaction.atomic():
        RectificationItem.objects.create(order=order, result=passed)
    foreign = report(other_estate, failed=(0,)).results.get(outcome="fail")
    with pytest.raises(IntegrityError, match="不属于通知书的检查记录"), transaction.atomic():
        RectificationItem.objects.create(order=order, result=foreign)


def test_a_closed_round_is_frozen_with_its_estates(
    round: InspectionRound, report: object, estate: Estate, make_estate: object, cast: Cast
) -> None:
    inspection = report(estate)
    draft = services.inspection_start(
        estate=round.coverage.exclude(estate=estate).get().estate,
        actor=cast.inspector,
        round=round,
    )
    services.inspection_confirm(inspection=inspection, actor=cast.city_manager)
    services.round_close(round=round, actor=cast.city_manager)
    refused_everywhere(round, "title", "改过", "已结束的检查批次")
    line = round.coverage.first()
    refused_everywhere(line, "inspector", cast.inspector, "不能再改")
    with pytest.raises(IntegrityError, match="不能再增加小区"), transaction.atomic():
        RoundEstate.objects.create(round=round, estate=make_estate())
    with pytest.raises(IntegrityError), transaction.atomic():
        InspectionRound.objects.filter(pk=round.pk).update(status=RoundStatus.OPEN)
    with pytest.raises(IntegrityError, match="检查批次已结束"), transaction.atomic():
        Inspection.objects.filter(pk=draft.pk).update(
            status=InspectionStatus.SUBMITTED,
            number="JC-1",
            score=100,
            submitted_at=draft.created_at,
        )


def test_one_counted_inspection_per_round_and_estate(
    report: object, estate: Estate, cast: Cast
) -> None:
    first = report(estate)
    second = Inspection.objects.create(
        round=first.round,
        checklist=first.checklist,
        estate=estate,
        inspected_on=first.inspected_on,
        inspector=cast.street_clerk,
        entered_by=cast.street_clerk,
        created_at=first.created_at,
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Inspection.objects.filter(pk=second.pk).update(
            status=InspectionStatus.SUBMITTED,
            number="JC-2",
            score=100,
            submitted_at=first.created_at,
        )


def test_a_failed_recheck_leaves_the_order_open(replied: RectificationOrder, cast: Cast) -> None:
    from_tomorrow = replied.deadline.replace(day=30)
    recheck_of(replied, cast.inspector, done=False, new_deadline=from_tomorrow)
    replied.refresh_from_db()
    assert replied.status == OrderStatus.ISSUED
    with pytest.raises(IntegrityError), transaction.atomic():
        RectificationOrder.objects.filter(pk=replied.pk).update(status=OrderStatus.CLOSED)
