"""The work desk: what waits for whom, the figures counted by hand, plots, lamps, queries."""

import datetime as dt
import json
import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from estates.models import Estate
from inspections.models import InspectionRound, RectificationOrder
from inspections.selectors import round_figures
from subsidies import services as subsidies
from tests.dashboard.conftest import TODAY, City
from tests.inspections.conftest import make_round, order_over, report_on, serve
from tests.subsidies.conftest import make_engagement, make_provider, make_rate, verify_count
from tests.support.pages import text_of
from tests.support.people import Cast
from xingyang_pm.common import clock, desk, periodic
from xingyang_pm.common.models import PeriodicRun
from xingyang_pm.dashboard.selectors import city_view, overdue_orders

ClientFor = Callable[[User], Client]
DESK = reverse("dashboard:desk")


def figures(user: User) -> dict[str, str]:
    """Return value, unit and detail of each key figure by its label."""
    return {one.label: f"{one.value}{one.unit}，{one.detail}" for one in city_view(user).figures}


def order_given(
    cast: Cast, round: InspectionRound, estate: Estate, deadline: dt.date
) -> RectificationOrder:
    """Report one failed item, and issue and serve the order over it."""
    inspection = report_on(estate, cast.inspector, round=round, failed=(0,))
    return serve(order_over(inspection, cast.inspector, deadline), cast.inspector)


# --- What waits for me -----------------------------------------------------------------------

WAITS = {
    "street_clerk": {
        "索河街道 2026年10月补贴申报",
        "2026年10月业主交费",
        "工商局家属院 整改待回复",
        "城乡清洁行动 第1次检查，还有 4 个小区未检查",
        "城乡清洁行动 第2次检查，还有 3 个小区未检查",
    },
    "street_leader": {"无人管理院 户数 31 户，待核定"},
    "other_clerk": {"城乡清洁行动 第1次检查，还有 1 个小区未检查", "2026年10月业主交费"},
    "other_leader": {"京城路街道 2026年10月补贴申报"},
    "inspector": {"水利局家属院 整改通知书待登记送达"},
    "city_manager": {
        "1 份检查记录待确认",
        "3 份检查记录待确认",
        "1 份整改通知书已逾期",
        "水利局家属院 整改通知书待登记送达",
        "无人管理院 户数 31 户，待核定",
        "关于城乡清洁行动第1次检查情况的通报，待送签",
        "2 个街道（乡镇）没有填完2026年10月业主交费",
    },
    "bureau_leader": {"关于城乡清洁行动第2次检查情况的通报，待签发"},
    "finance_officer": {"索河街道 2026年9月补贴申报"},
    "auditor": set(),
}


def test_each_role_finds_its_own_work_and_each_link_opens(city: City, client_for: ClientFor):
    for part, titles in WAITS.items():
        user = city.cast.people[part]
        items = desk.waiting_for(user)
        assert {item.title for item in items} == titles, part
        client = client_for(user)
        response = client.get(DESK)
        assert response.context["waiting_count"] == len(titles)
        shown = response.content.decode()
        for item in items:
            assert item.title in shown
            assert f'href="{item.url.replace("&", "&amp;")}"' in shown
            assert client.get(item.url).status_code == 200, (part, item.url)
        assert ("没有等你办理的事" in shown) == (not titles)


def test_what_is_done_waits_no_more(city: City, client_for: ClientFor):
    leader = client_for(city.cast.bureau_leader)
    url = reverse("outreach:bulletin-sign", args=[city.bulletins["to_sign"].pk])
    assert leader.post(url).status_code == 302
    assert leader.get(DESK).context["waiting_count"] == 0
    clerk = client_for(city.cast.street_clerk)
    url = reverse("subsidies:claim-submit", args=[city.claims["october"].pk])
    assert clerk.post(url, {"opinion": "同意"}).status_code == 302
    assert clerk.get(DESK).context["waiting_count"] == 4
    assert "索河街道 2026年10月补贴申报" in {
        item.title for item in desk.waiting_for(city.cast.street_leader)
    }


