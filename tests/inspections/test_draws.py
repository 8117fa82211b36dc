"""The public random draw: worked out again by hand, never one's own estate, once, for good."""

import hashlib
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import User
from estates.models import Estate, StaffAssignment
from inspections import selectors, services
from inspections.calculations import DrawImpossible, draw_count, public_draw
from inspections.choices import CoverageBy, DrawShare
from inspections.models import Checklist, InspectionRound, RoundDraw, RoundEstate
from tests.common.pdf_reading import whole_text
from tests.inspections.conftest import TODAY
from tests.inspections.test_papers import printed
from tests.support.doors import refused, sql
from tests.support.pages import text_of
from tests.support.people import Cast
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.models import Reminder

SignedIn = Callable[[User], Client]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- The arithmetic ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "percent", "value", "drawn"),
    [
        (0, True, 50, 0), (1, True, 10, 1), (15, True, 10, 2), (14, True, 10, 1), (25, True, 10, 3),
        (4, True, 100, 4), (3, False, 5, 3), (30, False, 5, 5),
    ],
)  # fmt: skip
def test_at_least_one_of_every_street_that_has_any(
    total: int, percent: bool, value: int, drawn: int
) -> None:
    assert draw_count(total, percent=percent, value=value) == drawn


def test_the_estates_of_a_street_come_by_the_hash_of_seed_and_code() -> None:
    pool = {"A": [f"L{n:04}" for n in range(1, 21)], "B": ["S0001", "S0002"]}
    drawn = public_draw("3 1 1 7", pool, {"zhang": set(), "li": set()}, percent=True, value=20)
    by_hand = sorted(pool["A"], key=lambda code: sha(f"3 1 1 7|{code}"))[:4]
    assert [row.code for row in drawn if row.street == "A"] == by_hand
    assert [row.place for row in drawn] == [1, 2, 3, 4, 1]
    assert drawn[0].key == sha(f"3 1 1 7|{by_hand[0]}")
    again = public_draw(
        "3 1 1 7",
        {street: codes[::-1] for street, codes in reversed(pool.items())},
        {"li": set(), "zhang": set()},
        percent=True,
        value=20,
    )
    assert again == drawn
    other = public_draw("3 1 1 8", pool, {"zhang": set(), "li": set()}, percent=True, value=20)
    assert other != drawn


@pytest.mark.parametrize("seed", ["seed-a", "seed-b", "seed-c", "seed-d", "seed-e", "seed-f"])
def test_nobody_inspects_his_own_and_loads_are_level(seed: str) -> None:
    pool = {street: [f"{street}{n:03}" for n in range(30)] for street in "ABCD"}
    codes = [code for codes in pool.values() for code in codes]
    # Three answer for nearly all, the fourth for nothing: a plain greedy run ends uneven.
    assigned = {
        "p1": set(codes[0::3]), "p2": set(codes[1::3]), "p3": set(codes[2::3]), "p4": set(),
    }  # fmt: skip
    drawn = public_draw(seed, pool, assigned, percent=True, value=50)
    assert all(row.code not in assigned[row.inspector] for row in drawn)
    loads = Counter(row.inspector for row in drawn)
    assert len(drawn) == 60
    assert set(loads.values()) == {15}


def test_loads_are_as_level_as_the_assignments_let_them() -> None:
    # a and b answer for all but x: whatever is drawn of the rest goes to c.
    pool = {"A": ["u", "v", "w", "x"]}
    own = {"a": {"u", "v", "w"}, "b": {"u", "v", "w"}, "c": set()}
    drawn = public_draw("any", pool, own, percent=True, value=100)
    loads = Counter(row.inspector for row in drawn)
    assert loads["c"] == 3
    assert {row.code: row.inspector for row in drawn}["x"] in {"a", "b"}


def test_an_estate_that_all_inspectors_answer_for_stops_the_draw() -> None:
    with pytest.raises(DrawImpossible) as stopped:
        public_draw("s", {"A": ["x"], "B": ["y"]}, {"a": {"x"}}, percent=False, value=1)
    assert stopped.value.codes == ["x"]


# --- The act ----------------------------------------------------------------------------------


@pytest.fixture
def second(make_person: Callable[..., User], cast: Cast) -> User:
    return make_person("zhou", cast.bureau, Role.INSPECTOR)


@pytest.fixture
def drawing(checklist: Checklist, estate: Estate, other_estate: Estate, cast: Cast):
    """A round that waits for its draw; the inspector answers for the street's estate."""
    StaffAssignment.objects.create(estate=estate, officer=cast.inspector, start_date=TODAY)
    return services.round_create(
        actor=cast.city_manager,
        title="双随机抽查",
        checklist=checklist,
        start_date=TODAY,
        end_date=TODAY,
        coverage_by=CoverageBy.DRAW,
    )


def draw(round: InspectionRound, actor: User, **values: object) -> RoundDraw:
    facts = {
        "seed": "体彩 3 1 1",
        "seed_origin": "排列三第26311期",
        "witnesses": "赵红、钱亮",
        "share_by": DrawShare.NUMBER,
        "share": 1,
        "inspectors": services.draw_people(),
        **values,
    }
    return services.round_draw(round=round, actor=actor, **facts)


