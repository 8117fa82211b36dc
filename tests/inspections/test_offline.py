"""What a phone sends when it is back: once, twice, late, broken off, and not the same."""

import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from estates.models import Estate
from inspections import selectors, services
from inspections.calculations import draft_key
from inspections.choices import ConflictResolution, InspectionStatus
from inspections.models import (
    AnnouncedPhoto,
    ChecklistItem,
    ConflictPhoto,
    DraftConflict,
    EvidencePhoto,
    Inspection,
    InspectionRound,
    ItemResult,
)
from inspections.services import Announcement, Answer, Visit
from tests.inspections.conftest import TODAY, firm_serving, make_round, picture
from tests.inspections.test_pictures import png
from tests.support.at_once import at_once
from tests.support.people import Cast
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.models import AuditEntry

pytestmark = pytest.mark.django_db


class Phone:
    """A phone of one person: a draft of one estate, its photos, and what it sends."""

    def __init__(self, client: Client, user: Any, round: InspectionRound, estate: Estate) -> None:
        client.force_login(user, backend="accounts.backends.OfficeBackend")
        self.client, self.user, self.round, self.estate = client, user, round, estate
        self.key = draft_key(round.pk, estate.pk, user.pk)
        self.values: dict[str, str] = {"inspected_on": TODAY.isoformat()}
        self.photos: dict[str, tuple[dict[str, Any], bytes]] = {}

    def fail(self, item: ChecklistItem, note: str = "楼道堆物", **more: str) -> None:
        self.values |= {f"o-{item.pk}": "fail", f"n-{item.pk}": note, f"t-{item.pk}": "3"}
        self.values |= {f"{letter}-{item.pk}": text for letter, text in more.items()}

    def take(self, item: ChecklistItem, shade: int = 0, stage: str = "found") -> str:
        key, source = str(uuid.uuid4()), picture(shade=shade)
        told = {"key": key, "item": item.pk, "stage": stage}
        told["sha256"] = hashlib.sha256(source).hexdigest()
        self.photos[key] = told, source
        return key

    def sync(self, **more: Any) -> Any:
        body = {
            "format": 2,
            "user": self.user.pk,
            "round": self.round.pk,
            "estate": self.estate.pk,
            "values": self.values,
            "photos": [told for told, _ in self.photos.values()],
            **more,
        }
        return self.client.post(
            reverse("inspections:entry-sync", args=[self.key]),
            json.dumps(body),
            content_type="application/json",
        )

    def upload(self, key: str, source: bytes | None = None, **more: Any) -> Any:
        told, kept = self.photos[key]
        file = SimpleUploadedFile("现场.jpg", kept if source is None else source, "image/jpeg")
        return self.client.post(
            reverse("inspections:entry-photo", args=[self.key]),
            {
                "user": self.user.pk,
                "item": told["item"],
                "stage": told["stage"],
                "photo_key": key,
                "sha256": told["sha256"],
                "photo": file,
                **more,
            },
        )

    def status(self) -> dict[str, Any]:
        return self.client.get(reverse("inspections:entry-status", args=[self.key])).json()


@pytest.fixture
def handset(round: InspectionRound, estate: Estate, cast: Cast) -> Phone:
    return Phone(Client(), cast.street_clerk, round, estate)


def test_content_first_then_photos_as_they_come(
    handset: Phone, items: list[ChecklistItem], cast: Cast
) -> None:
    handset.fail(items[2])
    keys = [handset.take(items[2], shade) for shade in (10, 60)]
    assert handset.status() == {"status": ""}
    answer = handset.sync()
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["code"], told["number"], told["score"]) == ("received", "JC-20261118-0001", "98")
    assert set(told["missing"]) == set(keys)
    inspection = Inspection.objects.get()
    receipt = reverse("inspections:inspection-receipt", args=[inspection.pk])
    assert "2 张还在手机上，未到" in handset.client.get(receipt).content.decode()
    record = Client()
    record.force_login(cast.city_manager, backend="accounts.backends.OfficeBackend")
    page = record.get(inspection.get_absolute_url()).content.decode()
    assert "照片 2 张还在手机上，未到。" in page
    assert page.count("<span>照片还在手机上，未到</span>") == 2
    with pytest.raises(BusinessError, match="照片 2 张还在手机上") as refused:
        services.inspection_confirm(inspection=inspection, actor=cast.city_manager)
    assert refused.value.code == "doubtful"

    assert handset.upload(keys[0]).status_code == 200
    assert handset.status()["missing"] == [keys[1]]
    assert not AuditEntry.objects.filter(verb="inspection.photos_complete").exists()
    assert handset.upload(keys[1]).status_code == 200
    assert handset.upload(keys[1]).status_code == 200  # its answer was lost on the way
    told = handset.status()
    assert told["missing"] == []
    assert told["have"] == {key: handset.photos[key][0]["sha256"] for key in keys}
    assert EvidencePhoto.objects.count() == 2
    assert AuditEntry.objects.filter(verb="inspection.photos_complete").exists()
    services.inspection_confirm(inspection=inspection, actor=cast.city_manager)


