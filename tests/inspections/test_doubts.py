"""Doubts about photos: what is flagged, what each viewer sees of it, and what it holds up."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from estates.models import Estate
from inspections import selectors, services
from inspections.calculations import bits_apart, hash_bands, is_flat, near_bands
from inspections.choices import FlagKind, FlagVerdict, InspectionStatus
from inspections.models import EvidencePhoto, Inspection, InspectionRound, PhotoFlag
from inspections.services import Answer, Visit
from tests.inspections.conftest import TODAY, make_round, order_over, picture, serve
from tests.inspections.test_doors import refused_everywhere
from tests.support.pages import text_of
from tests.support.people import Cast
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.models import AuditEntry

SignedIn = Callable[[User], Client]
NEAR = ((34.0, 47.0, 24.0), (113.0, 23.0, 24.0))  # 34.79, 113.39


def visit_with(
    round: InspectionRound,
    estate: Estate,
    actor: User,
    *sources: bytes,
    visit: Visit | None = None,
    place: int = 0,
) -> Inspection:
    """Report one failed item with ``sources`` as its photos."""
    inspection = services.inspection_start(estate=estate, actor=actor, round=round)
    item = list(inspection.checklist.items.order_by("position"))[place]
    for source in sources:
        services.photo_add(inspection=inspection, item=item, actor=actor, source=source)
    return services.inspection_submit(
        inspection=inspection,
        actor=actor,
        answers={item.pk: Answer("fail", item.deduction_step, "有问题", 3)},
        visit=visit or Visit(),
    )


def kinds(inspection: Inspection) -> list[str]:
    return sorted(PhotoFlag.objects.of_inspection(inspection).values_list("kind", flat=True))


@pytest.fixture
def reused(
    round: InspectionRound, estate: Estate, other_estate: Estate, cast: Cast
) -> tuple[Inspection, Inspection]:
    """The street's photo, and the same file again in the other street."""
    first = visit_with(round, estate, cast.street_clerk, picture(scene=1))
    second = visit_with(round, other_estate, cast.other_clerk, picture(scene=1))
    return first, second


def test_the_same_file_in_another_estate_is_flagged_once(
    reused: tuple[Inspection, Inspection],
) -> None:
    first, second = reused
    assert kinds(first) == []
    flag = PhotoFlag.objects.of_inspection(second).get()
    assert (flag.kind, flag.verdict) == (FlagKind.FILE, "")
    assert flag.other.result.inspection == first
    assert flag.sentence == "与另一个小区的照片是同一张。"


def test_the_next_month_with_the_old_photo_is_flagged(
    round: InspectionRound, estate: Estate, cast: Cast
) -> None:
    visit_with(round, estate, cast.street_clerk, picture(scene=1))
    with clock.freeze(dt.date(2026, 12, 9)):
        later = make_round(
            cast.city_manager, round.checklist, dt.date(2026, 12, 1), dt.date(2026, 12, 30)
        )
        # Sent through a messenger: another file, the same picture.
        again = visit_with(later, estate, cast.street_clerk, picture((800, 600), scene=1))
    flag = PhotoFlag.objects.of_inspection(again).get()
    assert (flag.kind, flag.sentence) == (FlagKind.SIMILAR, "画面与本小区另一次检查的照片相近。")