def test_the_most_urgent_stands_first_and_says_how_late_it_is(city: City, client_for: ClientFor):
    response = client_for(city.cast.street_clerk).get(DESK)
    due = [item.due for item in response.context["waiting"]]
    assert due == [
        dt.date(2026, 10, 25),
        dt.date(2026, 10, 30),
        dt.date(2026, 11, 10),
        dt.date(2026, 11, 25),
        None,
    ]
    assert response.context["due_today"] == 3
    shown = text_of(response)
    assert "3 件今天到期或已过期" in shown
    assert "不限期" in shown


def test_a_long_list_is_cut_and_shown_whole_when_asked(
    city: City, make_estate, client_for: ClientFor
):
    """Two rounds and six orders, beside the claim and the fees: ten things, eight shown."""
    cast, provider = city.cast, city.estates["广场东院"].engagements.get().provider
    for _ in range(5):
        estate = make_estate()
        make_engagement(estate, provider)
        extra = make_round(cast.city_manager, city.rounds[1].checklist, dt.date(2026, 11, 6))
        order_given(cast, extra, estate, dt.date(2026, 12, 1))
    client = client_for(cast.street_clerk)
    first = client.get(DESK)
    count = first.context["waiting_count"]
    assert count > 8
    assert (len(first.context["waiting"]), first.context["waiting_more"]) == (8, count - 8)
    assert f"还有 {count - 8} 件" in first.content.decode()
    whole = client.get(DESK, {"all": "1"})
    assert (len(whole.context["waiting"]), whole.context["waiting_more"]) == (count, 0)


def test_who_does_no_business_has_no_desk(city: City, client_for: ClientFor):
    admin = client_for(city.cast.system_admin).get(DESK)
    assert (admin.status_code, admin.url) == (302, reverse("accounts:user-list"))
    outsider = client_for(city.cast.outsider)
    ended = outsider.get(DESK, follow=True)
    assert ended.status_code == 403
    assert "家属院" not in ended.content.decode()
    assert outsider.get(reverse("dashboard:statistics")).status_code == 403
    assert Client().get(DESK).status_code == 302


# --- The city at a glance --------------------------------------------------------------------


# The whole city, 索河街道, 京城路街道.
BY_HAND = {
    "老旧小区覆盖": ("80%，4 / 5 个", "75%，3 / 4 个", "100%，1 / 1 个"),
    "纳入补贴户数": ("296户，比上月 +50", "246户，比上月 持平", "50户，比上月 没有上期"),
    "10月应补金额": ("2,840元，扣减 120.00", "2,340元，扣减 120.00", "500元，没有扣减"),
    "检查平均得分": ("86.6分，比上次 −11.4", "95.0分，比上次 −3.0", "69.9分，比上次 没有上期"),
    "整改按期销号": ("100.0%，近 12 月 1 件", "100.0%，近 12 月 1 件", "—，近 12 月 0 件"),
    "逾期未整改": ("1件，比上周 持平", "1件，比上周 持平", "0件，比上周 持平"),
}


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        (0, ("city_manager", "bureau_leader", "auditor")),
        (1, ("street_clerk", "street_leader")),
        (2, ("other_clerk",)),
    ],
)
def test_the_figures_are_those_counted_by_hand(city: City, place: int, parts: tuple[str, ...]):
    """296 = 246 + 50 households; 2,840 = 2,340 + 500; (96 + 94 + 69.9) / 3 = 86.6."""
    for part in parts:
        found = figures(city.cast.people[part])
        assert found == {label: values[place] for label, values in BY_HAND.items()}, part


def test_a_street_office_reads_nothing_of_the_other(city: City, client_for: ClientFor):
    shown = client_for(city.cast.other_clerk).get(DESK).content.decode()
    assert "本街道概况" in shown
    for words in ("索河", "工商局家属院", "2,340", "2,840"):
        assert words not in shown, words


def test_an_empty_city_says_what_is_not_there_yet(cast, street, client_for: ClientFor):
    shown = text_of(client_for(cast.city_manager).get(DESK))
    for words in (
        "没有等你办理的事",
        "没有逾期的整改",
        "还没有补贴申报。每月 1 日开上个月的账。",
        "还没有检查记录。",
        "0 / 0 个",
    ):
        assert words in shown, words


