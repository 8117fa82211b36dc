"""Black boxes before publication: what is kept, who may, what comes out to be published."""

import io
from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import User
from estates.models import Estate
from inspections import selectors, services
from inspections.models import EvidencePhoto, Inspection, PhotoFlag, PhotoRedaction
from inspections.services import Answer, Box
from tests.inspections.conftest import order_over, picture
from tests.inspections.test_doors import refused_everywhere
from tests.support.pages import text_of
from tests.support.people import Cast
from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError, NotPermitted

SignedIn = Callable[[User], Client]


@pytest.fixture
def confirmed(report: object, estate: Estate, cast: Cast) -> Inspection:
    inspection = report(estate, failed=(0, 2))
    return services.inspection_confirm(inspection=inspection, actor=cast.city_manager)


@pytest.fixture
def photo(confirmed: Inspection) -> EvidencePhoto:
    return EvidencePhoto.objects.filter(result__inspection=confirmed).order_by("pk")[0]


def pixels(file: object) -> Image.Image:
    with file.open("rb") as source:
        return Image.open(io.BytesIO(source.read())).convert("L")


def test_what_the_box_covers_is_black_and_the_photo_is_untouched(
    photo: EvidencePhoto, cast: Cast
) -> None:
    before = photo.image.open("rb").read()
    made = services.photo_redact(
        photo=photo, actor=cast.city_manager, boxes=[Box(250, 500, 250, 250)]
    )
    image, small = pixels(made.image), pixels(made.thumbnail)
    assert image.size == (photo.width, photo.height)
    for shown in (image, small):
        width, height = shown.size
        inside = shown.crop(
            (width * 27 // 100, height * 53 // 100, width * 48 // 100, height * 72 // 100)
        )
        assert inside.getextrema()[1] < 12
        assert shown.getpixel((width * 9 // 10, height * 6 // 10)) > 20
    fresh = EvidencePhoto.objects.get(pk=photo.pk)
    assert fresh.image.open("rb").read() == before
    assert made.image.name != photo.image.name


def test_nothing_to_hide_is_said_by_a_person(photo: EvidencePhoto, cast: Cast) -> None:
    made = services.photo_redact(photo=photo, actor=cast.city_manager, boxes=[])
    assert (made.boxes, made.made_by) == ([], cast.city_manager)
    assert str(made).endswith("无需遮挡")
    again = services.photo_redact(photo=photo, actor=cast.city_manager, boxes=[])
    assert again == made


@pytest.mark.parametrize(
    ("box", "says"),
    [
        (Box(900, 0, 200, 100), "第 1 个框超出照片"),
        (Box(-1, 0, 200, 100), "第 1 个框超出照片"),
        (Box(0, 0, 4, 100), "第 1 个框太小"),
    ],
)
def test_a_box_lies_in_the_picture(box: Box, says: str, photo: EvidencePhoto, cast: Cast) -> None:
    with pytest.raises(BusinessError, match=says):
        services.photo_redact(photo=photo, actor=cast.city_manager, boxes=[box])


def test_only_the_manager_and_only_once_the_record_stands(
    report: object, photo: EvidencePhoto, other_estate: Estate, cast: Cast
) -> None:
    for actor in (cast.inspector, cast.street_clerk, cast.bureau_leader):
        with pytest.raises(NotPermitted):
            services.photo_redact(photo=photo, actor=actor, boxes=[])
    waiting = report(other_estate, failed=(0,))
    early = EvidencePhoto.objects.get(result__inspection=waiting)
    with pytest.raises(BusinessError, match="确认以后"):
        services.photo_redact(photo=early, actor=cast.city_manager, boxes=[])


@pytest.mark.both_databases
def test_a_redaction_is_only_added(
    report: object, photo: EvidencePhoto, other_estate: Estate, cast: Cast
) -> None:
    made = services.photo_redact(photo=photo, actor=cast.city_manager, boxes=[Box(0, 0, 99, 99)])
    refused_everywhere(made, "boxes", "[]", "遮挡后的照片不能修改")
    refused_everywhere(made, "image", "else.jpg", "遮挡后的照片不能修改")
    early = EvidencePhoto.objects.get(result__inspection=report(other_estate, failed=(0,)))
    with pytest.raises(IntegrityError, match="确认以后"), transaction.atomic():
        PhotoRedaction.objects.create(
            photo=early, made_by=cast.city_manager, made_at=clock.now(), image="x", thumbnail="y"
        )


def test_what_may_be_published_is_the_newest_redaction_and_nothing_else(
    confirmed: Inspection, photo: EvidencePhoto, cast: Cast
) -> None:
    manager = cast.city_manager
    assert selectors.publishable_pictures([confirmed], manager) == []
    services.photo_redact(photo=photo, actor=manager, boxes=[])
    newest = services.photo_redact(photo=photo, actor=manager, boxes=[Box(0, 0, 300, 300)])
    (shown,) = selectors.publishable_pictures([confirmed], manager)
    assert shown.redaction == newest
    assert (shown.estate, shown.item) == (photo.estate.name, "1.1 公开收费标准")
    assert selectors.publishable_pictures([confirmed], cast.other_clerk) == []
    assert len(selectors.publishable_pictures([confirmed], cast.street_clerk)) == 1


def test_the_record_says_of_each_photo_whether_it_goes_out(
    report: object, other_estate: Estate, estate: Estate, cast: Cast, client_for: SignedIn
) -> None:
    """A photo that was found unusable stands with its order, covered or not: it is not shown."""
    manager = cast.city_manager
    first = report(other_estate, failed=(0,))
    draft = services.inspection_start(estate=estate, actor=cast.inspector, round=first.round)
    items = list(draft.checklist.items.order_by("position"))
    source = picture(shade=0, mark=first.pk)  # as in the first report
    for item, photo_of in ((items[0], source), (items[1], picture(shade=9)), (items[2], None)):
        services.photo_add(
            inspection=draft,
            item=item,
            actor=cast.inspector,
            source=photo_of or picture(shade=40),
        )
    answers = {item.pk: Answer("fail", item.deduction_step, "有问题") for item in items[:3]}
    second = services.inspection_submit(inspection=draft, actor=cast.inspector, answers=answers)
    services.photo_flag_judge(
        flag=PhotoFlag.objects.get(), actor=manager, verdict="unusable", reason="别处的照片"
    )
    order_over(second, cast.inspector)
    services.inspection_confirm(inspection=second, actor=manager)
    reused, plain, _ = EvidencePhoto.objects.filter(result__inspection=second).order_by("pk")
    for photo in (reused, plain):
        services.photo_redact(photo=photo, actor=manager, boxes=[Box(0, 0, 300, 300)])
    page = client_for(manager).get(second.get_absolute_url())
    said = [row["pill"].text for row in page.context["publishing"]]
    assert said == ["照片有疑点，不公开", "已遮挡 1 处", "还没有遮挡"]
    (shown,) = selectors.publishable_pictures([second], manager)
    assert shown.redaction.photo == plain


def test_the_page_keeps_boxes_by_numbers_alone(
    confirmed: Inspection, photo: EvidencePhoto, cast: Cast, client_for: SignedIn
) -> None:
    client = client_for(cast.city_manager)
    url = reverse("inspections:photo-redact", args=[photo.pk])
    assert "还没有遮挡" in text_of(client.get(url))
    blank = {"x": ["", ""], "y": ["", ""], "w": ["", ""], "h": ["", ""]}
    assert "还没有画框" in text_of(client.post(url, blank))
    half = {"x": ["10", ""], "y": ["", ""], "w": ["20", ""], "h": ["20", ""]}
    refused = client.post(url, half)
    assert refused.status_code == 422
    assert "第 1 行须填四个 0 到 1000 的整数" in text_of(refused)
    assert 'value="20"' in refused.content.decode()
    good = {"x": ["10", "500"], "y": ["10", "500"], "w": ["100", "90"], "h": ["100", "90"]}
    both = client.post(url, {**good, "nothing": "1"})
    assert "请先删去全部框" in text_of(both)
    sent = client.post(url, good)
    assert sent["Location"] == confirmed.get_absolute_url() + "#publish"
    assert PhotoRedaction.objects.get().boxes == [[10, 10, 100, 100], [500, 500, 90, 90]]
    record = text_of(client.get(confirmed.get_absolute_url()))
    assert "已遮挡 2 处" in record
    assert "还没有遮挡" in record
    client.post(url, {**blank, "nothing": "1"})
    assert PhotoRedaction.objects.first().boxes == []


def test_the_other_street_gets_no_redaction(
    photo: EvidencePhoto, cast: Cast, client_for: SignedIn
) -> None:
    made = services.photo_redact(photo=photo, actor=cast.city_manager, boxes=[Box(0, 0, 99, 99)])
    for url in (made.get_absolute_url(), made.get_thumbnail_url()):
        assert client_for(cast.other_clerk).get(url).status_code == 404
        answer = client_for(cast.street_clerk).get(url)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "image/jpeg"
    page = reverse("inspections:photo-redact", args=[photo.pk])
    assert client_for(cast.other_clerk).get(page).status_code == 404
    assert client_for(cast.street_clerk).get(page).status_code == 403
