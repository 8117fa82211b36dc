"""A street's month: old estates in service, verified counts, the rate of 2017."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from accounts.choices import Role
from accounts.models import User
from enterprises.choices import ProviderKind
from enterprises.models import Engagement, Provider
from estates.choices import CountStatus, EstateKind
from estates.models import Estate, HouseholdCount, Street
from subsidies import services
from subsidies.models import ClaimScheme, PayeeAccount, SubsidyClaim, SubsidyRate
from tests.support.people import Cast
from xingyang_pm.common import clock

OCTOBER = dt.date(2026, 10, 1)
NOVEMBER_3 = dt.date(2026, 11, 3)

_codes = count(1)


@pytest.fixture(autouse=True)
def _early_november(request: pytest.FixtureRequest):
    """Let all tests stand on 3 November 2026, when October is being claimed."""
    with clock.freeze(NOVEMBER_3):
        yield


def make_rate(
    actor: User, amount: str = "10.00", since: dt.date = dt.date(2017, 4, 1), **fields: Any
) -> SubsidyRate:
    return services.rate_register(
        amount=Decimal(amount),
        effective_from=since,
        document_title=fields.pop("document_title", "荥阳市老旧小区物业管理补贴办法"),
        document_number=fields.pop("document_number", "荥政办〔2017〕9号"),
        actor=actor,
        **fields,
    )


def make_provider(
    name: str = "郑州怡馨物业服务有限公司", short: str = "郑州怡馨物业", *, account: str = "auto"
) -> Provider:
    """Make a firm with a confirmed account of the number ``account``; without one for ``""``."""
    moment = clock.now()
    serial = next(_codes)
    provider = Provider.objects.create(
        code=f"FW-{serial:04d}",
        kind=ProviderKind.ENTERPRISE,
        name=name,
        short_name=short,
        created_at=moment,
        updated_at=moment,
    )
    if account:
        make_account(provider, f"4100150100005{serial:04d}" if account == "auto" else account)
    return provider


def make_account(
    provider: Provider,
    number: str = "41001501000050003317",
    since: dt.date = dt.date(2017, 3, 1),
    *,
    confirmed: bool = True,
) -> PayeeAccount:
    """Enter an account by finance and let the manager confirm it, on the morning of ``since``."""
    finance = User.objects.with_role(Role.FINANCE_OFFICER).order_by("pk").first()
    manager = User.objects.with_role(Role.BUREAU_MANAGER).order_by("pk").first()
    with clock.freeze(clock.at(min(since, clock.today()), 8)):
        account = services.account_enter(
            provider=provider,
            holder=provider.name,
            bank="建行荥阳支行",
            number=number,
            effective_from=since,
            basis="开户许可证",
            actor=finance,
        )
        if confirmed:
            account = services.account_confirm(account=account, number=number, actor=manager)
    return account


def make_engagement(
    estate: Estate, provider: Provider, start: dt.date = dt.date(2017, 9, 1), **fields: Any
) -> Engagement:
    return Engagement.objects.create(
        estate=estate, provider=provider, start_date=start, created_at=clock.now(), **fields
    )


def verify_count(
    estate: Estate,
    households: int,
    *,
    by: User,
    entered_by: User,
    since: dt.date = dt.date(2017, 1, 1),
    buildings: int = 3,
) -> HouseholdCount:
    """Enter a count by one person and verify it by another, as the registry does."""
    row = HouseholdCount.objects.create(
        estate=estate,
        effective_month=since,
        households=households,
        buildings=buildings,
        evidence_name="户数清册.xlsx",
        entered_by=entered_by,
        entered_at=clock.now(),
    )
    HouseholdCount.objects.filter(pk=row.pk).update(
        status=CountStatus.VERIFIED, decided_by=by, decided_at=clock.now()
    )
    row.refresh_from_db()
    return row


@dataclass
class Month:
    """The scene of most tests: three estates of the street in service, ready to be claimed."""

    cast: Cast
    street: Street
    rate: SubsidyRate
    provider: Provider
    estates: list[Estate]
    counts: list[HouseholdCount]
    engagements: list[Engagement]
    make_estate: Callable[..., Estate]
    extra: dict[str, Any] = field(default_factory=dict)

    def add_estate(
        self,
        households: int | None = 50,
        *,
        street: Street | None = None,
        provider: Provider | None = None,
        start: dt.date | None = dt.date(2017, 9, 1),
        **fields: Any,
    ) -> Estate:
        """Add an old estate; without ``households`` uncounted, without ``start`` unserved."""
        estate = self.make_estate(street=street or self.street, **fields)
        if start is not None:
            make_engagement(estate, provider or self.provider, start)
        if households is not None:
            self.verify(estate, households)
        return estate

    def verify(
        self, estate: Estate, households: int, since: dt.date = dt.date(2017, 1, 1)
    ) -> HouseholdCount:
        own = estate.street_id == self.street.pk
        return verify_count(
            estate,
            households,
            since=since,
            entered_by=self.cast.street_clerk if own else self.cast.other_clerk,
            by=self.cast.street_leader if own else self.cast.other_leader,
        )

    def open(self, month: dt.date = OCTOBER, actor: User | None = None) -> SubsidyClaim:
        return services.claim_open(street=self.street, month=month, actor=actor)

    def brought_to(self, status: str, month: dt.date = OCTOBER) -> SubsidyClaim:
        """Open the claim and bring it to ``status`` by the right people."""
        return bring_to(self.open(month), status, self.cast)


def bring_to(claim: SubsidyClaim, status: str, cast: Cast) -> SubsidyClaim:
    """Bring a draft of the street to ``status`` by the right people."""
    steps = [
        ("submitted", services.claim_submit, cast.street_clerk),
        ("reviewed", services.claim_review, cast.street_leader),
        ("checked", services.claim_check, cast.city_manager),
        ("approved", services.claim_approve, cast.bureau_leader),
    ]
    if status == "draft":
        return claim
    for name, act, actor in steps:
        claim = act(claim=claim, actor=actor, opinion="同意")
        if name == status:
            return claim
    return pay_all(claim, cast.finance_officer)


def pay_all(claim: SubsidyClaim, actor: User, day: dt.date | None = None) -> SubsidyClaim:
    payees = Provider.objects.filter(subsidy_lines__claim=claim).distinct().order_by("code")
    return services.claim_pay(
        claim=claim,
        entries=[
            services.PaymentEntry(payee, f"PZ-{claim.pk}-{index}", day or clock.today())
            for index, payee in enumerate(payees, start=1)
        ],
        actor=actor,
    )


def make_scheme(actor: User, notice_days: int = 0, **fields: Any) -> ClaimScheme:
    """Register a procedure for all months of the tests; without a notice, so that a claim can be
    brought to its end on one day."""
    return services.scheme_register(
        effective_from=fields.pop("since", dt.date(2017, 4, 1)),
        document_title=fields.pop("document_title", "荥阳市老旧小区物业补贴办理规程"),
        notice_days=notice_days,
        actor=actor,
        **fields,
    )


@pytest.fixture
def month(cast: Cast, street: Street, make_estate: Callable[..., Estate]) -> Month:
    """October of 索河街道: 142 + 58 + 46 households, one firm: ¥2,460.00."""
    make_scheme(cast.city_manager)
    provider = make_provider()
    estates = [
        make_estate(name="工商局家属院", code="L0011"),
        make_estate(name="老粮库家属院", code="L0012"),
        make_estate(name="广场东院", code="L0013"),
    ]
    counts = [
        verify_count(estate, households, entered_by=cast.street_clerk, by=cast.street_leader)
        for estate, households in zip(estates, (142, 58, 46), strict=True)
    ]
    return Month(
        cast=cast,
        street=street,
        rate=make_rate(cast.city_manager),
        provider=provider,
        estates=estates,
        counts=counts,
        engagements=[make_engagement(estate, provider) for estate in estates],
        make_estate=make_estate,
    )


def whole_city(month: Month, other_street: Street) -> None:
    """Make the article's full coverage: 432 estates, 1,253 buildings, 35,279 households.

    The three estates of the scene hold 246 households and 9 buildings; the other 429 hold
    35,033 = 429 × 81 + 284 and 1,244 = 429 × 2 + 386.
    """
    for first, number, street in ((0, 233, month.street), (233, 196, other_street)):
        many_estates(
            month,
            number,
            street,
            households=lambda index, first=first: 81 + (first + index < 284),
            buildings=lambda index, first=first: 2 + (first + index < 386),
        )


def many_estates(
    month: Month,
    number: int,
    street: Street | None = None,
    *,
    households: Callable[[int], int] = lambda index: 80,
    buildings: Callable[[int], int] = lambda index: 3,
) -> list[Estate]:
    """Add ``number`` estates in service with verified counts, in a handful of statements."""
    street = street or month.street
    moment = clock.now()
    start = next(_codes)
    for _ in range(number):
        next(_codes)
    estates = Estate.objects.bulk_create(
        Estate(
            code=f"M{start + index:05d}",
            kind=EstateKind.OLD,
            name=f"{street.name}第{start + index}家属院",
            street=street,
            building_count=3,
            household_count=80,
            created_at=moment,
            updated_at=moment,
        )
        for index in range(number)
    )
    HouseholdCount.objects.bulk_create(
        HouseholdCount(
            estate=estate,
            effective_month=dt.date(2017, 1, 1),
            households=households(index),
            buildings=buildings(index),
            entered_by=month.cast.street_clerk,
            entered_at=moment,
        )
        for index, estate in enumerate(estates)
    )
    HouseholdCount.objects.filter(estate__in=estates).update(
        status=CountStatus.VERIFIED, decided_by=month.cast.street_leader, decided_at=moment
    )
    Engagement.objects.bulk_create(
        Engagement(
            estate=estate,
            provider=month.provider,
            start_date=dt.date(2017, 4, 1),
            created_at=moment,
        )
        for estate in estates
    )
    return estates
