"""Doubts about photos of a repair: the fault's own picture, another estate's, an old one."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from estates.models import Estate
from inspections import services
from inspections.choices import FlagKind, FlagVerdict, OrderStatus
from inspections.models import (
    EvidencePhoto,
    Inspection,
    InspectionRound,
    PhotoFlag,
    Recheck,
    RecheckItem,
    RectificationOrder,
    RectificationReply,
)
from inspections.services import Finding, Upload, Verdict
from tests.inspections.conftest import TODAY, order_over, picture, recheck_of, serve
from tests.inspections.test_doors import refused_everywhere
from tests.inspections.test_doubts import NEAR, visit_with
from tests.inspections.test_signed_link import page_of
from tests.support.pages import text_of
from tests.support.people import Cast
from xingyang_pm.common import clock
from xingyang_pm.common.audit import timeline
from xingyang_pm.common.errors import BusinessError, NotPermitted

SignedIn = Callable[[User], Client]
Send = Callable[..., RectificationReply]
FAULT = picture(scene=4)
LATER = TODAY + dt.timedelta(days=9)


@pytest.fixture
def found(round: InspectionRound, estate: Estate, cast: Cast) -> Inspection:
    """One fault in the street, seen by the inspector."""
    return visit_with(round, estate, cast.inspector, FAULT)


@pytest.fixture
def order(found: Inspection, cast: Cast) -> RectificationOrder:
    return serve(order_over(found, cast.inspector), cast.inspector)


def by_clerk(order: RectificationOrder, actor: User, *sources: bytes) -> RectificationReply:
    """Answer every open item of ``order`` with ``sources`` as its photos."""
    items = services.open_items(order)
    return services.rectification_reply(
        order=order,
        actor=actor,
        completed_on=clock.today(),
        responsible="张利民",
        measures={item.pk: "已清理" for item in items},
        photos={item.pk: [Upload(source) for source in sources] for item in items},
    )


def by_link(order: RectificationOrder, *sources: bytes) -> RectificationReply:
    item = services.open_items(order)[0]
    sent = Client().post(
        page_of(order, "reply"),
        {
            "completed_on": f"{clock.today():%Y-%m-%d}",
            "responsible": "张利民",
            "reporter_name": "张利民",
            "reporter_phone": "13800138000",
            f"measure-{item.pk}": "已清理",
            f"photos-{item.pk}": [
                SimpleUploadedFile(f"{number}.jpg", source, "image/jpeg")
                for number, source in enumerate(sources)
            ],
        },
    )
    assert sent.status_code == 302
    return order.replies.get()


@pytest.fixture(params=["clerk", "link"])
def send(request: pytest.FixtureRequest, order: RectificationOrder, cast: Cast) -> Send:
    """Answer the order with photos: by the clerk, and by the firm's link."""
    if request.param == "link":
        return lambda *sources: by_link(order, *sources)
    return lambda *sources: by_clerk(order, cast.street_clerk, *sources)


@pytest.fixture
def doubtful(order: RectificationOrder, cast: Cast) -> RectificationOrder:
    """Answered with the picture of the fault."""
    by_clerk(order, cast.street_clerk, FAULT)
    order.refresh_from_db()
    return order


def said(reply: RectificationReply) -> list[tuple[str, str]]:
    rows = PhotoFlag.objects.of_reply(reply).order_by("pk")
    return list(rows.values_list("kind", "sentence"))


# --- What is doubtful ---------------------------------------------------------------------------


def test_the_picture_of_the_fault_again(send: Send) -> None:
    assert said(send(FAULT)) == [(FlagKind.FILE, "与整改前的照片是同一张。")]


def test_the_picture_of_the_fault_through_a_messenger(send: Send) -> None:
    smaller = picture((320, 240), scene=4, quality=60)
    assert said(send(smaller)) == [(FlagKind.SIMILAR, "画面与整改前的照片相近。")]