def test_an_announced_photo_counts_where_one_is_required(
    handset: Phone, items: list[ChecklistItem]
) -> None:
    handset.fail(items[2])
    answer = handset.sync()
    assert answer.status_code == 422
    assert answer.json()["problems"] == {str(items[2].pk): "请至少拍 1 张照片。"}
    assert Inspection.objects.get().status == InspectionStatus.DRAFT
    handset.take(items[2])
    assert handset.sync().status_code == 200


def test_photos_of_what_passed_are_not_waited_for(
    handset: Phone, items: list[ChecklistItem]
) -> None:
    handset.take(items[2])
    assert handset.sync().json()["missing"] == []
    assert not AnnouncedPhoto.objects.exists()


def test_the_same_draft_again_is_the_same_record(
    handset: Phone, items: list[ChecklistItem]
) -> None:
    handset.fail(items[2])
    handset.take(items[2])
    first = handset.sync().json()
    again = handset.sync()
    assert again.status_code == 200
    assert again.json() == first
    assert (Inspection.objects.count(), AnnouncedPhoto.objects.count()) == (1, 1)
    assert not DraftConflict.objects.exists()


def test_other_content_under_the_same_key_loses_neither(
    handset: Phone, items: list[ChecklistItem], estate: Estate, cast: Cast
) -> None:
    handset.fail(items[2])
    first_photo = handset.take(items[2], 10)
    handset.sync()
    handset.upload(first_photo)
    inspection = Inspection.objects.get()
    score = inspection.score

    other = Phone(Client(), cast.street_clerk, handset.round, estate)
    other.fail(items[2], "还停着两辆电动车", d="6")
    other.fail(items[1], "缺一页")
    second_photo = other.take(items[2], 90)
    answer = other.sync()
    assert answer.status_code == 409
    told = answer.json()
    assert (told["code"], told["missing"]) == ("conflict", [second_photo])
    assert "两份都已保留" in told["message"]
    assert other.sync().json() == told
    assert other.upload(second_photo).json()["kept_beside"] is True
    assert other.upload(second_photo).status_code == 200
    assert other.sync().json()["missing"] == []
    conflict = DraftConflict.objects.get()
    assert ConflictPhoto.objects.get().source_sha256 == other.photos[second_photo][0]["sha256"]
    inspection.refresh_from_db()
    assert (inspection.score, EvidencePhoto.objects.count()) == (score, 1)

    # Both see the two side by side; nobody confirms before it is settled.
    manager = Client()
    manager.force_login(cast.city_manager, backend="accounts.backends.OfficeBackend")
    for client in (handset.client, manager):
        page = client.get(inspection.get_absolute_url()).content.decode()
        assert "同一份草稿的另一份内容" in page
        assert "不合格，扣 2 分：楼道堆物" in page
        assert "不合格，扣 6 分：还停着两辆电动车" in page
        # Each photo stands with its item, beside that of the other content.
        for which, thumbnail in (
            ("先报的", EvidencePhoto.objects.get().get_thumbnail_url()),
            ("后到的", ConflictPhoto.objects.get().get_thumbnail_url()),
        ):
            assert f'<img src="{thumbnail}" alt="{which}照片，{items[2]}"' in page
    photo = reverse("inspections:conflict-photo", args=[ConflictPhoto.objects.get().pk])
    assert manager.get(photo).status_code == 200
    stranger = Client()
    stranger.force_login(cast.other_clerk, backend="accounts.backends.OfficeBackend")
    assert stranger.get(photo).status_code == 404
    with pytest.raises(BusinessError, match="另一份不同的内容"):
        services.inspection_confirm(inspection=inspection, actor=cast.city_manager)
    with pytest.raises(BusinessError, match="先退回"):
        services.conflict_take_over(conflict=conflict, actor=cast.street_clerk)

    # The manager returns the record, the clerk takes the second over and reports it.
    services.inspection_return(inspection=inspection, actor=cast.city_manager, reason="两份不同")
    take = reverse("inspections:conflict-take", args=[conflict.pk])
    assert handset.client.post(take).status_code == 302
    conflict.refresh_from_db()
    assert conflict.resolution == ConflictResolution.TAKEN
    inspection.refresh_from_db()
    assert services.answers_of(inspection)[items[2].pk].note == "还停着两辆电动车"
    assert EvidencePhoto.objects.count() == 2
    assert other.sync(after_return=True).status_code == 200
    inspection.refresh_from_db()
    assert (inspection.status, inspection.failed_count) == (InspectionStatus.SUBMITTED, 2)
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"inspection.conflict", "inspection.conflict_taken"} <= verbs