@pytest.mark.parametrize("place", range(4))
def test_a_near_picture_is_found_whatever_bits_differ(
    place: int, round: InspectionRound, estate: Estate, other_estate: Estate, cast: Cast
) -> None:
    """Bits spread over the bands: no band of 16 need be equal, each may lack one."""
    first = visit_with(round, estate, cast.street_clerk, picture(scene=3))
    photo = EvidencePhoto.objects.get(result__inspection=first)
    bits = int(photo.perceptual_hash, 16)
    for band in range(4):
        bits ^= 1 << (band * 16 + (place * 5 + band) % 16)
    bits ^= 1 << (place * 16 + 9)
    moved = f"{bits:016x}"
    assert bits_apart(moved, photo.perceptual_hash) in {4, 5}
    one, two, three, four = hash_bands(moved)
    services.inspection_return(inspection=first, actor=cast.city_manager, reason="再看")
    EvidencePhoto.objects.filter(pk=photo.pk).update(
        perceptual_hash=moved, band_1=one, band_2=two, band_3=three, band_4=four
    )
    second = visit_with(
        round, other_estate, cast.other_clerk, picture((600, 450), scene=3, quality=95)
    )
    near = EvidencePhoto.objects.get(result__inspection=second)
    apart = bits_apart(near.perceptual_hash, moved)
    assert kinds(second) == ([FlagKind.SIMILAR] if apart <= 5 else [])


def test_other_pictures_and_blank_walls_are_not_flagged(
    round: InspectionRound, estate: Estate, other_estate: Estate, cast: Cast
) -> None:
    visit_with(round, estate, cast.street_clerk, picture(scene=1), picture(shade=3))
    second = visit_with(round, other_estate, cast.other_clerk, picture(scene=2), picture(shade=4))
    assert kinds(second) == []
    assert is_flat("0000000000000001")
    assert len(set(near_bands(5))) == 17


def test_time_and_place_far_from_the_visit_are_flagged(
    round: InspectionRound, estate: Estate, cast: Cast
) -> None:
    Estate.objects.filter(pk=estate.pk).update(
        latitude=Decimal("34.80"), longitude=Decimal("113.40")
    )
    old = picture(scene=1, taken="2026:11:10 09:00:00", place=NEAR)
    inspection = visit_with(
        round,
        estate,
        cast.street_clerk,
        old,
        visit=Visit(latitude=Decimal("34.70"), longitude=Decimal("113.40")),
    )
    assert kinds(inspection) == sorted([FlagKind.TIME, FlagKind.PLACE, FlagKind.VISIT])
    said = dict(PhotoFlag.objects.values_list("kind", "sentence"))
    assert said["time"] == "照片拍摄于2026年11月10日，比检查日期早 8 天。"
    assert "距小区 1," in said["place"]


def test_the_day_before_and_the_yard_next_door_are_not(
    round: InspectionRound, estate: Estate, cast: Cast
) -> None:
    Estate.objects.filter(pk=estate.pk).update(
        latitude=Decimal("34.79"), longitude=Decimal("113.393")
    )
    source = picture(scene=1, taken="2026:11:17 23:50:00", place=NEAR)
    assert kinds(visit_with(round, estate, cast.street_clerk, source)) == []


def test_a_wrong_day_put_right_takes_its_flag_away(
    round: InspectionRound, estate: Estate, cast: Cast
) -> None:
    source = picture(scene=1, taken="2026:11:10 09:00:00")
    inspection = visit_with(round, estate, cast.street_clerk, source)
    assert kinds(inspection) == [FlagKind.TIME]
    services.inspection_return(inspection=inspection, actor=cast.city_manager, reason="日期不对")
    services.inspection_submit(
        inspection=inspection,
        actor=cast.street_clerk,
        answers=services.answers_of(Inspection.objects.get(pk=inspection.pk)),
        visit=Visit(inspected_on=dt.date(2026, 11, 10)),
    )
    assert kinds(inspection) == []


def test_a_repair_shown_by_the_picture_of_the_fault_is_flagged(
    round: InspectionRound, estate: Estate, cast: Cast
) -> None:
    inspection = visit_with(round, estate, cast.inspector, picture(scene=4))
    order = serve(order_over(inspection, cast.inspector), cast.inspector)
    item = services.open_items(order)[0]
    services.rectification_reply(
        order=order,
        actor=cast.street_clerk,
        completed_on=TODAY,
        responsible="张利民",
        measures={item.pk: "已清理"},
        photos={item.pk: [services.Upload(picture(scene=4))]},
    )
    flag = PhotoFlag.objects.get()
    assert (flag.photo.stage, flag.sentence) == ("fixed", "与整改前的照片是同一张。")
    # What the repair shows is not the visit's: it holds up no confirmation.
    services.inspection_confirm(inspection=inspection, actor=cast.city_manager)


