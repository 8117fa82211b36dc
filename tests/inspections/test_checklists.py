"""Checklists as versioned data, and the built-in set."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import reverse

from accounts.models import User
from estates.models import Estate
from inspections import selectors, services
from inspections.choices import ChecklistKind, ChecklistStatus
from inspections.models import Checklist, Inspection
from inspections.services.built_in import item_origin
from tests.inspections.conftest import TODAY, make_checklist
from tests.support.pages import text_of
from tests.support.people import Cast
from xingyang_pm.common import clock, triggers
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.models import AuditEntry


def codes(checklist: Checklist) -> list[str]:
    return [f"{item.code} {item.text}" for item in checklist.items.order_by("position")]


def test_items_number_themselves_by_heading(city_manager: User) -> None:
    checklist = make_checklist(city_manager)
    services.checklist_item_add(
        checklist=checklist,
        actor=city_manager,
        heading="公示栏",
        text="公示栏完好",
        points=Decimal(5),
        deduction_step=Decimal(1),
    )
    assert codes(checklist) == [
        "1.1 公开收费标准",
        "1.2 公开服务内容",
        "1.3 公示栏完好",
        "2.1 楼道无堆物、通道畅通",
        "2.2 电梯运行正常",
    ]


def test_an_item_is_taken_out_once(city_manager: User) -> None:
    checklist = make_checklist(city_manager)
    item = checklist.items.order_by("position")[0]
    services.checklist_item_remove(item=item, actor=city_manager)
    with pytest.raises(StaleState, match="已经删去"):
        services.checklist_item_remove(item=item, actor=city_manager)
    assert AuditEntry.objects.filter(verb="checklist.item_remove").count() == 1


def test_items_move_within_their_heading_and_headings_as_a_whole(city_manager: User) -> None:
    checklist = make_checklist(city_manager)
    first, second, third, _ = checklist.items.order_by("position")
    services.checklist_item_move(item=second, actor=city_manager, up=True)
    assert codes(checklist)[:2] == ["1.1 公开服务内容", "1.2 公开收费标准"]
    services.checklist_item_move(item=third, actor=city_manager, up=True)
    assert codes(checklist)[0] == "1.1 楼道无堆物、通道畅通"
    assert codes(checklist)[2] == "2.1 公开服务内容"
    with pytest.raises(BusinessError, match="请刷新后再排序"):
        services.checklist_items_reorder(checklist=checklist, actor=city_manager, order=[first.pk])


def test_an_item_changes_heading_and_goes(city_manager: User) -> None:
    checklist = make_checklist(city_manager)
    first = checklist.items.get(code="1.1")
    moved = services.checklist_item_update(item=first, actor=city_manager, heading="楼道与消防")
    assert moved.code == "2.3"
    services.checklist_item_remove(item=moved, actor=city_manager)
    assert codes(checklist) == [
        "1.1 公开服务内容",
        "2.1 楼道无堆物、通道畅通",
        "2.2 电梯运行正常",
    ]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"points": Decimal(-1)}, "分值不能是负数"),
        ({"points": Decimal(5), "deduction_step": Decimal(0)}, "扣分档须大于零"),
        ({"points": Decimal(5), "deduction_step": Decimal(6)}, "扣分档不能大于分值"),
        ({"text": ""}, "不能为空"),
        ({"phrases": ["长" * 31]}, "最多 30 个字"),
    ],
)
def test_a_wrong_item_gets_its_sentence(
    city_manager: User, values: dict[str, object], says: str
) -> None:
    checklist = make_checklist(city_manager)
    item = {
        "heading": "公示栏",
        "text": "公示栏完好",
        "points": Decimal(5),
        "deduction_step": Decimal(1),
        **values,
    }
    with pytest.raises(BusinessError) as refused:
        services.checklist_item_add(checklist=checklist, actor=city_manager, **item)
    assert says in refused.value.message
    assert checklist.items.count() == 4


def test_points_sum_to_the_full_score_before_it_is_used(city_manager: User) -> None:
    checklist = make_checklist(city_manager)
    item = checklist.items.get(code="1.1")
    services.checklist_item_update(item=item, actor=city_manager, points=Decimal(29))
    with pytest.raises(BusinessError, match="合计 99 分，须等于满分 100 分"):
        services.checklist_activate(checklist=checklist, actor=city_manager)
    empty = services.checklist_create(
        actor=city_manager, kind=ChecklistKind.FIRE, title="消防检查表", effective_from=TODAY
    )
    with pytest.raises(BusinessError, match="还没有检查项目"):
        services.checklist_activate(checklist=empty, actor=city_manager)


def test_a_new_version_replaces_the_one_in_use(checklist: Checklist, city_manager: User) -> None:
    copy = services.checklist_copy_as_new_version(checklist=checklist, actor=city_manager)
    assert (copy.version, copy.items.count(), copy.status) == (2, 4, ChecklistStatus.DRAFT)
    with pytest.raises(BusinessError, match="已有编制中的一版"):
        services.checklist_copy_as_new_version(checklist=checklist, actor=city_manager)
    services.checklist_item_update(
        item=copy.items.get(code="1.1"), actor=city_manager, text="公开收费标准和依据"
    )
    services.checklist_activate(checklist=copy, actor=city_manager)
    checklist.refresh_from_db()
    assert (checklist.status, checklist.retired_on) == (ChecklistStatus.RETIRED, TODAY)
    assert checklist.items.get(code="1.1").text == "公开收费标准"
    yesterday = TODAY - dt.timedelta(days=1)
    assert list(Checklist.objects.in_force(yesterday)) == [checklist]
    assert list(Checklist.objects.in_force(TODAY)) == [copy]


def test_a_version_does_not_begin_before_the_one_it_replaces(
    checklist: Checklist, city_manager: User
) -> None:
    copy = services.checklist_copy_as_new_version(
        checklist=checklist, actor=city_manager, effective_from=checklist.effective_from
    )
    with pytest.raises(BusinessError, match="须晚于现行第1版"):
        services.checklist_activate(checklist=copy, actor=city_manager)


def test_a_used_version_is_closed_to_every_change(checklist: Checklist, city_manager: User) -> None:
    item = checklist.items.get(code="1.1")
    for act in (
        lambda: services.checklist_update(checklist=checklist, actor=city_manager, title="别名"),
        lambda: services.checklist_item_update(item=item, actor=city_manager, text="别的"),
        lambda: services.checklist_item_remove(item=item, actor=city_manager),
        lambda: services.checklist_item_move(item=item, actor=city_manager, up=False),
        lambda: services.checklist_discard(checklist=checklist, actor=city_manager),
        lambda: services.checklist_activate(checklist=checklist, actor=city_manager),
    ):
        with pytest.raises(BusinessError, match="请另立新版"):
            act()


def test_grades_stand_in_order(city_manager: User) -> None:
    with pytest.raises(BusinessError, match="须依次降低"):
        make_checklist(city_manager, excellent_score=Decimal(70))


@pytest.mark.parametrize(
    "part",
    ["street_clerk", "street_leader", "inspector", "bureau_leader", "finance_officer",
     "system_admin", "auditor", "outsider"],
)  # fmt: skip
def test_only_the_manager_makes_checklists(part: str, cast: Cast, checklist: Checklist) -> None:
    actor = cast.people[part]
    for act in (
        lambda: services.checklist_create(
            actor=actor, kind=ChecklistKind.FIRE, title="消防", effective_from=TODAY
        ),
        lambda: services.checklist_copy_as_new_version(checklist=checklist, actor=actor),
        lambda: services.checklist_retire(checklist=checklist, actor=actor),
        lambda: services.checklists_load(actor=actor),
    ):
        with pytest.raises(NotPermitted):
            act()


# --- Headings ---------------------------------------------------------------------------------


def test_headings_are_rows_with_points_of_their_own(city_manager: User) -> None:
    checklist = make_checklist(city_manager)
    first, second = checklist.headings.order_by("position")
    assert [(row.code, row.name) for row in (first, second)] == [
        ("1", "公示栏"),
        ("2", "楼道与消防"),
    ]
    services.checklist_heading_update(heading=first, actor=city_manager, points=Decimal(55))
    with pytest.raises(BusinessError, match="“公示栏”定为 55 分，各项合计 60 分，须相等"):
        services.checklist_activate(checklist=checklist, actor=city_manager)
    services.checklist_heading_update(
        heading=first, actor=city_manager, points=Decimal(60), name="公示"
    )
    services.checklist_heading_move(heading=first, actor=city_manager, up=False)
    assert codes(checklist)[0] == "1.1 楼道无堆物、通道畅通"
    assert codes(checklist)[2] == "2.1 公开收费标准"
    empty = services.checklist_heading_add(checklist=checklist, actor=city_manager, name="绿化")
    with pytest.raises(BusinessError, match="“绿化”下还没有检查项目"):
        services.checklist_activate(checklist=checklist, actor=city_manager)
    with pytest.raises(BusinessError, match="“公示”下还有 2 个项目"):
        services.checklist_heading_remove(heading=first, actor=city_manager)
    with pytest.raises(BusinessError, match="本表已有这个大项"):
        services.checklist_heading_add(checklist=checklist, actor=city_manager, name="公示")
    services.checklist_heading_remove(heading=empty, actor=city_manager)
    used = services.checklist_activate(checklist=checklist, actor=city_manager)
    assert [row.points for row in used.headings.order_by("position")] == [None, Decimal(60)]


def test_a_heading_of_a_used_version_is_closed_to_every_change(
    checklist: Checklist, city_manager: User
) -> None:
    heading = checklist.headings.first()
    for act in (
        lambda: services.checklist_heading_add(
            checklist=checklist, actor=city_manager, name="绿化"
        ),
        lambda: services.checklist_heading_update(heading=heading, actor=city_manager, name="别的"),
        lambda: services.checklist_heading_remove(heading=heading, actor=city_manager),
        lambda: services.checklist_heading_move(heading=heading, actor=city_manager, up=False),
    ):
        with pytest.raises(BusinessError, match="请另立新版"):
            act()


def test_two_versions_are_compared_item_by_item(checklist: Checklist, cast: Cast) -> None:
    manager = cast.city_manager
    copy = services.checklist_copy_as_new_version(checklist=checklist, actor=manager)
    one, two, three, _ = copy.items.order_by("position")
    services.checklist_item_update(
        item=one,
        actor=manager,
        text="公开收费标准和依据",
        points=Decimal(25),
        bases=[services.Basis("《郑州市物业管理条例》第三十八条", dt.date(2021, 10, 1))],
    )
    services.checklist_item_remove(item=two, actor=manager)
    services.checklist_item_move(item=three, actor=manager, up=False)  # the order is no change
    services.checklist_item_add(
        checklist=copy,
        actor=manager,
        heading="楼道与消防",
        text="无飞线充电",
        points=Decimal(35),
        deduction_step=Decimal(5),
    )
    services.checklist_update(checklist=copy, actor=manager, good_score=Decimal(85))
    copy.refresh_from_db()
    found = selectors.compare_checklists(checklist, copy, cast.auditor)
    assert [row.text for row in found.added] == ["无飞线充电"]
    assert [row.text for row in found.dropped] == ["公开服务内容"]
    assert [(row.text, row.fields) for row in found.changed] == [
        (
            "公开收费标准和依据",
            (
                ("检查内容", "公开收费标准", "公开收费标准和依据"),
                ("分值", "30", "25"),
                (
                    "依据",
                    "《河南省物业管理条例》第三十九条",
                    "《郑州市物业管理条例》第三十八条（2021-10-01 起）",
                ),
            ),
        )
    ]
    assert found.marks == [("良好线", "80", "85")]
    assert found.same == 2
    assert checklist.items.count() == 4


# --- The built-in set -------------------------------------------------------------------------


def test_the_built_in_set_loads_and_loads_again(
    city_manager: User, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("load_checklists")
    call_command("load_checklists", "--as", city_manager.username)
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "载入检查表 7 版，已有 0 版没有改动。",
        "载入检查表 0 版，已有 7 版没有改动。",
    ]
    assert set(Checklist.objects.in_use().values_list("kind", flat=True)) == set(
        ChecklistKind.values
    )
    for checklist in Checklist.objects.all():
        assert services.activation_problem(checklist) == ""


@pytest.mark.parametrize(
    ("day", "cited"),
    [
        (
            dt.date(2017, 12, 31),
            ["《荥阳市物业服务品质提升年活动实施方案》",
             "《河南省物业管理条例》（2001年公布、2010年修正）"],
        ),
        (dt.date(2018, 1, 1), ["《河南省物业管理条例》第三十九条第（二）项"]),
        (dt.date(2021, 9, 30), ["《河南省物业管理条例》第三十九条第（二）项"]),
        (
            dt.date(2021, 10, 1),
            ["《河南省物业管理条例》第三十九条第（二）项",
             "《郑州市物业管理条例》第三十八条第（一）项"],
        ),
    ],
)  # fmt: skip
def test_the_law_is_cited_from_the_day_it_holds(
    city_manager: User, day: dt.date, cited: list[str]
) -> None:
    services.checklists_load(actor=city_manager)
    lists = Checklist.objects.filter(kind=ChecklistKind.DISCLOSURE)
    item = lists.in_force(day).get().items.get(code="1.1")
    assert item.bases_on(day) == cited


def test_an_item_without_a_basis_cites_that_of_its_heading(city_manager: User) -> None:
    checklist = make_checklist(city_manager)
    heading = checklist.headings.get(name="公示栏")
    services.checklist_heading_update(
        heading=heading,
        actor=city_manager,
        legal_basis="《河南省物业管理条例》第三十九条",
        valid_from=dt.date(2018, 1, 1),
        valid_to=dt.date(2025, 12, 31),
    )
    item = checklist.items.get(code="1.1")
    services.checklist_item_update(item=item, actor=city_manager, bases=[])
    item = checklist.items.get(code="1.1")
    assert item.bases_on(dt.date(2017, 12, 31)) == []
    assert item.bases_on(dt.date(2018, 1, 1)) == ["《河南省物业管理条例》第三十九条"]
    assert item.bases_on(dt.date(2026, 1, 1)) == []


def test_a_notice_cites_what_was_the_law_on_the_day_of_the_inspection(
    report: Callable[..., Inspection], estate: Estate, checklist: Checklist
) -> None:
    results = services.issuable_results(report(estate, failed=(0, 2)))
    assert services.legal_basis_of(results) == "《河南省物业管理条例》第三十九条"
    law = "《河南省物业管理条例》第三十九条"
    assert [basis.text for basis in results[0].item.bases.all()] == [law]
    results[0].item.bases.all()[0].valid_to = TODAY - dt.timedelta(days=1)
    results[1].item.bases.all()[0].valid_to = TODAY - dt.timedelta(days=1)
    assert services.legal_basis_of(results) == ""


def test_the_five_headings_and_the_phone_form(city_manager: User) -> None:
    services.checklists_load(actor=city_manager)
    disclosure = Checklist.objects.in_use().get(kind=ChecklistKind.DISCLOSURE)
    headings = list(
        dict.fromkeys(disclosure.items.order_by("position").values_list("section__name", flat=True))
    )
    assert headings == [
        "公开服务内容",
        "公开服务标准",
        "公开收费项目",
        "公开收费标准",
        "接受业主监督",
    ]
    cleaning = Checklist.objects.in_use().get(kind=ChecklistKind.CLEANING)
    corridor = cleaning.items.get(code="2.2")
    assert (corridor.text, corridor.points) == ("楼道无堆物、通道畅通", 4)
    assert corridor.phrases == ["堆放杂物", "停放电动车", "占用消防通道"]
    four = Checklist.objects.in_use().get(kind=ChecklistKind.FOUR_HAVES)
    assert [item.text for item in four.items.order_by("position")] == [
        "有清扫保洁", "有垃圾清运", "有绿化养护", "有日常维修", "灯亮", "路平", "水通", "安全",
    ]  # fmt: skip


@pytest.mark.usefixtures("cast")
def test_the_command_says_who_may_load() -> None:
    with pytest.raises(CommandError, match="科室负责人"):
        call_command("load_checklists", "--as", "suohe_jb")
    with pytest.raises(CommandError, match="没有这位用户"):
        call_command("load_checklists", "--as", "nobody")


@pytest.mark.both_databases
def test_checklists_from_before_get_headings_and_bases_of_their_own(
    transactional_db: None,
) -> None:
    """Through the migrations themselves, on rows as an earlier release left them."""
    triggers.remove_all(connection)
    executor = MigrationExecutor(connection)
    executor.migrate([("inspections", "0005_photos_announced_and_contents_kept")])
    old = executor.loader.project_state(
        [("inspections", "0005_photos_announced_and_contents_kept")]
    ).apps
    try:
        office = old.get_model("accounts", "Office").objects.create(code="000", name="房管中心")
        person = old.get_model("accounts", "User").objects.create(
            username="keshi", office=office, created_at=clock.now()
        )
        checklist = old.get_model("inspections", "Checklist").objects.create(
            kind="cleaning", version=1, title="城乡清洁", effective_from=TODAY,
            created_by=person, created_at=clock.now(),
        )  # fmt: skip
        for place, (heading, basis) in enumerate(
            [("公示栏", "《条例》第三十九条"), ("公示栏", ""), ("楼道", "《消防法》")], start=1
        ):
            old.get_model("inspections", "ChecklistItem").objects.create(
                checklist=checklist, position=place, heading=heading, legal_basis=basis,
                code=f"1.{place}", text=f"第{place}项", points=1,
            )  # fmt: skip
        type(checklist).objects.update(status="in_use")
    finally:
        call_command("migrate", verbosity=0)
    made = Checklist.objects.get()
    assert list(made.headings.values_list("position", "code", "name")) == [
        (1, "1", "公示栏"),
        (2, "2", "楼道"),
    ]
    items = made.items.order_by("position")
    assert [(item.heading, item.bases_on(TODAY)) for item in items] == [
        ("公示栏", ["《条例》第三十九条"]),
        ("公示栏", []),
        ("楼道", ["《消防法》"]),
    ]
    assert items[0].origin == item_origin("cleaning", "第1项")
    assert not triggers.missing_names()


def test_what_is_there_or_not_is_asked_so_and_costs_all_its_points(
    city_manager: User, client_for: Callable[[User], Client]
):
    services.checklists_load(actor=city_manager)
    haves = Checklist.objects.in_use().get(kind="four_haves")
    page = client_for(city_manager).get(reverse("inspections:checklist-preview", args=[haves.pk]))
    words = text_of(page)
    assert words.count("没有") >= 4 <= words.count("否")
    item = haves.items.get(text="有清扫保洁")
    assert f'<input type="hidden" name="d-{item.pk}" value="12.5">' in page.content.decode()
    assert f'id="d-{item.pk}"' not in page.content.decode()


def test_what_is_there_is_shown_by_a_photo(city_manager: User) -> None:
    """What the four are is seen; a lamp that shines is not photographed by day."""
    services.checklists_load(actor=city_manager)
    older, newer = Checklist.objects.filter(kind=ChecklistKind.FOUR_HAVES).order_by("version")
    assert (older.retired_on, newer.status) == (newer.effective_from, ChecklistStatus.IN_USE)
    assert set(older.items.values_list("pass_photo", flat=True)) == {"none"}
    wanted = newer.items.order_by("position").values_list("section__name", "pass_photo")
    assert list(wanted) == [("四有标准", "required")] * 4 + [("居民生活要求", "allowed")] * 4
    found = selectors.compare_checklists(older, newer, city_manager)
    assert (len(found.changed), found.added, found.dropped) == (8, [], [])


def test_an_office_that_went_on_by_itself_keeps_its_own_list(city_manager: User) -> None:
    services.checklists_load(actor=city_manager)
    four = Checklist.objects.in_use().get(kind=ChecklistKind.FOUR_HAVES)
    own = services.checklist_copy_as_new_version(checklist=four, actor=city_manager)
    services.checklist_activate(checklist=own, actor=city_manager)
    assert services.checklists_load(actor=city_manager) == (0, 7)
    assert Checklist.objects.in_use().get(kind=ChecklistKind.FOUR_HAVES) == own
