"""Review: each report is kept, two of them compared, every sentence of a return stands."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from estates.models import Estate
from inspections import services
from inspections.calculations import changes_between
from inspections.models import (
    ChecklistItem,
    EvidencePhoto,
    Inspection,
    InspectionRound,
    InspectionVersion,
    ReturnNote,
)
from inspections.services import Answer, Visit
from tests.inspections.conftest import TODAY, picture
from tests.inspections.test_doors import refused_everywhere
from tests.support.pages import text_of
from tests.support.people import Cast
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError

SignedIn = Callable[[User], Client]


def send_again(
    inspection: Inspection, actor: User, answers: dict[int, Answer], **visit: object
) -> Inspection:
    fresh = Inspection.objects.get(pk=inspection.pk)
    return services.inspection_submit(
        inspection=fresh, actor=actor, answers=answers, visit=Visit(**visit)
    )


@pytest.fixture
def twice(report: object, items: list[ChecklistItem], estate: Estate, cast: Cast) -> Inspection:
    """Returned once; then other points, another note, a second photo, and an item that passes."""
    inspection = report(estate, failed=(0, 2))
    services.inspection_return(
        inspection=inspection, actor=cast.city_manager, reason="收费标准扣分偏少"
    )
    services.photo_add(
        inspection=inspection, item=items[0], actor=cast.inspector, source=picture(shade=77)
    )
    return send_again(
        inspection,
        cast.inspector,
        {items[0].pk: Answer("fail", Decimal(4), "收费标准一页脱落", 7)},
        companion="李明轩",
    )


def test_each_report_is_kept_with_its_photos(
    twice: Inspection, items: list[ChecklistItem], cast: Cast
) -> None:
    one, two = twice.versions.all()
    assert (one.number, two.number) == (1, 2)
    assert (one.score, two.score) == (Decimal("96.0"), Decimal("96.0"))
    assert one.submitted_by == two.submitted_by == cast.inspector
    assert two.digest == twice.content_digest != one.digest
    assert [row["outcome"] for row in one.content["items"]] == ["fail", "pass", "fail", "pass"]
    photos = EvidencePhoto.objects.filter(result__item=items[0]).order_by("pk")
    assert two.content["items"][0]["photos"] == [str(photo.client_key) for photo in photos]


def test_two_reports_are_compared_item_by_item(twice: Inspection) -> None:
    one, two = twice.versions.all()
    visit, first, third = changes_between(one.content, two.content)
    assert [(f.label, f.before, f.after) for f in visit.fields] == [("同行检查人", "", "李明轩")]
    assert (first.code, {f.label: (f.before, f.after) for f in first.fields}) == (
        "1.1",
        {
            "扣分": ("2 分", "4 分"),
            "问题描述": ("公开收费标准有问题", "收费标准一页脱落"),
            "整改期限": ("2026-11-21", "2026-11-25"),
            "照片": ("1 张", "2 张（新增 1 张）"),
        },
    )
    assert {f.label for f in third.fields} == {"结果", "扣分", "问题描述", "整改期限", "照片"}
    assert changes_between(two.content, two.content) == []


def test_the_reviewer_is_told_what_changed(
    twice: Inspection, cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.city_manager)
    page = client.get(twice.get_absolute_url())
    assert "第2次上报，与上次相比改了 3 处" in text_of(page)
    assert "收费标准扣分偏少" in text_of(page)
    compared = text_of(client.get(reverse("inspections:inspection-versions", args=[twice.pk])))
    assert "第 1 次和第 2 次相比" in compared
    assert "原 2 分 改为 4 分" in compared
    assert "原 公开收费标准有问题 改为 收费标准一页脱落" in compared


def test_a_first_report_says_nothing_of_changes(
    report: object, estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    inspection = report(estate)
    page = client_for(cast.city_manager).get(inspection.get_absolute_url())
    assert "次上报，与上次" not in text_of(page)


def test_every_sentence_of_several_returns_is_kept(
    twice: Inspection, items: list[ChecklistItem], cast: Cast, client_for: SignedIn
) -> None:
    services.inspection_return(inspection=twice, actor=cast.city_manager, reason="日期再核一下")
    third = send_again(twice, cast.inspector, {}, note="日期没有错")
    assert [note.reason for note in third.return_notes.all()] == [
        "收费标准扣分偏少",
        "日期再核一下",
    ]
    assert [note.version.number for note in third.return_notes.all()] == [1, 2]
    page = text_of(client_for(cast.street_clerk).get(third.get_absolute_url()))
    assert "收费标准扣分偏少" in page
    assert "日期再核一下" in page
    client = client_for(cast.city_manager)
    url = reverse("inspections:inspection-versions", args=[third.pk])
    assert "第 1 次和第 3 次相比" in text_of(client.get(url + "?old=1&new=3"))
    assert "第 1 次和第 3 次相比" in text_of(client.get(url + "?old=3&new=1"))
    assert "第 2 次和第 3 次相比" in text_of(client.get(url + "?old=9&new=x"))


def test_the_same_report_sent_twice_is_one_version(
    report: object, estate: Estate, cast: Cast
) -> None:
    inspection = report(estate)
    again = services.inspection_submit(
        inspection=inspection, actor=cast.inspector, answers={}, visit=Visit()
    )
    assert again.versions.count() == 1


def test_the_other_street_sees_no_version(
    twice: Inspection, cast: Cast, client_for: SignedIn
) -> None:
    url = reverse("inspections:inspection-versions", args=[twice.pk])
    assert client_for(cast.other_clerk).get(url).status_code == 404
    assert client_for(cast.street_leader).get(url).status_code == 200
    assert not InspectionVersion.objects.visible_to(cast.other_clerk).exists()
    assert not ReturnNote.objects.visible_to(cast.other_leader).exists()


@pytest.mark.both_databases
def test_versions_and_sentences_stand(twice: Inspection, cast: Cast) -> None:
    version = twice.versions.first()
    refused_everywhere(version, "score", Decimal(1), "上报过的内容不能修改")
    refused_everywhere(twice.return_notes.get(), "reason", "改过", "退回意见不能修改")
    with pytest.raises(IntegrityError, match="不能补加上报内容"), transaction.atomic():
        InspectionVersion.objects.create(
            inspection=twice,
            number=3,
            content={},
            score=Decimal(100),
            digest="0" * 64,
            submitted_by=cast.inspector,
            submitted_at=clock.now(),
        )
    with pytest.raises(IntegrityError, match="只随退回写入"), transaction.atomic():
        ReturnNote.objects.create(
            inspection=twice,
            version=twice.versions.last(),
            reason="补一句",
            returned_by=cast.city_manager,
            returned_at=clock.now(),
        )


def test_many_versions_cost_no_more_queries(
    twice: Inspection,
    cast: Cast,
    client_for: SignedIn,
    assert_constant_queries: Callable[..., int],
) -> None:
    client = client_for(cast.city_manager)

    def grow() -> None:
        for note in ("一", "二", "三"):
            services.inspection_return(inspection=twice, actor=cast.city_manager, reason=note)
            send_again(twice, cast.inspector, {}, note=note)
            twice.refresh_from_db()

    for url in (
        reverse("inspections:inspection-versions", args=[twice.pk]),
        twice.get_absolute_url(),
    ):
        assert_constant_queries(lambda url=url: client.get(url), grow)


# --- Days -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (TODAY + dt.timedelta(days=1), "检查日期不能晚于今天"),
        (dt.date(2026, 11, 1), "检查日期不能早于本批次开始的2026年11月2日"),
    ],
)
def test_a_visit_lies_within_its_round(
    day: dt.date, says: str, round: InspectionRound, estate: Estate, cast: Cast
) -> None:
    inspection = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
    with pytest.raises(BusinessError, match=says):
        send_again(inspection, cast.inspector, {}, inspected_on=day)


def test_a_visit_after_the_last_day_says_why(
    round: InspectionRound, estate: Estate, cast: Cast
) -> None:
    late = dt.date(2026, 11, 27)
    with clock.freeze(late):
        inspection = services.inspection_start(estate=estate, actor=cast.inspector, round=round)
        with pytest.raises(BusinessError, match="请在备注里写明原因"):
            send_again(inspection, cast.inspector, {}, inspected_on=late)
        sent = send_again(
            inspection, cast.inspector, {}, inspected_on=late, note="大雪封路，推迟两天"
        )
    assert sent.number