def test_a_picture_of_another_estate(
    send: Send, round: InspectionRound, other_estate: Estate, cast: Cast
) -> None:
    visit_with(round, other_estate, cast.other_clerk, picture(scene=7))
    assert said(send(picture(scene=8), picture(scene=7))) == [
        (FlagKind.FILE, "与另一个小区的照片是同一张。")
    ]


def test_an_old_picture_and_one_from_elsewhere(send: Send, estate: Estate) -> None:
    Estate.objects.filter(pk=estate.pk).update(
        latitude=Decimal("34.80"), longitude=Decimal("113.40")
    )
    found = said(send(picture(scene=8, taken="2026:11:17 23:50:00", place=NEAR)))
    assert found[0][1].startswith("拍摄地点距小区 1,")
    assert found[1] == (FlagKind.TIME, "照片拍摄于2026年11月17日，比检查日期早 1 天。")


def test_a_picture_of_a_camera_that_runs_ahead(send: Send) -> None:
    found = said(send(picture(scene=8, taken="2026:11:21 09:00:00")))
    assert found == [(FlagKind.TIME, "照片拍摄于2026年11月21日，比上报时间晚 3 天。")]


def test_a_picture_of_the_day_at_the_estate_is_not_doubtful(send: Send, estate: Estate) -> None:
    Estate.objects.filter(pk=estate.pk).update(
        latitude=Decimal("34.79"), longitude=Decimal("113.39")
    )
    assert said(send(picture(scene=8, taken="2026:11:18 07:00:00", place=NEAR))) == []


def test_where_nobody_has_said_where_the_estate_lies_the_visit_tells(
    send: Send, found: Inspection
) -> None:
    Inspection.objects.filter(pk=found.pk).update(
        latitude=Decimal("34.70"), longitude=Decimal("113.39")
    )
    (kind, sentence), *rest = said(send(picture(scene=8, place=NEAR)))
    assert (kind, rest) == (FlagKind.VISIT, [])
    assert sentence.startswith("拍摄地点距填报检查的地点 10,")


def test_a_picture_of_before_the_recheck_that_found_it_undone(
    order: RectificationOrder, cast: Cast
) -> None:
    by_clerk(order, cast.street_clerk, picture(scene=8))
    with clock.freeze(TODAY + dt.timedelta(days=2)):
        recheck_of(order, cast.inspector, done=False, new_deadline=LATER)
        reply = by_clerk(order, cast.street_clerk, picture(scene=9, taken="2026:11:19 09:00:00"))
    assert said(reply) == [(FlagKind.TIME, "照片拍摄于2026年11月19日，比上次复查早 1 天。")]


def test_one_picture_for_two_items(report: Callable, estate: Estate, cast: Cast) -> None:
    order = serve(order_over(report(estate, failed=(0, 2)), cast.inspector), cast.inspector)
    reply = by_clerk(order, cast.street_clerk, picture(scene=8))
    assert said(reply) == [(FlagKind.FILE, "与同一次回复另一项的照片是同一张。")]


# --- The recheck ----------------------------------------------------------------------------------


def look(
    order: RectificationOrder,
    actor: User,
    *,
    done: bool = True,
    verdicts: Mapping[int, Verdict] | None = None,
) -> Recheck:
    text = "" if done else "照片还是整改前的"
    return services.rectification_recheck(
        order=order,
        actor=actor,
        checked_on=clock.today(),
        findings={item.pk: Finding(done, text) for item in services.open_items(order)},
        verdicts=verdicts,
        new_deadline=None if done else LATER,
    )


def test_no_item_is_found_done_over_an_open_doubt(doubtful: RectificationOrder, cast: Cast) -> None:
    flag = PhotoFlag.objects.get()
    with pytest.raises(services.ItemProblems) as refused:
        look(doubtful, cast.inspector)
    assert refused.value.doubts == {flag.pk: "算整改到位之前，请先写这处疑点的结论。"}
    assert not Recheck.objects.exists()
    look(doubtful, cast.inspector, verdicts={flag.pk: Verdict(FlagVerdict.FINE)})
    flag.refresh_from_db()
    doubtful.refresh_from_db()
    assert (flag.verdict, flag.reviewed_by) == (FlagVerdict.FINE, cast.inspector)
    assert doubtful.status == OrderStatus.CLOSED
    told = [entry.summary for entry in timeline(doubtful)]
    assert "1.1 的照片“同一张照片”：属实可用" in told


