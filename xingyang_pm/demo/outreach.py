"""Training, publicity, demonstration projects, policies and agreements of the demo city.

The year 2017 holds exactly the article's figures; the living present is invented.
"""

import datetime as dt
import random
from decimal import Decimal

from enterprises.choices import AgreementParty
from enterprises.models import AgreementTarget, ResponsibilityAgreement
from outreach.choices import (
    DemonstrationLevel,
    DemonstrationStage,
    PublicityKind,
    TrainingKind,
)
from outreach.services.records import (
    demonstration_record,
    policy_record,
    publicity_record,
    training_record,
)
from subsidies.services.rates import rate_register
from xingyang_pm.common import clock
from xingyang_pm.common.models import NumberSeries

from .people import Cast
from .registry import CENTRES_START, JINGCHENG, SUOHE, City

FIRM_TARGETS = [
    ("依法经营，合同签订 15 日内备案", 10),
    ("四公开一监督公示率 100%", 15),
    ("物业服务质量检查得分不低于 80 分", 25),
    ("整改按期完成率 100%", 15),
    ("投诉按期回复率 100%", 10),
    ("业主满意率不低于 80%", 10),
    ("消防、电梯安全无责任事故", 10),
    ("按要求参加培训，按时报送资料", 5),
]
STREET_TARGETS = [
    ("老旧小区物业管理覆盖率 100%", 25),
    ("四有标准达标率不低于 95%", 20),
    ("每月检查辖区小区并有记录", 15),
    ("投诉按期办结率不低于 95%", 10),
    ("新型农村社区服务站正常运行", 10),
    ("补贴资金按时申报，专款专用", 10),
    ("业委会组建换届指导", 10),
]


def policies_make(cast: Cast) -> None:
    """The documents that the article and the law name."""
    for title, number, issuer, issued, effective, summary in [
        (
            "关于进一步做好我市物业管理工作的意见",
            "荥政〔2017〕12号",
            "荥阳市人民政府",
            dt.date(2017, 3, 20),
            dt.date(2017, 4, 1),
            "明确街道、乡镇物业管理主体责任，老旧小区按纳入服务户数每户每月补贴 10 元。"
            "（文号为演示）",
        ),
        (
            "荥阳市物业服务品质提升年活动实施方案",
            "荥房管〔2017〕8号",
            "荥阳市房管中心",
            dt.date(2017, 3, 28),
            dt.date(2017, 4, 1),
            "开展四公开一监督公示和物业服务品质检查，检查结果印发工作简报。（文号为演示）",
        ),
        (
            "河南省物业管理条例",
            "",
            "河南省人民代表大会常务委员会",
            dt.date(2017, 9, 29),
            dt.date(2018, 1, 1),
            "2017年9月29日通过，2018年1月1日起施行。",
        ),
        (
            "郑州市物业管理条例",
            "",
            "郑州市人民代表大会常务委员会",
            dt.date(2021, 6, 24),
            dt.date(2021, 10, 1),
            "2021年6月24日通过，2021年10月1日起施行。",
        ),
    ]:
        with clock.freeze(issued):
            policy_record(
                actor=cast.manager,
                title=title,
                number=number,
                issuer=issuer,
                issued_on=issued,
                effective_from=effective,
                summary=summary,
            )


def rate_make(cast: Cast) -> None:
    """The article's ¥10 per household and month."""
    with clock.freeze(dt.date(2017, 3, 25)):
        rate_register(
            actor=cast.manager,
            amount=Decimal("10.00"),
            effective_from=CENTRES_START,
            document_title="关于进一步做好我市物业管理工作的意见",
            document_number="荥政〔2017〕12号",
        )


def agreements_make(city: City, cast: Cast, year: int, signed: dt.date, unsigned: int = 0) -> None:
    """The year's agreements with the 35 firms and the 14 streets; the last few not signed yet."""
    rows, parties = [], [*city.firms, *city.streets.values()]
    counters = {"ZRS-Q": 0, "ZRS-J": 0}
    for index, party in enumerate(parties):
        firm = index < len(city.firms)
        series = "ZRS-Q" if firm else "ZRS-J"
        counters[series] += 1
        open_yet = firm and index >= len(city.firms) - unsigned
        rows.append(
            ResponsibilityAgreement(
                year=year,
                party=AgreementParty.PROVIDER if firm else AgreementParty.STREET,
                provider=party if firm else None,
                street=None if firm else party,
                number=f"{series}-{year}-{counters[series]:03d}",
                bureau_signatory=cast.leader.name,
                party_signatory=""
                if open_yet
                else (party.legal_representative if firm else cast.leaders[party.code].name),
                created_by=cast.manager,
                created_at=clock.at(signed),
            )
        )
    ResponsibilityAgreement.objects.bulk_create(rows)
    made = ResponsibilityAgreement.objects.filter(year=year)
    AgreementTarget.objects.bulk_create(
        AgreementTarget(agreement=row, position=position, text=text, points=points)
        for row in made
        for position, (text, points) in enumerate(
            FIRM_TARGETS if row.party == AgreementParty.PROVIDER else STREET_TARGETS, start=1
        )
    )
    # The signature comes last: it freezes an agreement and its targets.
    made.exclude(party_signatory="").update(signed_on=signed)
    for series, last in counters.items():
        NumberSeries.objects.update_or_create(series=series, year=year, defaults={"last": last})