# --- Verdict ----------------------------------------------------------------------------------


def test_an_open_doubt_holds_up_the_confirmation_and_nobody_else(
    reused: tuple[Inspection, Inspection], cast: Cast
) -> None:
    _, second = reused
    assert second.status == InspectionStatus.SUBMITTED
    with pytest.raises(BusinessError, match="还有 1 处照片疑点没有写结论"):
        services.inspection_confirm(inspection=second, actor=cast.city_manager)
    flag = PhotoFlag.objects.get()
    services.photo_flag_judge(flag=flag, actor=cast.city_manager, verdict=FlagVerdict.FINE)
    services.inspection_confirm(inspection=second, actor=cast.city_manager)
    entry = AuditEntry.objects.get(verb="photo.judge")
    assert entry.summary == "1.1 的照片“同一张照片”：属实可用"


def test_the_database_refuses_to_confirm_over_an_open_doubt(
    reused: tuple[Inspection, Inspection], cast: Cast
) -> None:
    _, second = reused
    with pytest.raises(IntegrityError, match="照片疑点没有写结论"), transaction.atomic():
        Inspection.objects.filter(pk=second.pk).update(
            status=InspectionStatus.CONFIRMED, confirmed_by=cast.city_manager
        )


def test_an_unusable_photo_is_returned_taken_anew_and_confirmed(
    reused: tuple[Inspection, Inspection], cast: Cast, client_for: SignedIn
) -> None:
    _, second = reused
    flag = PhotoFlag.objects.get()
    client = client_for(cast.city_manager)
    url = reverse("inspections:photo-flag-judge", args=[flag.pk])
    silent = client.post(url, {"verdict": "unusable", "reason": " "})
    assert silent.status_code == 422
    assert "请写明为什么不可用" in text_of(silent)
    sent = client.post(url, {"verdict": "unusable", "reason": "是别的小区的照片"})
    back = reverse("inspections:inspection-return", args=[second.pk])
    assert sent["Location"] == back
    assert "1.1 的照片不可用：是别的小区的照片" in client.get(back).content.decode()
    with pytest.raises(BusinessError, match=r"1\.1 的照片已认定不可用"):
        services.inspection_confirm(inspection=second, actor=cast.city_manager)
    client.post(back, {"reason": "请重拍"})
    second.refresh_from_db()
    photo = EvidencePhoto.objects.get(result__inspection=second)
    services.photo_remove(photo=photo, actor=cast.other_clerk)
    assert not PhotoFlag.objects.exists()
    again = visit_with(second.round, second.estate, cast.other_clerk, picture(scene=9))
    services.inspection_confirm(inspection=again, actor=cast.city_manager)


def test_only_another_manager_judges(
    round: InspectionRound,
    estate: Estate,
    other_estate: Estate,
    cast: Cast,
    make_person: Callable[..., User],
) -> None:
    both = make_person("both", cast.bureau, "inspector", "bureau_manager")
    visit_with(round, estate, cast.street_clerk, picture(scene=1))
    visit_with(round, other_estate, both, picture(scene=1))
    flag = PhotoFlag.objects.get()
    for actor in (cast.inspector, cast.other_clerk, cast.bureau_leader):
        with pytest.raises(NotPermitted):
            services.photo_flag_judge(flag=flag, actor=actor, verdict="fine")
    with pytest.raises(BusinessError, match="不能认定自己的照片"):
        services.photo_flag_judge(flag=flag, actor=both, verdict="fine")
    with pytest.raises(BusinessError, match="请选"):
        services.photo_flag_judge(flag=flag, actor=cast.city_manager, verdict="x")