def test_a_round_is_drawn_in_public_once(
    drawing: InspectionRound, estate: Estate, second: User, cast: Cast
) -> None:
    assert not drawing.coverage.exists()
    made = draw(drawing, cast.city_manager)
    people = dict(drawing.coverage.values_list("estate__code", "inspector__username"))
    assert people["L0001"] == "zhou"  # never the one who answers for it
    assert people["L0002"] == "jiancha"  # and nobody has two while another has none
    assert services.draw_replay(made)
    with pytest.raises(StaleState, match="一个批次只抽一次"):
        draw(drawing, cast.city_manager, seed="另一个种子")
    assert RoundDraw.objects.count() == 1


def test_the_pool_stands_as_it_was(
    drawing: InspectionRound, estate: Estate, second: User, cast: Cast
) -> None:
    made = draw(drawing, cast.city_manager)
    StaffAssignment.objects.filter(estate=estate).update(officer=second)
    Estate.objects.filter(pk=estate.pk).update(name="改了名的院")
    made.refresh_from_db()
    assert services.draw_replay(made)
    assert "纺织厂家属院" in {row.estate for row in selectors.drawn_estates(made)}
    made.seed = "体彩 3 1 2"
    assert not services.draw_replay(made)


def test_one_inspector_and_it_is_his_estate(drawing: InspectionRound, cast: Cast) -> None:
    with pytest.raises(BusinessError) as told:
        draw(drawing, cast.city_manager)
    assert told.value.message == (
        "纺织厂家属院由 张志强 分包，所选检查员中没有别人可查，不能抽取。"
        "请再选一名检查员，或先调整分包。"
    )
    assert not RoundDraw.objects.exists()
    assert not drawing.coverage.exists()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"seed": " 7 "}, "种子至少 4 个字符"),
        ({"witnesses": "赵红"}, "见证人不少于 2 人"),
        ({"share": 0}, "个数至少 1 个"),
        ({"share_by": DrawShare.PERCENT, "share": 101}, "比例须在 1 到 100 之间"),
        ({"seed_origin": ""}, "不能为空"),
        ({"inspectors": []}, "没有检查员"),
        ({"seen": "0" * 64}, "名单在公示后有变动"),
    ],
)
def test_a_draw_that_would_not_stand_is_refused(
    drawing: InspectionRound, second: User, cast: Cast, values: dict[str, object], says: str
) -> None:
    with pytest.raises(BusinessError, match=says):
        draw(drawing, cast.city_manager, **values)
    assert not RoundDraw.objects.exists()


def test_only_the_manager_draws(drawing: InspectionRound, second: User, cast: Cast) -> None:
    for part, actor in cast.people.items():
        if part != "city_manager":
            with pytest.raises(NotPermitted):
                draw(drawing, actor)


def test_a_round_that_waits_for_its_draw_is_not_closed(
    drawing: InspectionRound, second: User, cast: Cast
) -> None:
    with pytest.raises(BusinessError, match="还没有抽取小区"):
        services.round_close(round=drawing, actor=cast.city_manager)


def test_who_steps_in_does_not_inspect_his_own_either(
    drawing: InspectionRound, estate: Estate, second: User, cast: Cast
) -> None:
    made = draw(drawing, cast.city_manager)
    lines = RoundEstate.objects.filter(round=drawing)
    assign = {"round": drawing, "actor": cast.city_manager}
    with pytest.raises(BusinessError, match="不能由本人检查"):
        services.round_estates_assign(
            coverage=lines.filter(estate=estate), inspector=cast.inspector, **assign
        )
    other = lines.exclude(estate=estate)
    services.round_estates_assign(coverage=other, inspector=second, **assign)
    assert [row.now for row in selectors.drawn_estates(made)] == ["", "zhou先生"]
    assert services.draw_replay(made)


@pytest.mark.both_databases
def test_a_draw_resists_every_door(drawing: InspectionRound, second: User, cast: Cast) -> None:
    made = draw(drawing, cast.city_manager)
    says, rows = "公开抽取的结果不能修改或删除", RoundDraw.objects.filter(pk=made.pk)
    table = RoundDraw._meta.db_table
    refused(says, lambda: rows.update(seed="别的种子"))
    refused(says, lambda: rows.update(result=[]))
    refused(says, sql(f"UPDATE {table} SET witnesses = 'x' WHERE id = %s", made.pk))
    refused(says, sql(f"DELETE FROM {table} WHERE id = %s", made.pk))
    with pytest.raises(IntegrityError):
        RoundDraw.objects.create(
            **{
                field.name: getattr(made, field.name)
                for field in made._meta.concrete_fields
                if field.name != "id"
            }
        )


# --- The page and the paper -------------------------------------------------------------------