def test_a_mean_is_rounded_as_the_bulletin_rounds_it(
    cast, street, make_estate, client_for: ClientFor
):
    """(98 + 92.5) / 2 = 95.25 is 95.3 on the desk, in the statistics and in the bulletin.

    92.5 is 74 of the 80 points that apply where there is no lift.
    """
    manager, provider = cast.city_manager, make_provider()
    estates = [make_estate(), make_estate()]
    round = make_round(manager)
    for estate in estates:
        make_engagement(estate, provider)
    report_on(estates[0], cast.inspector, round=round, failed=(0,))
    report_on(estates[1], cast.inspector, round=round, failed=(0, 1, 2), absent=(3,))
    assert round_figures(round).average == Decimal("95.3")
    assert figures(manager)["检查平均得分"].startswith("95.3分")
    assert city_view(manager).scores.rows == [("索河街道", "", ["95.3"])]
    response = client_for(manager).get(reverse("dashboard:statistics"))
    assert "95.3" in response.content.decode()


# --- Overdue orders --------------------------------------------------------------------------


def test_the_overdue_are_listed_with_days_and_a_link_that_opens(city: City, client_for: ClientFor):
    client = client_for(city.cast.city_manager)
    response = client.get(DESK)
    (order,) = response.context["overdue"]
    assert (order.estate, order.days, order.problem) == ("工商局家属院", 19, "公开收费标准有问题")
    assert (response.context["overdue_count"], response.context["due_soon"]) == (1, 1)
    assert client.get(order.url).status_code == 200
    shown = text_of(response)
    assert "逾期 19 天" in shown
    assert "一周内还有 1 件到期" in shown
    theirs = client_for(city.cast.other_clerk).get(DESK)
    assert (theirs.context["overdue"], theirs.context["due_soon"]) == ([], 1)


def test_a_deadline_lasts_until_its_day_has_ended(city: City):
    """The order of 京城路 is due on 22 November: overdue from the 23rd, in figure and list."""
    leader = city.cast.other_leader
    for day, late in ((dt.date(2026, 11, 22), "0"), (dt.date(2026, 11, 23), "1")):
        with clock.freeze(day):
            assert figures(leader)["逾期未整改"].startswith(f"{late}件")
            shown, count, _ = overdue_orders(leader)
            assert (str(len(shown)), str(count)) == (late, late)


# --- Plots -----------------------------------------------------------------------------------


def test_behind_each_plot_stands_its_table(city: City, client_for: ClientFor):
    """In 万元: September 0.246; October 0.234 and 0.05."""
    response = client_for(city.cast.city_manager).get(DESK)
    view, shown = response.context["city"], response.content.decode()
    assert [series.name for series in view.money.series] == ["京城路街道", "索河街道"]
    assert view.money.rows == [
        ("26年9月", "", ["0.00", "0.25"]),
        ("10月", "", ["0.05", "0.23"]),
    ]
    assert view.scores.note == "城乡清洁行动 第2次检查，11月"
    assert view.scores.rows == [("索河街道", "", ["95.0"]), ("京城路街道", "", ["69.9"])]
    for chart in (view.money, view.scores):
        table = shown.partition(f'id="chart-{chart.key}-table"')[2].partition("</table>")[0]
        cells = re.findall(r"<td[^>]*>([^<]*)</td>", table)
        assert cells == [cell for label, _, texts in chart.rows for cell in (label, *texts)]
        assert re.findall(r'<th class="num" scope="col">([^<]*)</th>', table) == [
            series.name for series in chart.series
        ]
        # What the script draws is what the table says.
        drawn = json.loads(
            re.search(rf'<script id="{chart.data_id}"[^>]*>(.*?)</script>', shown)[1]
        )
        assert drawn["labels"] == [label for label, _, _ in chart.rows]
        for index, series in enumerate(drawn["series"]):
            said = [f"{value:.{chart.places}f}" for value in series["values"]]
            rounded = [texts[index] for _, _, texts in chart.rows]
            assert said == rounded
    own = city_view(city.cast.street_leader)
    assert [series.name for series in own.money.series] == ["索河街道"]
    assert own.scores.rows == [("索河街道", "", ["95.0"])]


