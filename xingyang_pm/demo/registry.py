"""The registry of the demo city: estates, providers, engagements, counts, assignments."""

import datetime as dt
import random
from dataclasses import dataclass, field
from decimal import Decimal

from enterprises.calculations import credit_code_check_digit
from enterprises.choices import FeeUnit, ProviderKind, SelectionMode
from enterprises.models import Engagement, ProjectManager, Provider
from estates.choices import CountStatus, EstateKind, ManagementMode, NameKind
from estates.models import (
    Building,
    Community,
    Estate,
    EstateName,
    HouseholdCount,
    OwnersCommittee,
    StaffAssignment,
    Street,
)
from xingyang_pm.common import clock
from xingyang_pm.common.models import NumberSeries
from xingyang_pm.common.pinyin import initials

from . import names
from .people import Cast

SUOHE, JINGCHENG = "410182001", "410182002"
CENTRES_START = dt.date(2017, 4, 1)  # the article: community centres from 1 April
YIXIN_START = dt.date(2017, 9, 1)  # the article: the firm from 1 September
OWNER_FEE = Decimal("10.00")  # the article: each household pays ¥10 a month
REGISTERED = dt.date(2017, 3, 20)  # the baseline survey of the year


@dataclass
class City:
    """What the later parts of the demo refer to."""

    streets: dict[str, Street]
    firms: list[Provider] = field(default_factory=list)
    centres: dict[int, Provider] = field(default_factory=dict)
    commodity: list[Estate] = field(default_factory=list)
    old: dict[str, list[Estate]] = field(default_factory=dict)
    rural: list[Estate] = field(default_factory=list)

    @property
    def yixin(self) -> Provider:
        return self.firms[0]


def partition(total: int, count: int, rng: random.Random, low: int, high: int) -> list[int]:
    """Return ``count`` whole numbers from ``low`` to ``high`` that add up to ``total``."""
    parts = [rng.randint(low, high) for _ in range(count)]
    step = 1 if sum(parts) < total else -1
    while sum(parts) != total:
        index = rng.randrange(count)
        if low <= parts[index] + step <= high:
            parts[index] += step
    return parts


def spread(total: int, weights: list[int], rng: random.Random) -> list[int]:
    """Return whole numbers near ``weights`` (times chance) that add up to ``total``."""
    raw = [weight * rng.uniform(0.8, 1.25) for weight in weights]
    scale = total / sum(raw)
    parts = [max(6, round(value * scale)) for value in raw]
    while sum(parts) != total:
        index = rng.randrange(len(parts))
        change = 1 if sum(parts) < total else -1
        if parts[index] + change >= 6:
            parts[index] += change
    return parts


class _Codes:
    """Gives codes in order and leaves the series where the portal goes on."""

    def __init__(self, series: str, pattern: str) -> None:
        self.series, self.pattern, self.last = series, pattern, 0

    def next(self) -> str:
        self.last += 1
        return self.pattern.format(self.last)

    def keep(self) -> None:
        NumberSeries.objects.update_or_create(
            series=self.series, year=0, defaults={"last": self.last}
        )