def test_the_first_content_may_stand(
    handset: Phone, items: list[ChecklistItem], cast: Cast
) -> None:
    handset.sync()
    handset.fail(items[1], "缺一页")
    assert handset.sync().status_code == 409
    conflict = DraftConflict.objects.get()
    keep = reverse("inspections:conflict-keep", args=[conflict.pk])
    stranger = Client()
    stranger.force_login(cast.inspector, backend="accounts.backends.OfficeBackend")
    assert stranger.post(keep).status_code == 403
    assert handset.client.post(keep).status_code == 302
    assert handset.client.post(keep).status_code == 409
    inspection = Inspection.objects.get()
    assert inspection.failed_count == 0
    services.inspection_confirm(inspection=inspection, actor=cast.city_manager)
    assert "保留先报的" in handset.client.get(inspection.get_absolute_url()).content.decode()


def test_a_draft_written_elsewhere_is_not_written_over(
    handset: Phone, items: list[ChecklistItem]
) -> None:
    """Two phones of one person begin from the same draft; the second report keeps the first's."""
    address = reverse("inspections:entry-draft", args=[handset.key])
    place = {"round": handset.round.pk, "estate": handset.estate.pk}
    first = {**place, f"o-{items[1].pk}": "fail", f"n-{items[1].pk}": "甲机写的", "base": ""}
    saved = handset.client.post(address, first)
    assert saved.status_code == 200
    second = {**place, f"o-{items[0].pk}": "fail", f"n-{items[0].pk}": "乙机写的", "base": ""}
    refused = handset.client.post(address, second)
    assert (refused.status_code, refused.json()["code"]) == (409, "newer")
    assert handset.client.post(address, {**first, "base": saved.json()["base"]}).status_code == 200
    handset.fail(items[1], "乙机写的")
    assert handset.sync(base="").status_code == 200
    kept = DraftConflict.objects.get()
    assert kept.content["items"][str(items[1].pk)]["note"] == "甲机写的"


def test_what_cannot_be_true_is_refused_with_a_sentence(
    handset: Phone, items: list[ChecklistItem], cast: Cast, round: InspectionRound
) -> None:
    assert handset.client.post(
        reverse("inspections:entry-sync", args=[handset.key]), "nope", "application/json"
    ).status_code in {404, 422}
    assert handset.sync(values=[1]).json()["code"] == "unreadable"
    assert handset.sync(user=cast.inspector.pk).json()["code"] == "other_user"
    assert handset.sync(photos=[{"key": "x", "item": "y"}, 7, None]).status_code == 200
    assert Inspection.objects.get().failed_count == 0


def test_a_photo_of_another_checklist_is_not_announced(
    handset: Phone, items: list[ChecklistItem]
) -> None:
    told = {"key": str(uuid.uuid4()), "item": 987654, "stage": "found", "sha256": ""}
    answer = handset.sync(photos=[told])
    assert (answer.status_code, answer.json()["code"]) == (422, "not_in_list")