def test_from_the_form_to_the_result(
    checklist: Checklist,
    estate: Estate,
    other_estate: Estate,
    second: User,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    client = client_for(cast.city_manager)
    facts = {
        "title": "双随机抽查", "checklist": checklist.pk, "start_date": TODAY.isoformat(),
        "end_date": TODAY.isoformat(), "coverage_by": "draw",
    }  # fmt: skip
    made = client.post(reverse("inspections:round-create"), facts)
    round = InspectionRound.objects.get()
    url = reverse("inspections:round-draw", args=[round.pk])
    assert made.url == url
    asked = {
        "share_by": "percent", "share": "60", "inspectors": [cast.inspector.pk, second.pk],
        "do": "preview",
    }  # fmt: skip
    page = client.post(url, asked)
    assert page.status_code == 200
    shown = text_of(page)
    assert "公示名单" in shown
    assert "此项" not in shown  # nothing is asked of the seed yet
    assert not RoundDraw.objects.exists()
    seen = page.context["pool_digest"]
    seed = {"seed": "311 2026", "seed_origin": "当场报数", "witnesses": "赵红、钱亮"}
    late = client.post(url, {**asked, **seed, "do": "", "seen": "f" * 64})
    assert late.status_code == 409
    assert "名单在公示后有变动" in text_of(late)
    done = client.post(url, {**asked, **seed, "do": "", "seen": seen})
    assert done.url == f"{round.get_absolute_url()}?tab=draw"
    result = text_of(client.get(done.url))
    assert "重算一致" in result
    assert "纺织厂家属院" in result
    again = client.post(url, {**asked, **seed, "do": "", "seen": seen})
    assert again.status_code == 409


def test_a_street_sees_its_own_drawn_estates_alone(
    drawing: InspectionRound, second: User, cast: Cast, client_for: SignedIn
) -> None:
    draw(drawing, cast.city_manager)
    printed("round-draw")
    url = f"{drawing.get_absolute_url()}?tab=draw"
    own, other = (text_of(client_for(cast.people[part]).get(url)) for part in
                  ("street_clerk", "other_clerk"))  # fmt: skip
    assert "纺织厂家属院" in own
    assert "水利局家属院" not in own
    assert "纺织厂家属院" not in other
    paper = reverse("inspections:round-draw-paper", args=[drawing.pk])
    assert client_for(cast.auditor).get(paper).status_code == 200
    assert client_for(cast.street_clerk).get(paper).status_code == 404
    assert "抽查结果表" not in own


def test_the_paper_holds_all_that_a_replay_needs(
    drawing: InspectionRound, second: User, cast: Cast
) -> None:
    made = draw(drawing, cast.city_manager)
    text = "".join(whole_text(printed("round-draw")).split())
    for part in (
        "双随机抽查第1次检查双随机抽查结果", "体彩311", "排列三第26311期", "赵红、钱亮",
        "张志强（jiancha）", "zhou先生（zhou）", made.digest, services.pool_digest(made.pool),
        made.result[0]["key"][:12], "L0001纺织厂家属院（jiancha）", "怎样重算", "SHA-256",
        "抽取人：",
    ):  # fmt: skip
        assert part in text, part
    made.refresh_from_db()
    assert made.pdf.open("rb").read().startswith(b"%PDF")


# --- Who is left ------------------------------------------------------------------------------


def test_who_still_has_to_go(
    round: InspectionRound, report: Callable[..., object], estate: Estate, cast: Cast
) -> None:
    left = selectors.left_by_inspector(round)
    assert [(row.name, row.left) for row in left] == [("赵雪梅", 1), ("王秀兰", 1)]
    report(estate, cast.street_clerk)
    assert [(row.name, row.left) for row in selectors.left_by_inspector(round)] == [("赵雪梅", 1)]
    own = selectors.work_by_inspector(round, cast.street_clerk)
    assert [(row.name, row.covered, row.inspected) for row in own] == [("王秀兰", 1, 1)]
    RoundEstate.objects.filter(round=round).exclude(estate=estate).update(inspector=None)
    assert selectors.left_by_inspector(round) == []
    assert [row.name for row in selectors.work_by_inspector(round)] == ["未安排", "王秀兰"]


def test_the_late_are_reminded_once_a_day(
    round: InspectionRound,
    report: Callable[..., object],
    estate: Estate,
    cast: Cast,
    client_for: SignedIn,
) -> None:
    report(estate, cast.street_clerk)
    manager = client_for(cast.city_manager)
    assert "提醒未查的 1 人" in text_of(manager.get(round.get_absolute_url()))
    url = reverse("inspections:round-remind", args=[round.pk])
    assert "赵雪梅 1 个还没有检查" in text_of(manager.get(url))
    assert "已提醒 1 人" in text_of(manager.post(url, follow=True))
    assert "没有重复发" in text_of(manager.post(url, follow=True))
    [told] = Reminder.objects.filter(sent=True)
    assert (told.recipient, told.title) == (
        cast.other_clerk, "城乡清洁行动 第1次检查，还有 1 个小区未检查",
    )  # fmt: skip
    assert client_for(cast.other_clerk).post(url).status_code == 403