@pytest.mark.both_databases
def test_a_flag_stands_and_its_verdict_freezes_with_the_record(
    reused: tuple[Inspection, Inspection], cast: Cast
) -> None:
    _, second = reused
    flag = PhotoFlag.objects.get()
    for field, value in (("sentence", "改过"), ("kind", "time"), ("photo", flag.other)):
        with pytest.raises(IntegrityError, match="由系统比对得出"), transaction.atomic():
            PhotoFlag.objects.filter(pk=flag.pk).update(**{field: value})
    with pytest.raises(IntegrityError, match="不能删除"), transaction.atomic():
        PhotoFlag.objects.filter(pk=flag.pk)._raw_delete(using="default")
    services.photo_flag_judge(flag=flag, actor=cast.city_manager, verdict="fine")
    services.inspection_confirm(inspection=second, actor=cast.city_manager)
    flag.refresh_from_db()
    refused_everywhere(flag, "reason", "后来想的", "照片疑点")
    with pytest.raises(BusinessError, match="不能再改"):
        services.photo_flag_judge(
            flag=flag, actor=cast.city_manager, verdict="unusable", reason="x"
        )


# --- Pages ------------------------------------------------------------------------------------


def test_the_reviewer_sees_both_pictures_and_the_street_only_its_own(
    reused: tuple[Inspection, Inspection], cast: Cast, client_for: SignedIn
) -> None:
    first, second = reused
    other = EvidencePhoto.objects.get(result__inspection=first)
    page = client_for(cast.city_manager).get(second.get_absolute_url())
    shown = page.content.decode()
    assert other.get_thumbnail_url() in shown
    assert first.get_absolute_url() in shown
    assert "属实可用" in shown
    assert first.estate.name in text_of(page)
    street = client_for(cast.other_clerk).get(second.get_absolute_url())
    text = street.content.decode()
    assert "另一街道的一张照片" in text
    assert "属实可用" not in text
    for secret in (
        first.estate.name,
        first.get_absolute_url(),
        other.get_thumbnail_url(),
        other.get_absolute_url(),
    ):
        assert secret not in text


def test_the_other_street_reaches_no_flag(
    reused: tuple[Inspection, Inspection], cast: Cast, client_for: SignedIn
) -> None:
    flag = PhotoFlag.objects.get()  # lies in the other street
    url = reverse("inspections:photo-flag-judge", args=[flag.pk])
    assert client_for(cast.street_clerk).get(url).status_code == 404
    assert client_for(cast.other_clerk).get(url).status_code == 403
    assert not PhotoFlag.objects.visible_to(cast.street_clerk).exists()
    assert selectors.photo_doubts([flag.photo], cast.street_clerk) == {}


def test_the_list_finds_what_is_doubtful(
    reused: tuple[Inspection, Inspection], cast: Cast, client_for: SignedIn
) -> None:
    first, second = reused
    page = client_for(cast.city_manager).get(
        reverse("inspections:inspection-list") + "?photos=doubtful"
    )
    assert second.number in text_of(page)
    assert first.number not in text_of(page)


def test_many_doubts_cost_no_more_queries(
    round: InspectionRound,
    estate: Estate,
    other_estate: Estate,
    cast: Cast,
    client_for: SignedIn,
    assert_constant_queries: Callable[..., int],
) -> None:
    visit_with(round, estate, cast.street_clerk, *(picture(scene=n) for n in range(6)))
    second = visit_with(round, other_estate, cast.other_clerk, picture(scene=0))
    client = client_for(cast.city_manager)

    def grow() -> None:
        services.inspection_return(inspection=second, actor=cast.city_manager, reason="补照片")
        visit_with(round, other_estate, cast.other_clerk, *(picture(scene=n) for n in range(1, 6)))

    assert_constant_queries(lambda: client.get(second.get_absolute_url()), grow)
    assert PhotoFlag.objects.count() == 6