def providers_make(city: City, rng: random.Random) -> None:
    """35 firms, and one service centre for each community of 京城路街道."""
    codes = _Codes("provider", "FW-{:04d}")
    moment = clock.at(REGISTERED)
    surnames = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林罗"
    given = ["建国", "志强", "秀兰", "海涛", "玉梅", "国庆", "丽娟", "文斌", "晓东", "红霞"]

    def person(index: int) -> str:
        return surnames[index % len(surnames)] + given[(index * 7) % len(given)]

    rows = []
    for index, (name, short) in enumerate(names.FIRMS):
        body = f"91410182MA{index + 11:02d}{rng.randrange(10**5):05d}"
        body = body[:17].ljust(17, "0")
        rows.append(
            Provider(
                code=codes.next(),
                kind=ProviderKind.ENTERPRISE,
                name=name,
                short_name=short,
                initials=initials(name),
                credit_code=body + credit_code_check_digit(body),
                registered_address=f"荥阳市索河路{index * 3 + 8}号",
                office_address=f"荥阳市索河路{index * 3 + 8}号",
                registered_capital=Decimal(rng.choice([50, 100, 200, 300, 500])),
                founded_on=dt.date(rng.randint(2002, 2015), rng.randint(1, 12), rng.randint(1, 28)),
                legal_representative=person(index),
                manager_name=person(index + 3),
                phone=f"0371-6466{rng.randrange(10**4):04d}",
                staff_count=rng.randint(20, 180),
                qualification_grade=rng.choice(["二级", "三级", "三级", "三级暂定"]),
                created_at=moment,
                updated_at=moment,
            )
        )
    communities = list(Community.objects.filter(street=city.streets[JINGCHENG]).order_by("code"))
    for index, community in enumerate(communities):
        rows.append(
            Provider(
                code=codes.next(),
                kind=ProviderKind.COMMUNITY_CENTRE,
                name=f"{community.short_name}物业服务中心",
                short_name=f"{community.short_name}服务中心",
                initials=initials(f"{community.short_name}物业服务中心"),
                street=city.streets[JINGCHENG],
                community=community,
                manager_name=person(index + 5),
                phone=f"0371-6467{rng.randrange(10**4):04d}",
                staff_count=rng.randint(4, 15),
                created_at=moment,
                updated_at=moment,
            )
        )
    Provider.objects.bulk_create(rows)
    made = list(Provider.objects.order_by("code"))
    city.firms = [row for row in made if row.kind == ProviderKind.ENTERPRISE]
    city.centres = {row.community_id: row for row in made if row.community_id}
    ProjectManager.objects.bulk_create(
        ProjectManager(
            provider=provider,
            name=person(index + 11),
            phone=f"139{rng.randrange(10**8):08d}",
            certificate=f"豫物经{2010 + index % 7}{index:04d}",
        )
        for index, provider in enumerate(made)
    )
    codes.keep()


def _old_names(street_code: str, count: int, rng: random.Random) -> list[tuple[str, Community]]:
    communities = list(Community.objects.filter(street__code=street_code).order_by("code"))
    fixed = {row[0] for row in names.OLD_FIXED[street_code]}
    pool = [f"{unit}{suffix}" for unit in names.UNITS for suffix in names.UNIT_SUFFIXES]
    places = [
        community.short_name.removesuffix("社区").removesuffix("村") for community in communities
    ]
    pool += [f"{place}{suffix}" for place in places for suffix in names.PLACE_SUFFIXES]
    pool = [name for name in dict.fromkeys(pool) if name not in fixed]
    rng.shuffle(pool)
    chosen = pool[:count]
    by_place = dict(zip(places, communities, strict=True))
    return [
        (
            name,
            next((by_place[place] for place in places if name.startswith(place)), None)
            or rng.choice(communities),
        )
        for name in chosen
    ]


