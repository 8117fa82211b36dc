"""A round whose results are in, the bulletin drafted from it, and its way to the signature."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from enterprises.models import Provider
from estates.models import Estate
from inspections.models import InspectionRound
from outreach.models import Bulletin
from outreach.services import bulletins
from tests.inspections.conftest import firm_serving, make_round, report_on
from tests.support.people import Cast
from xingyang_pm.common import clock

TODAY = dt.date(2026, 11, 18)
Act = Callable[..., Bulletin]


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with clock.freeze(TODAY):
        yield


@pytest.fixture
def provider(estate: Estate, other_estate: Estate) -> Provider:
    return firm_serving(estate, other_estate)


@pytest.fixture
def open_round(provider: Provider, cast: Cast) -> InspectionRound:
    """A round over the two estates in which nobody has reported yet."""
    return make_round(cast.city_manager)


@pytest.fixture
def round(
    open_round: InspectionRound, estate: Estate, other_estate: Estate, cast: Cast
) -> InspectionRound:
    """The round with its results: 纺织厂 96 points (2 items failed), 水利局 69.9 (a veto)."""
    report_on(estate, cast.inspector, round=open_round, failed=(0, 2))
    report_on(other_estate, cast.inspector, round=open_round, failed=(3,))
    return open_round


@pytest.fixture
def draft(round: InspectionRound, cast: Cast) -> Bulletin:
    return bulletins.bulletin_draft(round=round, actor=cast.city_manager)


@pytest.fixture
def sent(draft: Bulletin, cast: Cast) -> Bulletin:
    return bulletins.bulletin_submit(bulletin=draft, actor=cast.city_manager)


@pytest.fixture
def issued(sent: Bulletin, cast: Cast) -> Bulletin:
    return bulletins.bulletin_sign(bulletin=sent, actor=cast.bureau_leader)


def brought_to(status: str, round: InspectionRound, cast: Cast) -> Bulletin:
    """Draft a bulletin and bring it to ``status`` by the right people."""
    bulletin = bulletins.bulletin_draft(round=round, actor=cast.city_manager)
    if status in {"review", "issued"}:
        bulletin = bulletins.bulletin_submit(bulletin=bulletin, actor=cast.city_manager)
    if status == "issued":
        bulletin = bulletins.bulletin_sign(bulletin=bulletin, actor=cast.bureau_leader)
    bulletin.refresh_from_db()
    return bulletin


def with_text(bulletin: Bulletin, old: str, new: str) -> list[dict[str, Any]]:
    """Return the bulletin's blocks as the editor sends them, ``old`` replaced by ``new``."""
    return [
        {**block, "text": block["text"].replace(old, new)} if "text" in block else dict(block)
        for block in bulletin.blocks
    ]
