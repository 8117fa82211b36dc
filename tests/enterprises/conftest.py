"""Two firms and a community centre on 18 November 2026."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from enterprises import services
from enterprises.calculations import credit_code_check_digit
from enterprises.choices import ProviderKind
from enterprises.models import Engagement, Provider
from estates.models import Estate, Street
from xingyang_pm.common import clock

TODAY = dt.date(2026, 11, 18)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"

Engage = Callable[..., Engagement]


def credit_code(body: str) -> str:
    """Return ``body`` (17 characters) with its check digit."""
    return body + credit_code_check_digit(body)


def scan(name: str = "合同.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.fixture
def that_day() -> Iterator[None]:
    with clock.freeze(TODAY):
        yield


@pytest.fixture
def firm(that_day: None, city_manager: User) -> Provider:
    return services.provider_create(
        actor=city_manager,
        kind=ProviderKind.ENTERPRISE,
        name="郑州怡馨物业服务有限公司",
        short_name="怡馨物业",
        credit_code=credit_code("91410182MA3X7K2E9"),
        legal_representative="张利民",
        phone="13803712206",
    )


@pytest.fixture
def rival(that_day: None, city_manager: User) -> Provider:
    """A second firm."""
    return services.provider_create(
        actor=city_manager,
        kind=ProviderKind.ENTERPRISE,
        name="荥阳市惠民物业服务有限公司",
        short_name="惠民物业",
        phone="13903715518、0371-64660001",
    )


@pytest.fixture
def centre(that_day: None, city_manager: User, street: Street) -> Provider:
    return services.provider_create(
        actor=city_manager,
        kind=ProviderKind.COMMUNITY_CENTRE,
        name="龙泉社区物业服务中心",
        street=street,
        community=street.communities.first(),
    )


@pytest.fixture
def engage(that_day: None, city_manager: User) -> Engage:
    """Register a contract: ``engage(estate, firm, end_date=…)``."""

    def make(estate: Estate, provider: Provider, **values: Any) -> Engagement:
        given: dict[str, Any] = {"start_date": dt.date(2026, 1, 1), **values}
        return services.engagement_create(
            estate=estate, provider=provider, actor=city_manager, **given
        )

    return make