def test_an_unusable_photo_shows_no_repair(doubtful: RectificationOrder, cast: Cast) -> None:
    flag = PhotoFlag.objects.get()
    item = services.open_items(doubtful)[0]
    wrong = {flag.pk: Verdict(FlagVerdict.UNUSABLE, "是整改前的照片")}
    with pytest.raises(services.ItemProblems) as refused:
        look(doubtful, cast.inspector, verdicts=wrong)
    assert "已认定不可用" in refused.value.problems[item.pk]
    flag.refresh_from_db()
    assert flag.is_open  # nothing was kept
    with pytest.raises(services.ItemProblems) as refused:
        look(
            doubtful,
            cast.inspector,
            done=False,
            verdicts={flag.pk: Verdict(FlagVerdict.UNUSABLE, " ")},
        )
    assert refused.value.doubts == {flag.pk: "请写明为什么不可用。"}
    look(doubtful, cast.inspector, done=False, verdicts=wrong)
    doubtful.refresh_from_db()
    assert doubtful.status == OrderStatus.ISSUED
    # Said before, on the order's page, it holds as well.
    by_clerk(doubtful, cast.street_clerk, FAULT)
    again = PhotoFlag.objects.open().first()
    for one in PhotoFlag.objects.open():
        services.photo_flag_judge(
            flag=one, actor=cast.city_manager, verdict="unusable", reason="还是那一张"
        )
    with pytest.raises(services.ItemProblems, match="没有填好"):
        look(doubtful, cast.inspector, verdicts={again.pk: Verdict(FlagVerdict.FINE)})


def test_what_is_not_done_may_leave_its_doubt(doubtful: RectificationOrder, cast: Cast) -> None:
    look(doubtful, cast.inspector, done=False)
    assert PhotoFlag.objects.get().is_open


@pytest.mark.both_databases
def test_the_database_finds_nothing_done_over_a_doubt(
    doubtful: RectificationOrder, cast: Cast
) -> None:
    flag = PhotoFlag.objects.get()
    recheck = Recheck.objects.create(
        order=doubtful,
        reply=doubtful.replies.get(),
        checked_by=cast.inspector,
        checked_on=TODAY,
        result="pass",
        year=2026,
        serial=900,
        number="荥房管复查〔2026〕900号",
        opinion="看过",
        recorded_at=clock.now(),
    )
    row = RecheckItem(recheck=recheck, item=services.open_items(doubtful)[0], result="pass")
    for verdict in ("", "unusable"):
        if verdict:
            services.photo_flag_judge(
                flag=flag, actor=cast.city_manager, verdict=verdict, reason="旧照片"
            )
        with pytest.raises(IntegrityError, match="不能算整改到位"), transaction.atomic():
            row.save()
    services.photo_flag_judge(flag=flag, actor=cast.city_manager, verdict="fine")
    row.save()
    flag.refresh_from_db()
    refused_everywhere(flag, "reason", "后来想的", "照片疑点")
    with pytest.raises(BusinessError, match="不能再改"):
        services.photo_flag_judge(
            flag=flag, actor=cast.city_manager, verdict="unusable", reason="后来想的"
        )


def test_a_doubt_that_nobody_judged_before_may_still_be_judged(
    doubtful: RectificationOrder, cast: Cast
) -> None:
    """An order that was closed before doubts were asked about."""
    flag = PhotoFlag.objects.get()
    services.photo_flag_judge(flag=flag, actor=cast.inspector, verdict="fine")
    look(doubtful, cast.inspector)
    open_flag = PhotoFlag.objects.create(
        photo=flag.photo, kind=FlagKind.TIME, sentence="照片太早。", raised_at=clock.now()
    )
    services.photo_flag_judge(
        flag=open_flag, actor=cast.city_manager, verdict="unusable", reason="旧照片"
    )


# --- Who judges -----------------------------------------------------------------------------------