def test_nobody_sends_for_another(
    handset: Phone, items: list[ChecklistItem], estate: Estate, cast: Cast
) -> None:
    handset.fail(items[2])
    key = handset.take(items[2])
    handset.sync()
    # The same phone, another person signed in: the queue says whose it is.
    handset.client.force_login(cast.inspector, backend="accounts.backends.OfficeBackend")
    assert handset.sync().status_code == 403
    assert handset.upload(key).status_code == 403
    assert handset.status() == {"status": ""}
    # A clerk of the other street cannot even name it.
    stranger = Phone(Client(), cast.other_clerk, handset.round, estate)
    stranger.key = handset.key
    assert stranger.sync().status_code == 404
    assert stranger.status() == {"status": ""}
    assert EvidencePhoto.objects.count() == 0


def test_a_reported_record_takes_only_what_it_announced(
    handset: Phone, items: list[ChecklistItem]
) -> None:
    handset.fail(items[2])
    handset.take(items[2], 10)
    handset.sync()
    late = handset.take(items[2], 90)
    answer = handset.upload(late)
    assert (answer.status_code, answer.json()["code"]) == (409, "reported")
    assert EvidencePhoto.objects.count() == 0


def test_a_photo_damaged_on_the_way_is_sent_again(
    handset: Phone, items: list[ChecklistItem]
) -> None:
    handset.fail(items[2])
    key = handset.take(items[2], 10)
    handset.sync()
    answer = handset.upload(key, picture(shade=11))
    assert (answer.status_code, answer.json()["code"]) == (422, "broken")
    assert handset.upload(key).status_code == 200


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (b"PK\x03\x04 a workbook renamed to jpg", "不是照片"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "不是照片"),
        (picture()[:900], "没有传完整"),
        (png(20_000, 10_000), "像素超过"),
        (png(60_000, 60_000), "像素超过"),
    ],
    ids=["renamed", "svg", "cut", "200 MP", "bomb"],
)
def test_what_is_no_photo_gets_a_sentence_and_the_rest_is_kept(
    handset: Phone, items: list[ChecklistItem], source: bytes, says: str
) -> None:
    handset.fail(items[2])
    good, bad = handset.take(items[2], 10), handset.take(items[2], 60)
    told, _ = handset.photos[bad]
    told["sha256"] = hashlib.sha256(source).hexdigest()
    handset.photos[bad] = told, source
    assert handset.sync().status_code == 200
    assert handset.upload(good).status_code == 200
    answer = handset.upload(bad)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_photo")
    assert says in answer.json()["message"]
    assert handset.status()["missing"] == [bad]
    assert Inspection.objects.get().status == InspectionStatus.SUBMITTED
    assert EvidencePhoto.objects.count() == 1


def test_time_and_place_that_the_phone_read_are_kept(
    handset: Phone, items: list[ChecklistItem]
) -> None:
    handset.fail(items[2])
    key, other = handset.take(items[2], 10), handset.take(items[2], 60)
    handset.sync()
    handset.upload(
        key, taken_at="2026-11-18T09:42:10+08:00", latitude="34.787083", longitude="113.383958"
    )
    handset.upload(other, taken_at="gestern", latitude="NaN", longitude="1e9")
    photo, bare = EvidencePhoto.objects.order_by("pk")
    assert photo.taken_at.isoformat() == "2026-11-18T01:42:10+00:00"
    assert (str(photo.latitude), str(photo.longitude)) == ("34.787083", "113.383958")
    assert (bare.taken_at, bare.latitude, bare.longitude) == (None, None, None)


def test_a_late_queue_does_not_report_what_was_returned(
    handset: Phone, items: list[ChecklistItem], cast: Cast
) -> None:
    handset.sync()
    inspection = Inspection.objects.get()
    services.inspection_return(inspection=inspection, actor=cast.city_manager, reason="补拍")
    answer = handset.sync()
    assert (answer.status_code, answer.json()["code"]) == (409, "returned")
    assert "补拍" in answer.json()["message"]
    assert handset.sync(after_return=True).status_code == 200
    inspection.refresh_from_db()
    assert (inspection.status, inspection.number) == ("submitted", "JC-20261118-0001")


