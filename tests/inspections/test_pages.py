"""The pages as people use them: who sees what, what is refused and how, what is kept."""

import re
import uuid
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from estates.models import Estate
from inspections import services
from inspections.calculations import draft_key
from inspections.choices import InspectionStatus, OrderStatus
from inspections.models import (
    Checklist,
    ChecklistItem,
    EvidencePhoto,
    Inspection,
    InspectionRound,
    RectificationOrder,
    RoundEstate,
)
from tests.inspections.conftest import TODAY, make_checklist, order_over, picture
from tests.support.pages import assert_for_readers_alone, text_of
from tests.support.people import Cast
from xingyang_pm.common.models import AuditEntry

SignedIn = Callable[[User], Client]


def file(content: bytes, name: str = "现场.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def entry(round: InspectionRound, estate: Estate, user: User) -> str:
    key = draft_key(round.pk, estate.pk, user.pk)
    asked = urlencode({"round": round.pk, "estate": estate.pk})
    return f"{reverse('inspections:entry', args=[key])}?{asked}"


def body(round: InspectionRound, estate: Estate, **fields: object) -> dict[str, object]:
    return {"round": round.pk, "estate": estate.pk, "inspected_on": TODAY.isoformat(), **fields}


# --- Who sees what ----------------------------------------------------------------------------

LISTS = ["inspection-list", "round-list", "checklist-list", "ledger-list", "order-list"]


@pytest.mark.parametrize("name", LISTS)
def test_lists_open_to_readers_of_the_business_alone(
    name: str, closed: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    assert_for_readers_alone(cast, client_for, reverse(f"inspections:{name}"))


def test_nothing_of_the_other_street_is_there(
    closed: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.other_clerk)
    inspection, photo = closed.inspection, EvidencePhoto.objects.first()
    recheck = closed.rechecks.get()
    for name, pk in (
        ("inspection-detail", inspection.pk),
        ("inspection-receipt", inspection.pk),
        ("inspection-confirm", inspection.pk),
        ("order-issue", inspection.pk),
        ("order-detail", closed.pk),
        ("order-notice", closed.pk),
        ("order-reply", closed.pk),
        ("order-recheck", closed.pk),
        ("recheck-opinion", recheck.pk),
        ("photo-full", photo.pk),
        ("photo-thumbnail", photo.pk),
    ):
        url = reverse(f"inspections:{name}", args=[pk])
        assert client.get(url).status_code == 404, name
        assert client.post(url).status_code == 404, name
    for name in ("inspection-list", "order-list", "ledger-list"):
        for query in ("", "?q=纺织厂", "?export=xlsx"):
            page = client.get(reverse(f"inspections:{name}") + query)
            assert page.status_code == 200
            if not query.endswith("xlsx"):
                assert "纺织厂" not in text_of(page).replace("关键词：纺织厂", "")
    round_page = client.get(inspection.round.get_absolute_url() + "?tab=ranking")
    assert "纺织厂" not in text_of(round_page)
    mine = client.get(reverse("inspections:inspection-mine") + "?all=1")
    assert "纺织厂" not in text_of(mine)


def test_a_clerk_enters_nothing_in_the_other_street(
    round: InspectionRound, estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.other_clerk)
    url = entry(round, estate, cast.other_clerk)
    assert client.get(url).status_code == 404
    for path in ("", "draft/", "photos/"):
        target = url.split("?")[0] + path
        assert client.post(target, body(round, estate, do="submit")).status_code == 404
    assert not Inspection.objects.exists()


def test_a_draft_of_a_colleague_is_closed(
    round: InspectionRound, estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    draft = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    client = client_for(cast.street_clerk)
    url = reverse("inspections:entry", args=[draft.client_key])
    assert client.get(url).status_code == 403
    assert client.post(url + "draft/", body(round, estate)).status_code == 403
    assert client.get(url + "discard/").status_code == 403


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("inspection-mine", {"inspector", "street_clerk", "other_clerk"}),
        ("entry-new", {"inspector", "street_clerk", "other_clerk"}),
        ("round-create", {"city_manager"}),
        ("checklist-create", {"city_manager"}),
    ],
)
def test_pages_of_one_role(name: str, who: set[str], cast: Cast, client_for: SignedIn) -> None:
    for part, user in cast.people.items():
        got = client_for(user).get(reverse(f"inspections:{name}")).status_code
        assert got == (200 if part in who else 403), part


# --- Filling in -------------------------------------------------------------------------------


def test_all_in_order_takes_two_requests(
    round: InspectionRound, estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.street_clerk)
    url = entry(round, estate, cast.street_clerk)
    page = client.get(url)
    assert page.status_code == 200
    assert not Inspection.objects.exists(), "looking at the form writes nothing"
    assert text_of(page).count("全部合格") == 2
    sent = client.post(url, body(round, estate, do="submit"))
    inspection = Inspection.objects.get()
    assert sent.status_code == 302
    assert sent.url == reverse("inspections:inspection-receipt", args=[inspection.pk]) + "?sent=1"
    receipt = text_of(client.get(sent.url))
    assert "JC-20261118-0001" in receipt
    assert "100 分，全部合格" in receipt
    again = client.post(url, body(round, estate, do="submit"))
    assert again.url == sent.url
    assert Inspection.objects.count() == 1
    assert client.get(url).url == reverse("inspections:inspection-receipt", args=[inspection.pk])


def test_one_file_that_is_no_photo_costs_nothing_else(
    round: InspectionRound,
    items: list[ChecklistItem],
    estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    first, _, third, _ = items
    client = client_for(cast.inspector)
    url = entry(round, estate, cast.inspector)
    fields = {
        f"o-{first.pk}": "fail",
        f"n-{first.pk}": "收费标准脱落",
        f"d-{first.pk}": "4",
        f"t-{first.pk}": "7",
        f"o-{third.pk}": "fail",
        f"n-{third.pk}": "堆放纸箱",
        f"p-{first.pk}": [file(picture(shade=1)), file(b"not a photo", "假的.jpg")],
        f"p-{third.pk}": [file(picture(shade=2))],
        "companion": "李明轩",
    }
    answer = client.post(url, body(round, estate, do="submit", **fields))
    assert answer.status_code == 422
    shown = text_of(answer)
    assert "“假的.jpg”不是照片，请选 JPG 或 PNG 图片。" in shown
    assert "有 1 处照片没有收下，其余内容都已保存。" in shown
    draft = Inspection.objects.get()
    assert draft.status == InspectionStatus.DRAFT
    assert draft.companion == "李明轩"
    assert services.answers_of(draft)[first.pk].note == "收费标准脱落"
    assert EvidencePhoto.objects.count() == 2
    # Sent again as the page now stands: the photos are there already.
    for name in (f"p-{first.pk}", f"p-{third.pk}"):
        fields.pop(name)
    sent = client.post(url, body(round, estate, do="submit", **fields))
    assert sent.status_code == 302
    draft.refresh_from_db()
    assert (draft.score, draft.failed_count) == (Decimal("94.0"), 2)


def test_what_is_missing_is_said_at_its_item(
    round: InspectionRound,
    items: list[ChecklistItem],
    estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    client = client_for(cast.inspector)
    fields = {f"o-{items[0].pk}": "fail", f"o-{items[2].pk}": "fail", f"n-{items[2].pk}": "堆物"}
    url = entry(round, estate, cast.inspector)
    answer = client.post(url, body(round, estate, do="submit", **fields))
    assert answer.status_code == 422
    html = answer.content.decode()
    part = html[html.index(f'data-fix="{items[0].pk}"') :]
    assert "请写明问题。" in part[:900]
    part = html[html.index(f'data-fix="{items[2].pk}"') :]
    assert "请至少拍 1 张照片。" in part[:900]
    assert "还有 2 项没有填好：1.1、2.1" in text_of(answer)


@pytest.mark.parametrize(
    "field",
    [
        {"inspected_on": "not a day"}, {"inspected_on": "9999-99-99"}, {"d-{0}": "NaN"},
        {"d-{0}": "1e999"}, {"d-{0}": "-5"}, {"t-{0}": "99999999"}, {"o-{0}": "<script>"},
        {"n-{0}": "长" * 5000}, {"round": "x"}, {"estate": "9" * 40},
    ],
)  # fmt: skip
def test_nonsense_never_breaks_the_form(
    field: dict[str, str],
    round: InspectionRound,
    items: list[ChecklistItem],
    estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    item = items[1]
    sent = {name.format(item.pk): value for name, value in field.items()}
    fields = {f"o-{item.pk}": "fail", f"n-{item.pk}": "缺一页", **sent}
    url = entry(round, estate, cast.inspector)
    answer = client_for(cast.inspector).post(url, body(round, estate, do="submit") | fields)
    assert answer.status_code in {302, 404, 422}
    if answer.status_code == 422:
        assert "<script>" not in answer.content.decode().split("<form")[1].split("</form>")[0]


# --- What the form's script calls -------------------------------------------------------------


def test_the_draft_is_saved_and_scored(
    round: InspectionRound,
    items: list[ChecklistItem],
    estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    client = client_for(cast.inspector)
    url = entry(round, estate, cast.inspector).split("?")[0] + "draft/"
    fields = {f"o-{items[0].pk}": "fail", f"d-{items[0].pk}": "6"}
    told = client.post(url, body(round, estate, **fields)).json()
    assert told["score"] == "94"
    assert re.fullmatch(r"\d\d:\d\d", told["saved"])
    services.inspection_submit(
        inspection=Inspection.objects.get(), actor=cast.inspector, answers={}
    )
    late = client.post(url, body(round, estate, **fields))
    assert late.status_code == 409
    assert "已经上报" in late.json()["message"]


def test_photos_come_one_by_one_and_go(
    round: InspectionRound,
    items: list[ChecklistItem],
    estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    client = client_for(cast.inspector)
    url = entry(round, estate, cast.inspector).split("?")[0] + "photos/"
    key = str(uuid.uuid4())

    def send(content: bytes, **fields: object) -> object:
        fields = {"item": items[0].pk, "photo_key": key, **fields}
        return client.post(url, body(round, estate, photo=file(content), **fields))

    told = send(picture()).json()
    assert send(picture()).json() == told
    for content, fields, says in (
        (b"nope", {"photo_key": str(uuid.uuid4())}, "不是照片"),
        (picture(), {"item": "999999"}, "不在本次检查表中"),
        (picture(), {"item": "x"}, "不在本次检查表中"),
    ):
        refused = send(content, **fields)
        assert refused.status_code == 422
        assert says in refused.json()["message"]
    nothing = client.post(url, body(round, estate, item=items[0].pk))
    assert "没有收到照片" in nothing.json()["message"]
    removed = client.post(told["remove"], headers={"X-Requested-With": "fetch"})
    assert removed.json() == {"removed": told["id"]}
    assert not EvidencePhoto.objects.exists()


def test_without_scripts_removing_a_photo_keeps_the_form(
    round: InspectionRound,
    items: list[ChecklistItem],
    estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    draft = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    photo = services.photo_add(
        inspection=draft, item=items[0], actor=cast.inspector, source=picture()
    )
    url = reverse("inspections:entry-photo-remove", args=[draft.client_key, photo.pk])
    fields = {f"o-{items[0].pk}": "fail", f"n-{items[0].pk}": "刚写的一句"}
    answer = client_for(cast.inspector).post(url, body(round, estate, **fields))
    assert answer.url == reverse("inspections:entry", args=[draft.client_key])
    draft.refresh_from_db()
    assert services.answers_of(draft)[items[0].pk].note == "刚写的一句"


# --- Photos -----------------------------------------------------------------------------------


def test_photos_are_private_and_kept_by_the_browser_alone(
    order: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    photo = EvidencePhoto.objects.first()
    client = client_for(cast.street_clerk)
    for url in (photo.get_absolute_url(), photo.get_thumbnail_url()):
        answer = client.get(url)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["Cache-Control"].startswith("private")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert b"".join(answer.streaming_content).startswith(b"\xff\xd8")
        same = client.get(url, headers={"If-None-Match": answer["ETag"]})
        assert same.status_code == 304
        assert Client().get(url).status_code == 302
    assert client_for(cast.system_admin).get(photo.get_absolute_url()).status_code == 404


# --- Review -----------------------------------------------------------------------------------


def test_the_manager_confirms_many_and_is_told_what_was_left(
    report: object, estate: Estate, other_estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    rows = [report(estate), report(other_estate)]
    client = client_for(cast.city_manager)
    url = reverse("inspections:inspection-confirm-many")
    assert client.get(url).status_code == 405
    answer = client.post(url, {"pk": [row.pk for row in rows] + ["x"]}, follow=True)
    assert "已确认 2 份检查记录。" in text_of(answer)
    again = client.post(url, {"pk": [rows[0].pk]}, follow=True)
    assert "没有待确认的，没有改动" in text_of(again)
    assert client_for(cast.inspector).post(url, {"pk": rows[0].pk}).status_code == 403


def test_a_record_shows_how_its_score_came_about(
    report: object, estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    inspection = report(estate, failed=(0, 2))
    shown = text_of(client_for(cast.city_manager).get(inspection.get_absolute_url()))
    for part in ("100 满分", "4 扣分", "96 分", "1.1 公开收费标准", "−2 分", "优秀 90、良好 80"):
        assert part in shown, part


def test_returning_needs_a_reason(
    report: object, estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    inspection = report(estate, cast.street_clerk)
    url = reverse("inspections:inspection-return", args=[inspection.pk])
    manager = client_for(cast.city_manager)
    assert manager.post(url, {"reason": ""}).status_code == 422
    assert manager.post(url, {"reason": "照片不清"}).status_code == 302
    clerk = client_for(cast.street_clerk)
    assert "退回：照片不清" in text_of(clerk.get(reverse("inspections:inspection-mine")))
    form = clerk.get(reverse("inspections:entry", args=[inspection.client_key]))
    assert "已退回：照片不清" in text_of(form)


# --- Rectification ----------------------------------------------------------------------------


def test_an_order_through_its_pages(
    report: object,
    estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    inspection = report(estate, failed=(0, 2))
    inspector, clerk = client_for(cast.inspector), client_for(cast.street_clerk)
    manager = client_for(cast.city_manager)
    url = reverse("inspections:order-issue", args=[inspection.pk])
    page = inspector.get(url)
    assert text_of(page).count("整改要求") == 2
    results = services.issuable_results(inspection)
    fields = {"kind": "formal", "legal_basis": "《条例》第三十九条", "deadline": "2026-11-25"}
    nothing = inspector.post(url, fields)
    assert nothing.status_code == 422
    assert "请至少勾选一个不合格项" in text_of(nothing)
    for result in results:
        fields[f"pick-{result.pk}"] = "on"
        fields[f"want-{result.pk}"] = "限期补齐"
    assert inspector.post(url, fields).status_code == 302
    order = RectificationOrder.objects.get()
    detail = order.get_absolute_url()
    assert "等待送达" in text_of(clerk.get(detail))
    assert "登记送达" in text_of(inspector.get(detail))
    serve = {
        "served_on": TODAY.isoformat(),
        "service_method": "on_site",
        "served_to": "张利民",
        "served_by": "张志强、李明轩",
    }
    assert clerk.post(detail + "serve/", serve).status_code == 403
    assert inspector.post(detail + "serve/", serve).status_code == 302
    assert "填报整改回复" in text_of(clerk.get(detail))
    reply = {"completed_on": TODAY.isoformat(), "responsible": "张利民"}
    for place, item in enumerate(services.open_items(order)):
        reply[f"measure-{item.pk}"] = "已清理"
        reply[f"photos-{item.pk}"] = file(picture(shade=150 + place))
    assert clerk.post(detail + "reply/", reply).status_code == 302
    shown = text_of(manager.get(detail))
    assert "安排复查" in shown
    assert "整改前" in shown
    assert "整改后" in shown
    arrange = {"person": cast.inspector.pk, "day": TODAY.isoformat(), "companion": "李明轩"}
    assert manager.post(detail + "arrange/", arrange).status_code == 302
    recheck = {"checked_on": TODAY.isoformat()}
    for item in services.open_items(order):
        recheck[f"done-{item.pk}"] = "1"
    assert clerk.get(detail + "recheck/").status_code == 403
    assert inspector.post(detail + "recheck/", recheck).status_code == 302
    order.refresh_from_db()
    assert order.status == OrderStatus.CLOSED
    assert "已销号" in text_of(clerk.get(detail))


def test_a_reply_keeps_good_photos_when_one_is_bad(
    served: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.street_clerk)
    url = reverse("inspections:order-reply", args=[served.pk])
    first, second = services.open_items(served)
    fields = {
        "completed_on": TODAY.isoformat(),
        "responsible": "张利民",
        f"measure-{first.pk}": "已补齐",
        f"measure-{second.pk}": "已清理",
    }
    files = {
        f"photos-{first.pk}": [file(picture(shade=160)), file(b"nope", "坏的.jpg")],
        f"photos-{second.pk}": file(picture(shade=161)),
    }
    answer = client.post(url, {**fields, **files})
    assert answer.status_code == 422
    assert "“坏的.jpg”不是照片" in text_of(answer)
    kept = dict(re.findall(r'name="(_kept_photos-\d+)" value="([^"]+)"', answer.content.decode()))
    assert set(kept) == {f"_kept_photos-{first.pk}", f"_kept_photos-{second.pk}"}
    assert client.post(url, {**fields, **kept}).status_code == 302
    assert EvidencePhoto.objects.filter(stage="fixed").count() == 2


def test_a_reply_with_too_many_photos_lets_the_clerk_choose_anew(
    served: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    url = reverse("inspections:order-reply", args=[served.pk])
    first, second = services.open_items(served)
    answer = client_for(cast.street_clerk).post(
        url,
        {
            "completed_on": TODAY.isoformat(),
            "responsible": "张利民",
            f"photos-{first.pk}": [file(picture(shade=shade)) for shade in range(100, 110)],
            f"photos-{second.pk}": file(picture(shade=161)),
        },
    )
    assert "最多 9 张，这次选了 10 张" in text_of(answer)
    kept = re.findall(r'name="_kept_(photos-\d+)"', answer.content.decode())
    assert kept == [f"photos-{second.pk}"]


def test_the_panel_shows_only_what_this_person_does_now(
    replied: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    def act(user: User) -> str:
        page = client_for(user).get(replied.get_absolute_url()).content.decode()
        found = re.search(r'id="act"><div class="ph-row"><h2>([^<]+)', page)
        return found[1] if found else ""

    acts = {part: act(user) for part, user in cast.people.items() if part in {
        "street_clerk", "inspector", "city_manager", "auditor", "bureau_leader",
    }}  # fmt: skip
    assert acts == {
        "street_clerk": "等待复查",
        "inspector": "安排复查",
        "city_manager": "安排复查",
        "auditor": "等待复查",
        "bureau_leader": "等待复查",
    }


# --- Rounds and checklists --------------------------------------------------------------------


def test_a_round_is_opened_assigned_and_closed(
    checklist: Checklist,
    estate: Estate,
    other_estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    client = client_for(cast.city_manager)
    fields = {
        "title": "清洁家园行动",
        "checklist": checklist.pk,
        "start_date": "2026-11-10",
        "end_date": "2026-11-30",
        "coverage_by": "assignment",
    }
    wrong = client.post(reverse("inspections:round-create"), {**fields, "end_date": "2026-11-01"})
    assert "截止日期不能早于开始日期" in text_of(wrong)
    made = client.post(reverse("inspections:round-create"), fields, follow=True)
    assert "其中 2 个还没有检查人" in text_of(made)
    round = InspectionRound.objects.get()
    url = round.get_absolute_url() + "assign/"
    lines = list(RoundEstate.objects.filter(round=round))
    nothing = client.post(url, {"inspector": cast.inspector.pk})
    assert nothing.status_code == 422
    given = {"inspector": cast.inspector.pk, "coverage": [line.pk for line in lines]}
    assert client.post(url, given).status_code == 302
    assert not RoundEstate.objects.filter(inspector__isnull=True).exists()
    for tab in ("", "?tab=ranking", "?tab=inspections", "?tab=left", "?tab=timeline"):
        assert client.get(round.get_absolute_url() + tab).status_code == 200
    assert client.post(round.get_absolute_url() + "close/").status_code == 302
    round.refresh_from_db()
    assert not round.is_open


def test_a_checklist_is_edited_in_the_browser(cast: Cast, client_for: SignedIn) -> None:
    checklist = make_checklist(cast.city_manager)
    client = client_for(cast.city_manager)
    page = client.get(checklist.get_absolute_url())
    assert "分值合计正好，可以启用" in text_of(page)
    item = checklist.items.get(code="1.2")
    move = reverse("inspections:checklistitem-move", args=[item.pk])
    assert client.get(move).status_code == 405
    assert client.post(move, {"up": "1"}).status_code == 302
    item.refresh_from_db()
    assert item.code == "1.1"
    values = {
        "heading": "公示栏",
        "text": "公开收费依据",
        "points": "20",
        "deduction_step": "5",
        "severity": "tracked",
        "default_days": "7",
        "pass_photo": "allowed",
        "phrases": "未公示\n\n 已脱落 ",
    }
    url = reverse("inspections:checklistitem-create", args=[checklist.pk])
    assert client.post(url, values).status_code == 302
    made = checklist.items.get(text="公开收费依据")
    assert (made.code, made.phrases) == ("1.3", ["未公示", "已脱落"])
    refused = client.post(reverse("inspections:checklist-activate", args=[checklist.pk]))
    assert refused.status_code == 409
    assert "合计 120 分，须等于满分 100 分" in text_of(refused)
    preview = client.get(reverse("inspections:checklist-preview", args=[checklist.pk]))
    assert "表样，不能上报" in text_of(preview)
    assert "phone-frame" in client.get(checklist.get_absolute_url()).content.decode()
    edit = reverse("inspections:checklistitem-update", args=[made.pk])
    dated = {
        **values, "basis_1": "《河南省物业管理条例》第三十九条", "basis_from_1": "2018-01-01",
        "basis_2": "《郑州市物业管理条例》第三十八条", "basis_from_2": "2021-10-01",
    }  # fmt: skip
    assert client.post(edit, dated).status_code == 302
    assert [str(basis.valid_from) for basis in made.bases.all()] == ["2018-01-01", "2021-10-01"]
    assert "《郑州市物业管理条例》第三十八条" in client.get(edit).content.decode()
    wrong = client.post(edit, {**dated, "basis_to_1": "2017-01-01", "basis_from_3": "2020-01-01"})
    assert wrong.status_code == 422
    assert "废止日期不能早于施行日期" in text_of(wrong)
    assert "写了日期，请写明依据" in text_of(wrong)
    heading = reverse("inspections:checklistheading-create", args=[checklist.pk])
    assert client.post(heading, {"name": "绿化", "points": "5"}).status_code == 302
    made_heading = checklist.headings.get(name="绿化")
    up = reverse("inspections:checklistheading-move", args=[made_heading.pk])
    assert client.post(up, {"up": "1"}).status_code == 302
    assert [row.name for row in checklist.headings.order_by("position")][1] == "绿化"
    gone = reverse("inspections:checklistheading-remove", args=[made_heading.pk])
    assert client.post(gone).status_code == 302
    assert client_for(cast.auditor).get(url).status_code == 403


def test_the_page_of_a_checklist_costs_the_same_for_more_items(
    cast: Cast, client_for: SignedIn, assert_constant_queries: Callable[..., int]
) -> None:
    checklist = make_checklist(cast.city_manager)
    copy = services.checklist_copy_as_new_version
    client = client_for(cast.city_manager)
    services.checklist_activate(checklist=checklist, actor=cast.city_manager)
    draft = copy(checklist=checklist, actor=cast.city_manager)

    def grow() -> None:
        for _ in range(8):
            number = draft.items.count()
            services.checklist_item_add(
                checklist=draft, actor=cast.city_manager, heading=f"大项{number}", text="新项目",
                points=1, bases=[services.Basis("《条例》")],
            )  # fmt: skip

    compare = reverse("inspections:checklist-compare", args=[draft.pk])
    assert "两版的检查项目完全一样" in text_of(client.get(compare))
    grow()  # from eight entries on the timeline also counts those that it leaves out
    assert_constant_queries(
        lambda: (client.get(draft.get_absolute_url()), client.get(compare)), grow
    )
    assert "增加 16 项" in text_of(client.get(compare))


def test_a_used_checklist_refuses_the_browser(
    checklist: Checklist, cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.city_manager)
    item = checklist.items.first()
    heading = checklist.headings.first()
    for name, pk in (
        ("checklistitem-remove", item.pk),
        ("checklistitem-update", item.pk),
        ("checklistitem-create", checklist.pk),
        ("checklistheading-create", checklist.pk),
        ("checklistheading-update", heading.pk),
        ("checklistheading-remove", heading.pk),
        ("checklist-discard", checklist.pk),
    ):
        answer = client.post(reverse(f"inspections:{name}", args=[pk]))
        assert answer.status_code == 409, name
        assert "另立新版" in text_of(answer), name
    assert checklist.items.count() == 4


# --- Lists ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*LISTS, "inspection-mine"])
def test_lists_cost_the_same_for_more_rows(
    name: str,
    round: InspectionRound,
    report: object,
    estate: Estate,
    make_estate: object,
    cast: Cast,
    client_for: SignedIn,
    assert_constant_queries: Callable[..., int],
) -> None:
    user = cast.inspector if name == "inspection-mine" else cast.city_manager
    client = client_for(user)
    url = reverse(f"inspections:{name}") + ("?all=1" if name == "inspection-mine" else "")

    def add(place: Estate) -> None:
        order_over(report(place, failed=(0, 2)), cast.inspector)

    def grow() -> None:
        for number in range(5):
            place = make_estate()
            RoundEstate.objects.create(round=round, estate=place, inspector=cast.inspector)
            place.engagements.create(
                provider=estate.engagements.get().provider,
                start_date=TODAY,
                created_at=round.created_at,
            )
            if number < 4:
                add(place)

    add(estate)
    asked = assert_constant_queries(lambda: client.get(url), grow)
    assert asked <= 22


def test_filters_of_the_lists(
    report: object,
    order: RectificationOrder,
    other_estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    report(other_estate, failed=(3,))
    client = client_for(cast.city_manager)

    def names(name: str, query: str) -> set[str]:
        shown = text_of(client.get(reverse(f"inspections:{name}") + "?" + query))
        return {word for word in ("纺织厂家属院", "水利局家属院") if word in shown}

    assert names("inspection-list", "grade=fail") == {"水利局家属院"}
    assert names("inspection-list", "grade=excellent") == {"纺织厂家属院"}
    assert names("inspection-list", f"round={order.inspection.round_id}&q=水利") == {"水利局家属院"}
    assert names("inspection-list", "since=2027-01-01") == set()
    assert names("order-list", "state=issued") == {"纺织厂家属院"}
    assert names("order-list", "state=overdue") == set()
    assert names("ledger-list", "state=open&q=公开收费") == {"纺织厂家属院"}
    assert names("ledger-list", "state=closed") == set()


def test_exports_are_audited_and_in_the_office_columns(
    order: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.city_manager)
    ledger = client.get(reverse("inspections:ledger-list") + "?export=xlsx")
    assert ledger["Content-Disposition"].startswith("attachment")
    summary = client.get(reverse("inspections:round-summary", args=[order.inspection.round_id]))
    assert summary.status_code == 200
    said = list(AuditEntry.objects.filter(verb="export").values_list("summary", flat=True))
    assert any("导出“整改台账” 2 行" in text for text in said)
    assert any("检查汇总表” 1 行" in text for text in said)