def test_who_may_recheck_judges_and_never_who_answered(
    doubtful: RectificationOrder, cast: Cast, make_person: Callable[..., User]
) -> None:
    flag = PhotoFlag.objects.get()
    other = make_person("zhang2", cast.bureau, "inspector")
    services.rectification_recheck_arrange(
        order=doubtful, actor=cast.inspector, person=cast.inspector, day=TODAY
    )
    for actor in (cast.street_clerk, cast.street_leader, cast.other_clerk, cast.bureau_leader):
        with pytest.raises(NotPermitted):
            services.photo_flag_judge(flag=flag, actor=actor, verdict="fine")
    with pytest.raises(BusinessError, match="这次复查安排给 张志强"):
        services.photo_flag_judge(flag=flag, actor=other, verdict="fine")
    # The inspector found the fault; that is no reason not to look at its repair.
    services.photo_flag_judge(flag=flag, actor=cast.inspector, verdict="fine")
    services.photo_flag_judge(
        flag=flag, actor=cast.city_manager, verdict="unusable", reason="再看不是"
    )


def test_who_answered_for_the_firm_and_rechecks_elsewhere_does_not_judge_it(
    order: RectificationOrder, cast: Cast, make_person: Callable[..., User]
) -> None:
    both = make_person("both", cast.street_office, "street_clerk", "inspector")
    by_clerk(order, both, FAULT)
    with pytest.raises(BusinessError, match="不能认定自己的照片"):
        services.photo_flag_judge(flag=PhotoFlag.objects.get(), actor=both, verdict="fine")


# --- Pages ----------------------------------------------------------------------------------------


def recheck_page(order: RectificationOrder) -> str:
    return reverse("inspections:order-recheck", args=[order.pk])


def test_the_reviewer_sees_both_pictures_on_the_order(
    order: RectificationOrder, found: Inspection, cast: Cast, client_for: SignedIn
) -> None:
    by_link(order, FAULT)
    flag = PhotoFlag.objects.get()
    judge = reverse("inspections:photo-flag-judge", args=[flag.pk])
    for person in (cast.inspector, cast.city_manager):
        page = client_for(person).get(order.get_absolute_url())
        shown = page.content.decode()
        assert 'data-pair="疑点对照"' in shown
        assert shown.count(flag.photo.get_thumbnail_url()) == 2  # in the pair, and in the doubt
        assert f'href="{flag.other.get_absolute_url()}"' in shown
        assert found.get_absolute_url() in shown
        assert judge in shown
        assert "还有 1 处疑点没有写结论" in text_of(page)
    street = client_for(cast.street_clerk).get(order.get_absolute_url())
    assert "与整改前的照片是同一张" in text_of(street)
    assert judge not in street.content.decode()
    firm = text_of(Client().get(page_of(order)))
    assert "同一张" not in firm