def estates_make(city: City, rng: random.Random) -> None:
    """54 commodity estates, 432 old ones with 1,253 buildings, 37 new rural communities."""
    codes = _Codes("estate", "XQ-{:04d}")
    moment = clock.at(REGISTERED)
    rows: list[Estate] = []
    names_of: list[tuple[int, str]] = []

    def add(**values: object) -> Estate:
        estate = Estate(
            code=codes.next(),
            initials=initials(str(values["name"])),
            created_at=moment,
            updated_at=moment,
            **values,
        )
        rows.append(estate)
        return estate

    communities = {
        code: list(Community.objects.filter(street=street).order_by("code"))
        for code, street in city.streets.items()
    }
    for code, estate_names in names.COMMODITY.items():
        for name in estate_names:
            buildings = rng.randint(4, 22)
            households = buildings * rng.randint(40, 110)
            add(
                kind=EstateKind.COMMODITY,
                name=name,
                street=city.streets[code],
                community=rng.choice(communities[code]),
                address=f"{city.streets[code].name}{rng.choice(['康泰路', '郑上路', '京城路'])}"
                f"{rng.randint(8, 240)}号",
                developer=f"荥阳市{name[:2]}置业有限公司",
                built_year=rng.randint(2004, 2015),
                floor_area=Decimal(households) * rng.randint(95, 128),
                building_count=buildings,
                unit_count=buildings * 3,
                household_count=households,
                occupied_count=households * rng.randint(70, 96) // 100,
                lift_count=buildings * 2 if buildings > 8 else 0,
                parking_above=rng.randint(60, 400),
                parking_below=rng.randint(0, 900),
                property_type=rng.choice(["多层", "高层", "多层、高层"]),
                management_mode=ManagementMode.PROFESSIONAL,
            )
    for code, totals in names.OLD_TOTALS.items():
        fixed = names.OLD_FIXED[code]
        rest = totals["estates"] - len(fixed)
        counts = partition(
            totals["buildings"] - sum(row[2] for row in fixed), rest, rng, low=1, high=7
        )
        households = spread(
            totals["households"] - sum(row[3] for row in fixed), [28 * n for n in counts], rng
        )
        by_name = {community.short_name: community for community in communities[code]}
        chosen = _old_names(code, rest, rng)
        entries = [
            (name, by_name[place], buildings, homes, year)
            for name, place, buildings, homes, year in fixed
        ] + [
            (name, community, counts[i], households[i], rng.randint(1978, 2001))
            for i, (name, community) in enumerate(chosen)
        ]
        for name, community, buildings, homes, year in entries:
            add(
                kind=EstateKind.OLD,
                name=name,
                street=city.streets[code],
                community=community,
                address=f"{community.short_name.removesuffix('社区')}路{rng.randint(2, 180)}号",
                ownership_unit=f"荥阳市{name[:3]}" if name.endswith(("院", "楼")) else "",
                built_year=year,
                renovated_year=rng.randint(2012, 2016),
                floor_area=Decimal(homes) * rng.randint(72, 88),
                building_count=buildings,
                unit_count=buildings * 3,
                household_count=homes,
                management_mode=ManagementMode.PROFESSIONAL
                if code == SUOHE
                else ManagementMode.COMMUNITY,
                has_cleaning=True,
                has_waste_removal=True,
                has_greening=True,
                has_repair=True,
            )
    rural = [
        *((code, name, ManagementMode.PROFESSIONAL, "") for code, name, _ in names.RURAL_WITH_FIRM),
        *(
            (code, name, ManagementMode.VILLAGE, officer)
            for code, name, officer in names.RURAL_WITH_CENTRE
        ),
        *(
            (code, name, ManagementMode.TOWN if index % 4 == 0 else ManagementMode.VILLAGE, "")
            for code, place_names in names.RURAL_OTHERS.items()
            for index, name in enumerate(place_names)
        ),
    ]
    for code, name, mode, officer in rural:
        buildings = rng.randint(8, 30)
        add(
            kind=EstateKind.RURAL,
            name=name,
            street=city.streets[code],
            community=next(
                (
                    community
                    for community in communities[code]
                    if community.short_name.removesuffix("村") in name
                ),
                None,
            ),
            delivered_on=dt.date(rng.randint(2012, 2016), rng.randint(1, 12), 1),
            building_count=buildings,
            household_count=buildings * rng.randint(24, 48),
            floor_area=Decimal(buildings * 4200),
            management_mode=mode,
            has_service_station=bool(officer),
            station_accepted_on=dt.date(2017, 6, 20) if officer else None,
            property_officer=officer,
        )
    Estate.objects.bulk_create(rows)
    codes.keep()
    made = list(Estate.objects.select_related("street", "community").order_by("code"))
    city.commodity = [row for row in made if row.kind == EstateKind.COMMODITY]
    city.rural = [row for row in made if row.kind == EstateKind.RURAL]
    city.old = {
        code: [row for row in made if row.kind == EstateKind.OLD and row.street.code == code]
        for code in names.OLD_TOTALS
    }
    by_name = {row.name: row for row in made}
    names_of = [
        (by_name["成皋花园"].pk, "成皋小区"),
        (by_name["成皋花园"].pk, "棉纺厂家属院"),
        (by_name["铁龙家属院"].pk, "铁路家属院"),
        (by_name["锦绣苑"].pk, "老城锦绣小区"),
    ]
    EstateName.objects.bulk_create(
        EstateName(estate_id=pk, kind=NameKind.FORMER, name=name) for pk, name in names_of
    )
    _buildings_make(made, rng)
    OwnersCommittee.objects.bulk_create(
        OwnersCommittee(
            estate=estate,
            term=2,
            chair="赵建民",
            members=7,
            start_date=dt.date(2016, 5, 1),
            filed_on=dt.date(2016, 5, 20),
        )
        for estate in [by_name["成皋花园"], *city.commodity[::5]]
    )


