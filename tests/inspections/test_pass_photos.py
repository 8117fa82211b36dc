"""Photos of what is in order: asked for by the checklist, kept as those of what is not."""

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse

from accounts.models import User
from estates.models import Estate
from inspections import selectors, services
from inspections.calculations import changes_between
from inspections.choices import PhotoStage
from inspections.imports import PREFIX
from inspections.models import (
    AnnouncedPhoto,
    ChecklistItem,
    ConflictPhoto,
    DraftConflict,
    EvidencePhoto,
    Inspection,
    InspectionRound,
    PhotoFlag,
)
from inspections.services import Answer
from tests.inspections.conftest import TODAY, picture
from tests.inspections.test_doors import refused_everywhere
from tests.inspections.test_offline import Phone
from tests.inspections.test_pages import body, entry, file
from tests.support.pages import text_of
from tests.support.people import Cast
from tests.support.workbooks import saved
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.ledgers.services import import_check, import_commit

SignedIn = Callable[[User], Client]
NO_PHOTO = "请至少拍 1 张照片。"


@pytest.fixture
def handset(proof_round: InspectionRound, estate: Estate, cast: Cast) -> Phone:
    return Phone(Client(), cast.street_clerk, proof_round, estate)


def draft_with(
    round: InspectionRound, estate: Estate, actor: User, *items: ChecklistItem, scene: int = 0
) -> Inspection:
    """Return a draft with a photo on each of ``items``."""
    draft = services.inspection_start(estate=estate, actor=actor, round=round)
    for place, item in enumerate(items):
        services.photo_add(
            inspection=draft, item=item, actor=actor, source=picture(scene=scene + place)
        )
    return draft


# --- The checklist ----------------------------------------------------------------------------


def test_it_is_an_entry_of_the_version_like_any_other(
    proof_round: InspectionRound, proof_items: list[ChecklistItem], cast: Cast
) -> None:
    manager = cast.city_manager
    copy = services.checklist_copy_as_new_version(checklist=proof_round.checklist, actor=manager)
    items = list(copy.items.order_by("position"))
    assert [item.pass_photo for item in items] == ["required", "allowed", "none", "none"]
    services.checklist_item_update(item=items[1], actor=manager, pass_photo="required")
    found = selectors.compare_checklists(proof_round.checklist, copy, cast.auditor)
    assert [row.fields for row in found.changed] == [(("合格时拍照", "可拍", "须拍"),)]
    with pytest.raises(BusinessError, match="另立新版"):
        services.checklist_item_update(item=proof_items[1], actor=manager, pass_photo="none")
    refused_everywhere(proof_items[0], "pass_photo", "none", "请另立新版")


def test_the_editor_asks_for_it(
    proof_round: InspectionRound, cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.city_manager)
    copy = services.checklist_copy_as_new_version(
        checklist=proof_round.checklist, actor=cast.city_manager
    )
    item = copy.items.order_by("position")[2]
    url = reverse("inspections:checklistitem-update", args=[item.pk])
    form = client.get(url).context["form"]
    sent = {
        name: value
        for name in form.fields
        if (value := form.get_initial_for_field(form.fields[name], name)) not in (None, False)
    }
    sent |= {"heading": item.section.name, "phrases": "堆放杂物", "pass_photo": "allowed"}
    assert client.post(url, sent).status_code == 302
    item.refresh_from_db()
    assert item.pass_photo == "allowed"
    page = text_of(client.get(copy.get_absolute_url()))
    assert page.count("合格也须拍照") == 1
    assert page.count("合格也可拍照") == 2


# --- The form ---------------------------------------------------------------------------------


def test_what_is_in_order_is_not_reported_without_its_photo(
    proof_round: InspectionRound, proof_items: list[ChecklistItem], estate: Estate, cast: Cast,
    client_for: SignedIn,
) -> None:  # fmt: skip
    client = client_for(cast.street_clerk)
    url = entry(proof_round, estate, cast.street_clerk)
    page = client.get(url).content.decode()
    for item, shown in zip(proof_items, (True, True, False, False), strict=True):
        start = f'data-fix="{item.pk}"'
        assert (f"{start} hidden" not in page) == shown
    refused = client.post(url, {**body(proof_round, estate), "do": "submit"})
    assert refused.status_code == 422
    assert NO_PHOTO in text_of(refused)
    assert Inspection.objects.get().status == "draft"
    wanted, allowed, none, _ = proof_items
    photos = {f"p-{item.pk}": file(picture(shade=item.pk)) for item in (wanted, allowed, none)}
    sent = client.post(url, {**body(proof_round, estate), "do": "submit", **photos})
    assert sent.status_code == 302
    inspection = Inspection.objects.get()
    assert (inspection.score, inspection.failed_count) == (100, 0)
    kept = EvidencePhoto.objects.values_list("result__item", flat=True)
    assert set(kept) == {wanted.pk, allowed.pk}  # the third takes none of what is in order