def test_photos_lost_with_the_phone_are_given_up_by_a_return(
    handset: Phone, items: list[ChecklistItem], cast: Cast
) -> None:
    handset.fail(items[2])
    first, lost = handset.take(items[2], 10), handset.take(items[2], 60)
    handset.sync()
    handset.upload(first)
    inspection = Inspection.objects.get()
    services.inspection_return(inspection=inspection, actor=cast.city_manager, reason="照片没到")
    del handset.photos[lost]
    assert handset.sync(after_return=True).json()["missing"] == []
    services.inspection_confirm(inspection=Inspection.objects.get(), actor=cast.city_manager)


def test_a_photo_taken_out_on_the_phone_goes(handset: Phone, items: list[ChecklistItem]) -> None:
    handset.fail(items[2])
    out, stays = handset.take(items[2], 10), handset.take(items[2], 60)
    for key in (out, stays):
        handset.upload(key, round=handset.round.pk, estate=handset.estate.pk)
    del handset.photos[out]
    assert handset.sync(removed=[out, "nonsense"]).status_code == 200
    assert str(EvidencePhoto.objects.get().client_key) == stays


def test_put_right_on_the_spot(
    handset: Phone, items: list[ChecklistItem], estate: Estate, cast: Cast
) -> None:
    handset.fail(items[2], f="1")
    handset.fail(items[1], "缺一页")
    handset.take(items[2], 10)
    answer = handset.sync()
    assert "改正后的照片" in answer.json()["problems"][str(items[2].pk)]
    after = handset.take(items[2], 90, "fixed")
    assert handset.sync().status_code == 200
    handset.upload(after)
    inspection = Inspection.objects.get()
    fixed, open_ = ItemResult.objects.get(item=items[2]), ItemResult.objects.get(item=items[1])
    assert (fixed.fixed_on_site, fixed.deadline, open_.fixed_on_site) == (True, None, False)
    assert services.issuable_results(inspection) == [open_]
    assert EvidencePhoto.objects.get().stage == "fixed"
    assert "当场已改正" in handset.client.get(inspection.get_absolute_url()).content.decode()