def outreach_2017(city: City, cast: Cast) -> None:
    """Trainings, publicity and demonstration projects exactly as the article counts them."""
    trainings = [
        (
            TrainingKind.SEMINAR,
            "《河南省物业管理条例修订稿》学习讨论会",
            dt.date(2017, 7, 18),
            "荥阳市房管中心会议室",
            "物业服务企业负责人、项目经理",
            0,
            70,
        ),
        (
            TrainingKind.VISIT,
            "示范项目观摩会（上街区江南小镇）",
            dt.date(2017, 8, 10),
            "上街区江南小镇",
            "申报郑州市级示范项目的企业负责人及项目经理",
            5,
            10,
        ),
        (
            TrainingKind.FIRE,
            "高层住宅消防安全管理专题培训",
            dt.date(2017, 8, 24),
            "荥阳市房管中心",
            "高层住宅项目经理、消防安全主管、电工",
            0,
            130,
        ),
    ]
    for kind, title, day, place, audience, firms, people in trainings:
        with clock.freeze(day):
            training_record(
                actor=cast.manager,
                kind=kind,
                title=title,
                held_on=day,
                place=place,
                organiser="荥阳市房管中心",
                audience=audience,
                enterprise_count=firms,
                people_count=people,
            )
    suohe, jingcheng = city.streets[SUOHE], city.streets[JINGCHENG]
    publicity = [
        (
            PublicityKind.POSTER,
            "老旧小区物业管理全覆盖宣传资料",
            dt.date(2017, 4, 20),
            180,
            jingcheng,
        ),
        (PublicityKind.POSTER, "老旧小区物业管理全覆盖宣传资料", dt.date(2017, 8, 28), 220, suohe),
        (PublicityKind.BANNER, "物业服务品质提升年宣传条幅", dt.date(2017, 5, 15), 160, None),
        (PublicityKind.BOARD, "政策法规、文明宣传版面", dt.date(2017, 6, 12), 386, None),
        (PublicityKind.TV_REPORT, "四公开一监督公示情况电视报道", dt.date(2017, 5, 26), 3, None),
        (PublicityKind.TV_REPORT, "端午节社区文化活动电视报道", dt.date(2017, 5, 30), 1, None),
    ]
    for kind, title, day, quantity, street in publicity:
        with clock.freeze(day):
            publicity_record(
                actor=cast.manager,
                kind=kind,
                title=title,
                published_on=day,
                quantity=quantity,
                street=street,
            )
    _demonstrations_2017(city, cast)


def _demonstrations_2017(city: City, cast: Cast) -> None:
    """5 firms apply in 2017; 4 projects of 3 firms are rewarded for their titles of 2016."""
    by_firm: dict[int, list] = {}
    day = dt.date(2017, 6, 1)
    for estate in city.commodity:
        engagement = estate.engagements.on(day).select_related("provider").first()
        if engagement:
            by_firm.setdefault(engagement.provider_id, []).append((estate, engagement.provider))
    several = [rows for rows in by_firm.values() if len(rows) >= 2]
    single = [rows for rows in by_firm.values() if len(rows) == 1]
    winners = [several[0][0], several[0][1], single[0][0], single[1][0]]
    for index, (estate, provider) in enumerate(winners):
        with clock.freeze(dt.date(2017, 9, 18)):
            demonstration_record(
                actor=cast.manager,
                year=2016,
                level=DemonstrationLevel.PROVINCIAL if index == 0 else DemonstrationLevel.MUNICIPAL,
                stage=DemonstrationStage.AWARDED,
                estate=estate,
                provider=provider,
                awarded_on=dt.date(2016, 12, 20),
                rewarded_on=dt.date(2017, 9, 15),
            )
    for estate, provider in [rows[0] for rows in single[2:7]]:
        with clock.freeze(dt.date(2017, 7, 20)):
            demonstration_record(
                actor=cast.manager,
                year=2017,
                level=DemonstrationLevel.MUNICIPAL,
                stage=DemonstrationStage.APPLIED,
                estate=estate,
                provider=provider,
            )


def outreach_present(city: City, cast: Cast, today: dt.date, rng: random.Random) -> None:
    """A few trainings and publicity of the last twelve months."""
    for back, kind, title, people in [
        (10, TrainingKind.SKILLS, "物业项目经理岗位培训", 86),
        (7, TrainingKind.FIRE, "高层住宅消防安全演练", 142),
        (4, TrainingKind.SEMINAR, "郑州市物业管理条例学习会", 75),
        (1, TrainingKind.SKILLS, "老旧小区四有标准培训", 64),
    ]:
        day = clock.add_months(today, -back) + dt.timedelta(days=rng.randint(8, 18))
        if day > today:
            continue
        with clock.freeze(day):
            training_record(
                actor=cast.manager,
                kind=kind,
                title=title,
                held_on=day,
                place="荥阳市房管中心会议室",
                organiser="荥阳市房管中心",
                audience="物业服务企业、社区物业服务中心",
                people_count=people,
            )
    for back, kind, title, quantity in [
        (9, PublicityKind.POSTER, "飞线充电安全提示", 520),
        (6, PublicityKind.BANNER, "城乡清洁行动宣传条幅", 150),
        (3, PublicityKind.BOARD, "四公开一监督宣传版面", 210),
        (2, PublicityKind.TV_REPORT, "老旧小区物业服务电视报道", 2),
    ]:
        day = clock.add_months(today, -back) + dt.timedelta(days=rng.randint(2, 20))
        with clock.freeze(day):
            publicity_record(
                actor=cast.manager, kind=kind, title=title, published_on=day, quantity=quantity
            )