def test_what_does_not_apply_keeps_none(
    proof_round: InspectionRound, estate: Estate, cast: Cast
) -> None:
    items = list(proof_round.checklist.items.order_by("position"))
    draft = draft_with(proof_round, estate, cast.street_clerk, items[0], items[3])
    sent = services.inspection_submit(
        inspection=draft, actor=cast.street_clerk, answers={items[3].pk: Answer("na")}
    )
    assert [row.result.item for row in EvidencePhoto.objects.all()] == [items[0]]
    assert sent.number


# --- The queue of a phone ---------------------------------------------------------------------


def test_they_are_announced_waited_for_and_the_draft_is_one_record(
    handset: Phone, proof_items: list[ChecklistItem], cast: Cast, client_for: SignedIn
) -> None:
    refused = handset.sync()
    assert refused.json()["problems"] == {str(proof_items[0].pk): NO_PHOTO}
    wanted, allowed, none, _ = proof_items
    keys = [handset.take(wanted, 10), handset.take(allowed, 60)]
    handset.take(none, 110)
    first = handset.sync()
    assert first.status_code == 200, first.content
    assert set(first.json()["missing"]) == set(keys)
    assert handset.sync().json() == first.json()
    assert (Inspection.objects.count(), AnnouncedPhoto.objects.count()) == (1, 2)
    assert not DraftConflict.objects.exists()
    inspection = Inspection.objects.get()
    page = client_for(cast.city_manager).get(inspection.get_absolute_url()).content.decode()
    assert page.count("<span>照片还在手机上，未到</span>") == 2
    assert 'title="现场照片还在手机上，未到"' in page
    assert "整改前" not in page
    with pytest.raises(BusinessError, match="照片 2 张还在手机上"):
        services.inspection_confirm(inspection=inspection, actor=cast.city_manager)
    for key in keys:
        assert handset.upload(key).status_code == 200
    assert handset.status()["missing"] == []
    assert handset.sync().status_code == 200
    services.inspection_confirm(inspection=inspection, actor=cast.city_manager)