@pytest.mark.both_databases
def test_the_database_refuses_too(handset: Phone, items: list[ChecklistItem], cast: Cast) -> None:
    handset.fail(items[2])
    handset.take(items[2])
    handset.sync()
    handset.fail(items[1], "缺一页")
    handset.sync()
    inspection = Inspection.objects.get()
    told, conflict = AnnouncedPhoto.objects.get(), DraftConflict.objects.get()

    def confirm() -> None:
        Inspection.objects.filter(pk=inspection.pk).update(
            status="confirmed", confirmed_by=cast.city_manager
        )

    for says, act in {
        "另一份内容没有处理，不能确认": confirm,
        "登记的照片不能改动": lambda: AnnouncedPhoto.objects.filter(pk=told.pk).delete(),
        "不能再登记照片": lambda: AnnouncedPhoto.objects.create(
            inspection=inspection,
            item=items[2],
            client_key=uuid.uuid4(),
            announced_at=told.announced_at,
        ),
        "另一份内容不能修改": lambda: DraftConflict.objects.filter(pk=conflict.pk).update(
            content={}
        ),
        "另一份内容不能删除": lambda: DraftConflict.objects.filter(pk=conflict.pk).delete(),
    }.items():
        with pytest.raises(IntegrityError, match=says), transaction.atomic():
            act()
    services.conflict_keep_first(conflict=conflict, actor=cast.street_clerk)
    with pytest.raises(IntegrityError, match="有照片还在手机上"), transaction.atomic():
        confirm()
    with pytest.raises(IntegrityError, match="处理"), transaction.atomic():
        DraftConflict.objects.filter(pk=conflict.pk).update(resolution="open", resolved_by=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        ItemResult.objects.filter(item=items[0]).update(fixed_on_site=True)


def test_a_draft_that_was_thrown_away_takes_all_with_it(
    handset: Phone, items: list[ChecklistItem], cast: Cast
) -> None:
    draft = services.inspection_start(
        estate=handset.estate, actor=cast.street_clerk, round=handset.round
    )
    services.inspection_save_draft(
        inspection=draft, actor=cast.street_clerk, answers={items[1].pk: Answer("fail", None, "甲")}
    )
    handset.fail(items[2])
    handset.fail(items[0], "")
    handset.take(items[2])
    assert handset.sync().status_code == 422
    assert (DraftConflict.objects.count(), AnnouncedPhoto.objects.count()) == (1, 1)
    services.inspection_discard(inspection=draft, actor=cast.street_clerk)
    assert (DraftConflict.objects.count(), AnnouncedPhoto.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
def test_the_same_draft_from_many_tabs_at_once_is_one_record(
    cast: Cast, estate: Estate, transactional_db: None
) -> None:
    firm_serving(estate)
    round = make_round(cast.city_manager)
    item = round.checklist.items.order_by("position")[2]
    key, photo = uuid.uuid4(), Announcement(uuid.uuid4(), item.pk)

    def send(note: str = "堆物") -> Callable[[], Any]:
        return lambda: services.draft_receive(
            actor=cast.street_clerk,
            client_key=key,
            estate=estate,
            round=round,
            answers={item.pk: Answer("fail", None, note)},
            visit=Visit(inspected_on=TODAY),
            photos=[photo],
        )

    answers = at_once(*[send()] * 3, send("别的内容"))
    assert {type(answer) for answer in answers} == {services.Received}, answers
    record = Inspection.objects.get()
    assert record.status == InspectionStatus.SUBMITTED
    said = {services.answers_of(record)[item.pk].note}
    said |= {row.content["items"][str(item.pk)]["note"] for row in record.conflicts.all()}
    assert said == {"堆物", "别的内容"}
    assert [row.client_key for row in selectors.missing_photos(record)] == [photo.key]


def test_the_days_work_is_this_persons(
    round: InspectionRound, estate: Estate, other_estate: Estate, cast: Cast, client: Client
) -> None:
    client.force_login(cast.street_clerk, backend="accounts.backends.OfficeBackend")
    answer = client.get(reverse("inspections:field-work"))
    told = answer.json()
    assert answer["Cache-Control"] == "no-store"
    assert [row["name"] for row in told["rounds"][0]["rows"]] == [estate.name]
    assert other_estate.name not in answer.content.decode()
    form = told["forms"][str(round.checklist_id)]
    assert (form["full"], form["pass"]) == ("100", "70")
    assert "楼道无堆物、通道畅通" in form["html"]
    assert "堆放杂物" in form["html"]
    draft = services.inspection_start(estate=estate, actor=cast.street_clerk, round=round)
    item = round.checklist.items.first()
    services.inspection_save_draft(
        inspection=draft,
        actor=cast.street_clerk,
        answers={item.pk: Answer("fail", None, "写到一半", fixed=True)},
    )
    (kept,) = client.get(reverse("inspections:field-work")).json()["drafts"]
    assert kept["values"][f"n-{item.pk}"] == "写到一半"
    assert kept["values"][f"f-{item.pk}"] == "1"
    assert kept["base"] == services.draft_digest(Inspection.objects.get())


def test_the_days_work_costs_the_same_for_many(
    round: InspectionRound,
    items: list[ChecklistItem],
    cast: Cast,
    client: Client,
    estate: Estate,
    django_assert_max_num_queries: Callable,
) -> None:
    client.force_login(cast.street_clerk, backend="accounts.backends.OfficeBackend")
    client.get(reverse("inspections:field-work"))
    with django_assert_max_num_queries(16):
        client.get(reverse("inspections:field-work"))


def test_worker_and_frame_hold_nobodys_data(
    round: InspectionRound, estate: Estate, cast: Cast, client: Client
) -> None:
    bare = client.get(reverse("inspections:field-shell"))
    worker = client.get(reverse("inspections:field-worker"))
    client.force_login(cast.street_clerk, backend="accounts.backends.OfficeBackend")
    signed_in = client.get(reverse("inspections:field-shell"))
    assert bare.status_code == signed_in.status_code == worker.status_code == 200
    assert bare.content == signed_in.content
    assert cast.street_clerk.name not in signed_in.content.decode()
    assert worker["Content-Type"].startswith("text/javascript")
    assert worker["Service-Worker-Allowed"] == "/inspections/"
    assert worker["Cache-Control"] == "no-cache"


def test_another_release_is_another_worker(client: Client, settings: Any) -> None:
    address = reverse("inspections:field-worker")
    first = client.get(address).content
    assert client.get(address).content == first
    settings.RELEASE = "2026.12"
    assert client.get(address).content != first