def _buildings_make(estates: list[Estate], rng: random.Random) -> None:
    rows = []
    for estate in estates:
        if estate.kind == EstateKind.RURAL or not estate.building_count:
            continue
        homes = (
            spread(estate.household_count, [1] * estate.building_count, rng)
            if estate.household_count >= 6 * estate.building_count
            else [estate.household_count // estate.building_count] * estate.building_count
        )
        homes[0] += estate.household_count - sum(homes)
        rows += [
            Building(
                estate=estate,
                name=f"{number}号楼",
                position=number,
                floors=6 if estate.kind == EstateKind.OLD else rng.choice([6, 11, 18]),
                units=3,
                households=homes[number - 1],
                built_year=estate.built_year,
            )
            for number in range(1, estate.building_count + 1)
        ]
    Building.objects.bulk_create(rows, batch_size=2000)


def engagements_make(city: City, rng: random.Random, today: dt.date) -> None:
    """Who serves whom: the article's take-overs, and three-year contracts of the firms."""
    rows = []
    for estate in city.old[JINGCHENG]:
        rows.append(
            Engagement(
                estate=estate,
                provider=city.centres[estate.community_id],
                start_date=CENTRES_START,
                signed_on=dt.date(2017, 3, 28),
                filed_on=dt.date(2017, 4, 6),
                selection_mode=SelectionMode.ENTRUSTED,
                fee_standard=OWNER_FEE,
                fee_unit=FeeUnit.HOUSEHOLD,
                contract_number=f"JCL-2017-{estate.pk:04d}",
                created_at=clock.at(dt.date(2017, 3, 28)),
            )
        )
    changed = clock.add_months(today, -22)  # a dozen estates went over to another firm
    for index, estate in enumerate(city.old[SUOHE]):
        moves = index % 19 == 2 and changed > YIXIN_START
        rows.append(
            Engagement(
                estate=estate,
                provider=city.yixin,
                start_date=YIXIN_START,
                end_date=changed - dt.timedelta(days=1) if moves else None,
                signed_on=dt.date(2017, 8, 25),
                filed_on=dt.date(2017, 9, 4),
                selection_mode=SelectionMode.STREET,
                fee_standard=OWNER_FEE,
                fee_unit=FeeUnit.HOUSEHOLD,
                contract_number=f"SH-2017-{estate.pk:04d}",
                end_reason="街道重新选聘" if moves else "",
                created_at=clock.at(dt.date(2017, 8, 25)),
            )
        )
        if moves:
            rows.append(
                Engagement(
                    estate=estate,
                    provider=city.firms[1],
                    start_date=changed,
                    signed_on=changed - dt.timedelta(days=12),
                    filed_on=changed - dt.timedelta(days=3),
                    selection_mode=SelectionMode.STREET,
                    fee_standard=OWNER_FEE,
                    fee_unit=FeeUnit.HOUSEHOLD,
                    contract_number=f"SH-{changed.year}-{estate.pk:04d}",
                    created_at=clock.at(changed - dt.timedelta(days=12)),
                )
            )
    rows += _commodity_engagements(city, rng, today)
    firm_estates = {name: city.firms[index] for _, name, index in names.RURAL_WITH_FIRM}
    for estate in city.rural:
        if estate.name in firm_estates:
            rows.append(
                Engagement(
                    estate=estate,
                    provider=firm_estates[estate.name],
                    start_date=dt.date(2016, 7, 1),
                    signed_on=dt.date(2016, 6, 20),
                    filed_on=dt.date(2016, 6, 30),
                    selection_mode=SelectionMode.VILLAGE,
                    fee_standard=Decimal("0.30"),
                    fee_unit=FeeUnit.AREA,
                    created_at=clock.at(REGISTERED),
                )
            )
    rows += _rural_self_managed(city, firm_estates)
    managers = {row.provider_id: row for row in ProjectManager.objects.all()}
    for row in rows:
        row.project_manager = managers.get(row.provider_id)
    Engagement.objects.bulk_create(rows, batch_size=500)


def _commodity_engagements(city: City, rng: random.Random, today: dt.date) -> list[Engagement]:
    rows = []
    for index, estate in enumerate(city.commodity):
        firm = (
            city.firms[(index * 2 + 1) % len(city.firms)]
            if index < 35
            else rng.choice(city.firms[2:])
        )
        start = dt.date(2014 + index % 3, 1 + index % 12, 1)
        while start <= today:
            end = clock.add_months(start, 36) - dt.timedelta(days=1)
            latest = end >= today
            signed = start - dt.timedelta(days=20)
            filed: dt.date | None = signed + dt.timedelta(days=rng.randint(3, 14))
            rows.append(
                Engagement(
                    estate=estate,
                    provider=firm,
                    start_date=start,
                    end_date=end,
                    signed_on=signed,
                    filed_on=filed,
                    filing_number=f"荥物备{signed.year}-{index + 1:03d}",
                    selection_mode=SelectionMode.TENDER if index % 2 else SelectionMode.OWNERS,
                    fee_standard=Decimal(rng.choice(["0.80", "1.00", "1.20", "1.45", "1.60"])),
                    fee_unit=FeeUnit.AREA,
                    service_grade=rng.choice(["一级", "二级", "三级"]),
                    contract_number=f"SP-{signed.year}-{index + 1:03d}",
                    created_at=clock.at(max(signed, REGISTERED)),
                )
            )
            if latest and index in (3, 17):
                # One contract just signed and due for filing, one late.
                rows[-1].signed_on = today - dt.timedelta(days=13 if index == 3 else 24)
                rows[-1].filed_on, rows[-1].filing_number = None, ""
            start = end + dt.timedelta(days=1)
    return rows


def _rural_self_managed(city: City, with_firm: dict[str, Provider]) -> list[Engagement]:
    """Village committees and towns run the other 33; each is a provider of its own."""
    codes = _Codes("provider", "FW-{:04d}")
    codes.last = NumberSeries.objects.get(series="provider", year=0).last
    moment = clock.at(REGISTERED)
    providers = []
    for estate in city.rural:
        if estate.name in with_firm:
            continue
        by_town = estate.management_mode == ManagementMode.TOWN
        name = f"{estate.name}{'管理办公室' if by_town else '村民委员会'}"
        providers.append(
            (
                estate,
                Provider(
                    code=codes.next(),
                    kind=ProviderKind.TOWN_OFFICE if by_town else ProviderKind.VILLAGE_COMMITTEE,
                    name=name,
                    short_name=estate.name,
                    initials=initials(name),
                    street=estate.street,
                    community=estate.community,
                    created_at=moment,
                    updated_at=moment,
                ),
            )
        )
    Provider.objects.bulk_create(provider for _, provider in providers)
    codes.keep()
    made = {row.name: row for row in Provider.objects.filter(street__isnull=False)}
    return [
        Engagement(
            estate=estate,
            provider=made[provider.name],
            start_date=estate.delivered_on,
            selection_mode=SelectionMode.VILLAGE,
            created_at=moment,
        )
        for estate, provider in providers
    ]


def counts_make(city: City, cast: Cast) -> None:
    """The verified counts of 2017: entered by the street's clerk, verified by its leader."""
    for code, first in ((JINGCHENG, CENTRES_START), (SUOHE, YIXIN_START)):
        entered, decided = clock.at(first, 9), clock.at(first, 16)
        HouseholdCount.objects.bulk_create(
            HouseholdCount(
                estate=estate,
                effective_month=first,
                households=estate.household_count,
                buildings=estate.building_count,
                evidence_name="户数清册（2017年摸底）",
                entered_by=cast.clerks[code],
                entered_at=entered,
            )
            for estate in city.old[code]
        )
        HouseholdCount.objects.filter(estate__in=city.old[code]).update(
            status=CountStatus.VERIFIED,
            decided_by=cast.leaders[code],
            decided_at=decided,
            opinion="与户数清册一致",
        )


def assignments_make(city: City, cast: Cast, today: dt.date) -> None:
    """In 2017 the 54 estates are assigned; the old and rural ones since two years."""
    officers = cast.inspectors
    rows = []
    switched = clock.add_months(today, -8)
    for index, estate in enumerate(city.commodity):
        first, then = officers[index % 4], officers[(index + 1) % 4]
        ends = index % 9 == 0 and switched > dt.date(2018, 1, 1)
        rows.append(
            StaffAssignment(
                estate=estate,
                officer=first,
                start_date=dt.date(2017, 3, 1),
                end_date=switched - dt.timedelta(days=1) if ends else None,
            )
        )
        if ends:
            rows.append(StaffAssignment(estate=estate, officer=then, start_date=switched))
    since = max(clock.add_months(today, -24), dt.date(2018, 1, 1))
    others = [*city.old[SUOHE], *city.old[JINGCHENG], *city.rural]
    for index, estate in enumerate(others):
        rows.append(
            StaffAssignment(
                estate=estate, officer=officers[index * 4 // len(others)], start_date=since
            )
        )
    StaffAssignment.objects.bulk_create(rows, batch_size=1000)


def registry_make(cast: Cast, rng: random.Random, today: dt.date) -> City:
    """Make the whole registry and return what the later parts refer to."""
    city = City(streets={street.code: street for street in Street.objects.order_by("code")})
    providers_make(city, rng)
    estates_make(city, rng)
    engagements_make(city, rng, today)
    counts_make(city, cast)
    assignments_make(city, cast, today)
    return city