def test_the_street_does_not_learn_of_another_streets_picture(
    order: RectificationOrder,
    round: InspectionRound,
    other_estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    first = visit_with(round, other_estate, cast.other_clerk, picture(scene=7))
    by_link(order, picture(scene=7))
    other = EvidencePhoto.objects.get(result__inspection=first)
    text = client_for(cast.street_clerk).get(order.get_absolute_url()).content.decode()
    assert "另一街道的一张照片" in text
    for secret in (other_estate.name, first.get_absolute_url(), other.get_thumbnail_url()):
        assert secret not in text
    for url in (order.get_absolute_url(), recheck_page(order)):
        assert client_for(cast.other_clerk).get(url).status_code == 404
    seen = client_for(cast.inspector).get(recheck_page(order)).content.decode()
    assert other.get_thumbnail_url() in seen


def test_the_other_street_reaches_no_flag(
    doubtful: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    url = reverse("inspections:photo-flag-judge", args=[PhotoFlag.objects.get().pk])
    assert client_for(cast.other_clerk).get(url).status_code == 404
    assert client_for(cast.street_clerk).get(url).status_code == 403
    assert client_for(cast.inspector).get(url).status_code == 200


def test_judged_on_the_order_one_comes_back_to_it(
    doubtful: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    flag = PhotoFlag.objects.get()
    client = client_for(cast.inspector)
    url = reverse("inspections:photo-flag-judge", args=[flag.pk])
    assert doubtful.number in text_of(client.get(url))
    sent = client.post(url, {"verdict": "unusable", "reason": "是整改前的照片"})
    assert sent["Location"] == f"{doubtful.get_absolute_url()}#doubt-{flag.pk}"
    page = text_of(client.get(doubtful.get_absolute_url()))
    assert "整改不到位，退回重拍" in page
    assert "不可用 张志强" in " ".join(page.split())


def post_recheck(client: Client, order: RectificationOrder, done: str, **more: str) -> HttpResponse:
    data = {"checked_on": f"{TODAY:%Y-%m-%d}", **more}
    for item in services.open_items(order):
        data |= {f"done-{item.pk}": done, f"finding-{item.pk}": "" if done == "1" else "没有改"}
    return client.post(recheck_page(order), data)


def test_the_recheck_form_asks_for_each_conclusion(
    doubtful: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    flag = PhotoFlag.objects.get()
    client = client_for(cast.inspector)
    shown = client.get(recheck_page(doubtful)).content.decode()
    assert 'data-pair="疑点对照"' in shown
    for url in (flag.photo.get_absolute_url(), flag.other.get_absolute_url()):
        assert f'href="{url}"' in shown
    silent = post_recheck(client, doubtful, "1")
    assert silent.status_code == 422
    assert "请先写这处疑点的结论" in text_of(silent)
    wrong = {f"verdict-{flag.pk}": "unusable", f"reason-{flag.pk}": "是整改前的照片"}
    refused = post_recheck(client, doubtful, "1", **wrong)
    assert refused.status_code == 422
    assert "请选整改不到位，退回重拍" in text_of(refused)
    assert 'value="是整改前的照片"' in refused.content.decode()  # typed once is enough
    back = post_recheck(client, doubtful, "0", **wrong, new_deadline=f"{LATER:%Y-%m-%d}")
    assert back.status_code == 302
    flag.refresh_from_db()
    assert (flag.verdict, flag.reason) == (FlagVerdict.UNUSABLE, "是整改前的照片")


def test_a_doubt_that_was_judged_is_shown_and_not_asked_again(
    doubtful: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    flag = PhotoFlag.objects.get()
    services.photo_flag_judge(flag=flag, actor=cast.city_manager, verdict="fine", reason="看过")
    client = client_for(cast.inspector)
    shown = client.get(recheck_page(doubtful)).content.decode()
    assert "看过" in shown
    assert f"verdict-{flag.pk}" not in shown
    assert post_recheck(client, doubtful, "1").status_code == 302


def test_the_list_finds_what_is_doubtful(
    doubtful: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.city_manager)
    url = reverse("inspections:order-list") + "?photos=doubtful"
    assert doubtful.number in text_of(client.get(url))
    services.photo_flag_judge(flag=PhotoFlag.objects.get(), actor=cast.city_manager, verdict="fine")
    assert doubtful.number not in text_of(client.get(url))
    assert "照片有疑点" in text_of(client_for(cast.other_clerk).get(url))


def test_many_doubts_cost_no_more_queries(
    round: InspectionRound,
    estate: Estate,
    cast: Cast,
    client_for: SignedIn,
    assert_constant_queries: Callable[..., int],
) -> None:
    faults = [picture(scene=number) for number in range(6)]
    visit = visit_with(round, estate, cast.inspector, *faults)
    order = serve(order_over(visit, cast.inspector), cast.inspector)
    by_clerk(order, cast.street_clerk, faults[0])
    client = client_for(cast.inspector)
    pages: Sequence[str] = (order.get_absolute_url(), recheck_page(order))

    def grow() -> None:
        RectificationOrder.objects.filter(pk=order.pk).update(status="issued")
        by_clerk(order, cast.street_clerk, *faults[1:])

    assert_constant_queries(lambda: [client.get(url) for url in pages], grow)
    assert PhotoFlag.objects.count() >= 6