def test_another_photo_of_what_is_in_order_is_another_content(
    handset: Phone,
    proof_items: list[ChecklistItem],
    estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    handset.take(proof_items[0], 10)
    handset.sync()
    other = Phone(Client(), cast.street_clerk, handset.round, estate)
    key = other.take(proof_items[0], 90)
    idle = other.take(proof_items[2], 120)  # kept by no answer: no other content
    answer = other.sync()
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert key in answer.json()["missing"]
    assert other.upload(key).json()["kept_beside"] is True
    other.upload(idle)
    inspection = Inspection.objects.get()
    page = client_for(cast.city_manager).get(inspection.get_absolute_url())
    [(name, first, second)] = page.context["conflicts"][0]["rows"]
    assert (name, first.words, second.words) == ("1.1 公开收费标准", "合格", "合格")
    # The first is still on its phone; the idle one belongs to no answer and is not shown.
    assert (first.photos, first.awaited, second.awaited) == ([], 1, 0)
    assert [str(photo.client_key) for photo in second.photos] == [key]
    assert "先退回这份记录，由录入人采用后重新上报" in text_of(page)
    services.inspection_return(inspection=inspection, actor=cast.city_manager, reason="两份不同")
    conflict = DraftConflict.objects.get()
    draft = services.conflict_take_over(conflict=conflict, actor=cast.street_clerk)
    assert ConflictPhoto.objects.count() == 2
    sent = services.inspection_submit(inspection=draft, actor=cast.street_clerk)
    assert sent.number == inspection.number
    assert str(EvidencePhoto.objects.get().client_key) == key


def test_the_day_is_loaded_with_the_photos_it_asks_for(
    proof_round: InspectionRound, proof_items: list[ChecklistItem], cast: Cast, client_for: SignedIn
) -> None:
    told = client_for(cast.street_clerk).get(reverse("inspections:field-work")).json()
    html = told["forms"][str(proof_round.checklist_id)]["html"]
    assert html.count('data-pass-photo="required"') == html.count('data-pass-photo="allowed"') == 1


# --- The record -------------------------------------------------------------------------------


@pytest.fixture
def reported(
    proof_round: InspectionRound, proof_items: list[ChecklistItem], estate: Estate, cast: Cast
) -> Inspection:
    draft = draft_with(proof_round, estate, cast.street_clerk, proof_items[0], scene=1)
    return services.inspection_submit(inspection=draft, actor=cast.street_clerk)


def test_the_record_shows_them_to_those_who_see_the_estate(
    reported: Inspection, cast: Cast, client_for: SignedIn
) -> None:
    photo = EvidencePhoto.objects.get()
    assert str(photo) == "现场照片"
    page = client_for(cast.city_manager).get(reported.get_absolute_url()).content.decode()
    assert photo.get_thumbnail_url() in page
    assert 'alt="现场，公开收费标准"' in page
    outsider = client_for(cast.other_clerk)
    assert outsider.get(photo.get_absolute_url()).status_code == 404
    assert outsider.get(photo.get_thumbnail_url()).status_code == 404
    assert outsider.get(reported.get_absolute_url()).status_code == 404


def test_a_doubt_about_one_is_put_before_the_reviewer(
    reported: Inspection,
    proof_round: InspectionRound,
    proof_items: list[ChecklistItem],
    other_estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    draft = draft_with(proof_round, other_estate, cast.other_clerk, proof_items[0], scene=1)
    second = services.inspection_submit(inspection=draft, actor=cast.other_clerk)
    flag = PhotoFlag.objects.get()
    assert flag.sentence == "与另一个小区的照片是同一张。"
    client = client_for(cast.city_manager)
    page = client.get(second.get_absolute_url()).content.decode()
    judge = reverse("inspections:photo-flag-judge", args=[flag.pk])
    assert page.count(f'action="{judge}"') == 1
    client.post(judge, {"verdict": "unusable", "reason": "照片是别处的"})
    services.inspection_return(inspection=second, actor=cast.city_manager, reason="重拍")
    photo = EvidencePhoto.objects.get(result__inspection=second)
    services.photo_remove(photo=photo, actor=cast.other_clerk)
    again = draft_with(proof_round, other_estate, cast.other_clerk, proof_items[0], scene=7)
    services.inspection_submit(inspection=again, actor=cast.other_clerk)
    older, newer = again.versions.order_by("number")
    [change] = changes_between(older.content, newer.content)
    assert [(row.label, row.after) for row in change.fields] == [
        ("照片", "1 张（新增 1 张、删去 1 张）")
    ]
    services.inspection_confirm(inspection=again, actor=cast.city_manager)
    with pytest.raises(DatabaseError, match="作为证据的照片不能修改或删除"):
        EvidencePhoto.objects.filter(result__inspection=again).update(width=1)


def test_one_is_published_as_what_was_seen_and_only_covered(
    reported: Inspection, cast: Cast, client_for: SignedIn
) -> None:
    manager = cast.city_manager
    services.inspection_confirm(inspection=reported, actor=manager)
    assert selectors.publishable_pictures([reported], manager) == []
    photo = EvidencePhoto.objects.get()
    page = text_of(client_for(manager).get(reported.get_absolute_url()))
    assert "现场 1.1" in " ".join(page.split())
    services.photo_redact(photo=photo, actor=manager, boxes=[services.Box(0, 0, 300, 300)])
    (shown,) = selectors.publishable_pictures([reported], manager)
    assert (shown.stage, shown.item) == ("现场", "1.1 公开收费标准")


def test_a_fault_is_still_shown_as_before_and_after(
    proof_round: InspectionRound, proof_items: list[ChecklistItem], estate: Estate, cast: Cast
) -> None:
    """The answer decides, not the camera: the same photo with 没有 stands before its repair."""
    draft = draft_with(proof_round, estate, cast.street_clerk, proof_items[0])
    services.inspection_submit(
        inspection=draft,
        actor=cast.street_clerk,
        answers={proof_items[0].pk: Answer("fail", Decimal(2), "没有公示")},
    )
    photo = EvidencePhoto.objects.get()
    assert (photo.stage, photo.stage_word) == (PhotoStage.FOUND, "整改前")


# --- The desk ---------------------------------------------------------------------------------


def test_the_table_says_which_photos_are_wanted(
    proof_round: InspectionRound, proof_items: list[ChecklistItem], estate: Estate, cast: Cast,
    client_for: SignedIn,
) -> None:  # fmt: skip
    client = client_for(cast.street_clerk)
    url = reverse("inspections:entry-table", args=[proof_round.pk])
    assert client.get(url).context["rows"][0]["lacks"] == ["1.1"]
    sent = {"pick": [estate.pk], f"day-{estate.pk}": TODAY.isoformat()}
    refused = client.post(url, sent)
    assert refused.status_code == 422
    assert f"1.1 {NO_PHOTO}" in text_of(refused)
    draft_with(proof_round, estate, cast.street_clerk, proof_items[0])
    assert client.get(url).context["rows"][0]["lacks"] == []
    assert client.post(url, sent).status_code == 302


def test_a_workbook_without_them_is_kept_as_drafts(
    proof_round: InspectionRound, proof_items: list[ChecklistItem], estate: Estate, cast: Cast,
    client_for: SignedIn,
) -> None:  # fmt: skip
    ledger = f"{PREFIX}{proof_round.pk}"
    answer = client_for(cast.street_clerk).get(reverse("common:import-template", args=[ledger]))
    form = saved(openpyxl.load_workbook(io.BytesIO(answer.content)))

    def check() -> Any:
        upload = SimpleUploadedFile("填报表.xlsx", form)
        return import_check(ledger=ledger, upload=upload, actor=cast.street_clerk)

    batch = check()
    assert "1.1 须有照片：先存成草稿" in str(batch.report["warnings"])
    import_commit(batch=batch, actor=cast.street_clerk)
    assert Inspection.objects.get().status == "draft"
    draft_with(proof_round, estate, cast.street_clerk, proof_items[0])
    batch = check()
    assert batch.report["warnings"] == []
    import_commit(batch=batch, actor=cast.street_clerk)
    assert Inspection.objects.get().status == "submitted"