# --- Periodic jobs ---------------------------------------------------------------------------


def lamps(html: str) -> dict[str, tuple[str, str]]:
    """Return the lamp's class and the line of each periodic job by its title."""
    found = re.findall(
        r'<span class="lamp ?(\w*)"></span><div><div class="sm">([^<]*)</div>'
        r'<div class="xs mut tnum">([^<]*)</div>',
        html,
    )
    return {title: (tone, line) for tone, title, line in found}


def test_the_desk_tells_when_each_periodic_job_last_succeeded(city: City, client_for: ClientFor):
    client = client_for(city.cast.street_clerk)
    assert {line for _, line in lamps(client.get(DESK).content.decode()).values()} == {
        "还没有运行过"
    }
    with clock.freeze(dt.datetime(2026, 11, 18, 1, 30, tzinfo=clock.SHANGHAI)):
        periodic.run("verify-ledger")
    run = PeriodicRun.objects.get(name="verify-ledger")
    shown = lamps(client.get(DESK).content.decode())
    assert shown["核对补贴账"] == ("", f"今天 01:30　{run.message}")
    assert shown["开月度补贴申报"] == ("a", "还没有运行过")
    assert set(shown) == {job.title for job in periodic.all_periodic()}


def test_a_failed_job_is_red_and_says_why(cast, street, estate, client_for: ClientFor):
    """Without a rate the month cannot be opened; once there is one, the next run succeeds."""
    client = client_for(cast.city_manager)
    make_engagement(estate, make_provider())
    periodic.run("open-claims")
    run = PeriodicRun.objects.get(name="open-claims")
    assert (run.last_success_at, bool(run.last_failure_at)) == (None, True)
    tone, line = lamps(client.get(DESK).content.decode())["开月度补贴申报"]
    assert (tone, line) == ("r", f"还没有成功过　{run.message}")
    with clock.freeze(TODAY + dt.timedelta(days=1)):
        make_rate(cast.city_manager)
        verify_count(estate, 96, entered_by=cast.street_clerk, by=cast.street_leader)
        periodic.run("open-claims")
    tone, line = lamps(client.get(DESK).content.decode())["开月度补贴申报"]
    assert (tone, line.split("　")[0]) == ("", "11月19日 10:00")
    PeriodicRun.objects.update(last_failure_at=clock.at(TODAY + dt.timedelta(days=2)))
    tone, line = lamps(client.get(DESK).content.decode())["开月度补贴申报"]
    assert (tone, line.split("　")[0]) == ("r", "11月19日 10:00")


# --- Cost ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("part", "most"), [("city_manager", 62), ("street_clerk", 50)])
def test_the_desk_costs_the_same_when_the_city_grows(
    part, most, city: City, make_estate, client_for: ClientFor, assert_constant_queries
):
    cast, client = city.cast, client_for(city.cast.people[part])
    provider = city.estates["广场东院"].engagements.get().provider

    def grow() -> None:
        extra = []
        for number in range(5):
            estate = make_estate(street=city.other_street if number % 2 else city.street)
            make_engagement(estate, provider)
            verify_count(estate, 40, entered_by=cast.street_clerk, by=cast.street_leader)
            extra.append(estate)
        with clock.freeze(dt.date(2026, 10, 15)):
            round = make_round(cast.city_manager, city.rounds[0].checklist, dt.date(2026, 10, 6))
            for estate in extra:
                order_given(cast, round, estate, dt.date(2026, 10, 31))
        for month in (dt.date(2026, 7, 1), dt.date(2026, 8, 1)):
            subsidies.claim_open(street=city.street, month=month, actor=cast.street_clerk)

    def read() -> None:
        cache.clear()
        assert client.get(DESK).status_code == 200

    assert assert_constant_queries(read, grow) <= most
