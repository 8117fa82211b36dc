"""A small checklist, a firm, a round over the two streets' estates, and pictures."""

import datetime as dt
import hashlib
import io
from collections.abc import Callable
from decimal import Decimal

import pytest
from PIL import ExifTags, Image

from accounts.models import User
from enterprises.choices import ProviderKind
from enterprises.models import Engagement, Provider
from estates.models import Estate
from inspections import services
from inspections.choices import ChecklistKind, CoverageBy, Severity
from inspections.models import (
    Checklist,
    ChecklistItem,
    Inspection,
    InspectionRound,
    RectificationOrder,
)
from inspections.services import Answer, Finding, Upload, Visit
from tests.support.people import Cast
from xingyang_pm.common import clock

TODAY = dt.date(2026, 11, 18)
MakePicture = Callable[..., bytes]
Report = Callable[..., Inspection]


@pytest.fixture(autouse=True)
def _today() -> object:
    with clock.freeze(TODAY):
        yield


def picture(
    size: tuple[int, int] = (400, 300),
    *,
    shade: int = 90,
    kind: str = "JPEG",
    taken: str = "",
    place: tuple[tuple[float, ...], tuple[float, ...]] | None = None,
    orientation: int = 0,
    mark: int = 0,
    scene: int | None = None,
    quality: int = 75,
) -> bytes:
    """Return a small picture with what a camera writes beside it.

    Pictures of another ``shade`` or ``mark`` are other files; they are bare of structure, so that
    none resembles another. A ``scene`` has structure: those of one number look alike.
    """
    image = Image.linear_gradient("L").resize(size).point(lambda v: (v + shade) % 256)
    image = image.convert("RGB")
    image.paste(tuple(mark >> shift & 0x3F for shift in (0, 6, 12)), (0, 0, size[0], size[1] // 4))
    if scene is not None:
        seed = hashlib.sha512(str(scene).encode()).digest() * 2
        tile = Image.new("RGB", (9, 8))
        tile.putdata([(grey,) * 3 for grey in seed[:72]])
        image = tile.resize(size, Image.Resampling.BICUBIC)
    exif = Image.Exif()
    if orientation:
        exif[ExifTags.Base.Orientation] = orientation
    if taken:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    if place:
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        gps[1], gps[2], gps[3], gps[4] = "N", place[0], "E", place[1]
    target = io.BytesIO()
    image.save(target, kind, exif=exif, **({"quality": quality} if kind == "JPEG" else {}))
    return target.getvalue()


@pytest.fixture
def make_picture() -> MakePicture:
    return picture


def make_checklist(actor: User, kind: str = ChecklistKind.CLEANING, **values: object) -> Checklist:
    """Make a checklist of four items (30, 30, 20, 20 points), still in draft."""
    checklist = services.checklist_create(
        actor=actor,
        kind=kind,
        title="城乡清洁检查表",
        effective_from=dt.date(2026, 1, 1),
        **values,
    )
    for heading, text, points, step, more in (
        ("公示栏", "公开收费标准", 30, 2, {"disclosure": "公开收费标准"}),
        ("公示栏", "公开服务内容", 30, 2, {"disclosure": "公开服务内容", "photo_required": False}),
        ("楼道与消防", "楼道无堆物、通道畅通", 20, 2, {"severity": Severity.FORMAL}),
        ("楼道与消防", "电梯运行正常", 20, 20, {"allows_na": True, "is_veto": True}),
    ):
        services.checklist_item_add(
            checklist=checklist,
            actor=actor,
            heading=heading,
            text=text,
            points=Decimal(points),
            deduction_step=Decimal(step),
            bases=[services.Basis("《河南省物业管理条例》第三十九条")],
            phrases=["未公示", "堆放杂物"],
            **more,
        )
    return checklist


@pytest.fixture
def checklist(city_manager: User) -> Checklist:
    """The checklist of four items, in use."""
    return services.checklist_activate(checklist=make_checklist(city_manager), actor=city_manager)


@pytest.fixture
def items(checklist: Checklist) -> list[ChecklistItem]:
    return list(checklist.items.order_by("position"))


def make_provider(code: str = "FW-0001", name: str = "郑州怡馨物业服务有限公司") -> Provider:
    moment = clock.now()
    return Provider.objects.create(
        code=code,
        kind=ProviderKind.ENTERPRISE,
        name=name,
        short_name=name[2:6],
        created_at=moment,
        updated_at=moment,
    )


def engage(estate: Estate, provider: Provider) -> Engagement:
    return Engagement.objects.create(
        estate=estate,
        provider=provider,
        start_date=dt.date(2026, 1, 1),
        created_at=clock.now(),
    )


def firm_serving(*estates: Estate) -> Provider:
    """怡馨物业, which serves ``estates``."""
    made = make_provider()
    for estate in estates:
        engage(estate, made)
    return made


def make_round(
    manager: User,
    checklist: Checklist | None = None,
    start: dt.date = dt.date(2026, 11, 2),
    end: dt.date = dt.date(2026, 11, 25),
) -> InspectionRound:
    """Open a round over all estates that are served; without ``checklist`` by one of four items.

    The clerk of each street is to inspect.
    """
    if checklist is None:
        checklist = services.checklist_activate(checklist=make_checklist(manager), actor=manager)
    return services.round_create(
        actor=manager,
        title="城乡清洁行动",
        checklist=checklist,
        start_date=start,
        end_date=end,
        coverage_by=CoverageBy.STREET,
    )


def report_on(
    estate: Estate,
    actor: User,
    *,
    round: InspectionRound | None = None,
    checklist: Checklist | None = None,
    failed: tuple[int, ...] = (),
    absent: tuple[int, ...] = (),
) -> Inspection:
    """Report an inspection: the items at the places ``failed`` lose their step, with a photo
    each; those at ``absent`` do not apply."""
    inspection = services.inspection_start(
        estate=estate, actor=actor, round=round, checklist=checklist
    )
    items = list(inspection.checklist.items.order_by("position"))
    answers = {items[place].pk: Answer("na") for place in absent}
    for place in failed:
        item = items[place]
        answers[item.pk] = Answer("fail", item.deduction_step, f"{item.text}有问题", 3)
        services.photo_add(
            inspection=inspection,
            item=item,
            actor=actor,
            source=picture(shade=place, mark=inspection.pk),
        )
    return services.inspection_submit(
        inspection=inspection, actor=actor, answers=answers, visit=Visit()
    )


def order_over(
    inspection: Inspection, actor: User, deadline: dt.date | None = None
) -> RectificationOrder:
    """Issue an order over all that failed."""
    results = services.issuable_results(inspection)
    return services.rectification_order_issue(
        inspection=inspection,
        results=results,
        actor=actor,
        legal_basis=services.legal_basis_of(results),
        deadline=deadline,
    )


def serve(order: RectificationOrder, actor: User) -> RectificationOrder:
    """Record that the order was handed over on site today."""
    return services.rectification_serve(
        order=order,
        actor=actor,
        served_on=clock.today(),
        served_to="张利民",
        served_by="张志强、李明轩",
        service_method="on_site",
    )


@pytest.fixture
def provider(estate: Estate, other_estate: Estate) -> Provider:
    return firm_serving(estate, other_estate)


@pytest.fixture
def round(checklist: Checklist, provider: Provider, cast: Cast) -> InspectionRound:
    """An open round over both estates."""
    return make_round(cast.city_manager, checklist)


def make_proof_round(manager: User) -> InspectionRound:
    """Open a round by a list like the four items, by which photos are also kept of what is in
    order: the first item wants one, the second may have one, the third and fourth take none."""
    draft = make_checklist(manager, ChecklistKind.FOUR_HAVES)
    wanted, allowed, *_ = draft.items.order_by("position")
    for item, word in ((wanted, "required"), (allowed, "allowed")):
        services.checklist_item_update(item=item, actor=manager, pass_photo=word)
    return make_round(manager, services.checklist_activate(checklist=draft, actor=manager))


@pytest.fixture
def proof_round(provider: Provider, cast: Cast) -> InspectionRound:
    return make_proof_round(cast.city_manager)


@pytest.fixture
def proof_items(proof_round: InspectionRound) -> list[ChecklistItem]:
    return list(proof_round.checklist.items.order_by("position"))


@pytest.fixture
def report(round: InspectionRound, cast: Cast) -> Report:
    """Report an inspection: ``report(estate, failed=(2,))`` fails the third item."""

    def make(
        estate: Estate,
        actor: User | None = None,
        *,
        failed: tuple[int, ...] = (),
        in_round: bool = True,
    ) -> Inspection:
        return report_on(
            estate,
            actor or cast.inspector,
            round=round if in_round else None,
            checklist=None if in_round else round.checklist,
            failed=failed,
        )

    return make


@pytest.fixture
def order(report: Report, estate: Estate, cast: Cast) -> RectificationOrder:
    """An order over two failed items, not yet served."""
    return order_over(report(estate, failed=(0, 2)), cast.inspector)


@pytest.fixture
def served(order: RectificationOrder, cast: Cast) -> RectificationOrder:
    return serve(order, cast.inspector)


def reply_to(order: RectificationOrder, actor: User, shade: int = 200) -> object:
    """Report every open item of ``order`` as done, with a photo each."""
    items = services.open_items(order)
    return services.rectification_reply(
        order=order,
        actor=actor,
        completed_on=clock.today(),
        responsible="张利民",
        measures={item.pk: "已清理并张贴提示" for item in items},
        photos={
            item.pk: [Upload(picture(shade=shade + place, mark=order.pk))]
            for place, item in enumerate(items)
        },
    )


def recheck_of(
    order: RectificationOrder, actor: User, *, done: bool = True, **values: object
) -> object:
    findings = {
        item.pk: Finding(done, "" if done else "还有两辆电动车")
        for item in services.open_items(order)
    }
    return services.rectification_recheck(
        order=order, actor=actor, checked_on=clock.today(), findings=findings, **values
    )


@pytest.fixture
def replied(served: RectificationOrder, cast: Cast) -> RectificationOrder:
    reply_to(served, cast.street_clerk)
    served.refresh_from_db()
    return served


@pytest.fixture
def closed(replied: RectificationOrder, cast: Cast) -> RectificationOrder:
    recheck_of(replied, cast.inspector)
    replied.refresh_from_db()
    return replied


@pytest.fixture
def failed(replied: RectificationOrder, cast: Cast) -> RectificationOrder:
    """An order that a recheck found not mended."""
    recheck_of(replied, cast.inspector, done=False, new_deadline=dt.date(2026, 11, 30))
    replied.refresh_from_db()
    return replied
