"""Checklists as versioned data, and the built-in set."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from inspections import services
from inspections.choices import ChecklistKind, ChecklistStatus
from inspections.models import Checklist
from tests.inspections.conftest import TODAY, make_checklist
from tests.support.people import Cast
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


# --- The built-in set -------------------------------------------------------------------------


def test_the_built_in_set_loads_and_loads_again(
    city_manager: User, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("load_checklists")
    call_command("load_checklists", "--as", city_manager.username)
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "载入检查表 5 版，已有 0 版没有改动。",
        "载入检查表 0 版，已有 5 版没有改动。",
    ]
    assert Checklist.objects.in_use().count() == 3
    for checklist in Checklist.objects.all():
        assert services.activation_problem(checklist) == ""


def test_the_law_is_cited_from_the_day_it_holds(city_manager: User) -> None:
    services.checklists_load(actor=city_manager)
    lists = Checklist.objects.filter(kind=ChecklistKind.DISCLOSURE)
    before = lists.in_force(dt.date(2017, 8, 1)).get()
    after = lists.in_force(dt.date(2018, 1, 1)).get()
    assert (before.version, after.version) == (1, 2)
    old, new = before.items.get(code="1.1"), after.items.get(code="1.1")
    assert old.legal_basis == "《荥阳市物业服务品质提升年活动实施方案》"
    assert new.legal_basis == "《河南省物业管理条例》第三十九条第（二）项"


def test_the_five_headings_and_the_phone_form(city_manager: User) -> None:
    services.checklists_load(actor=city_manager)
    disclosure = Checklist.objects.in_use().get(kind=ChecklistKind.DISCLOSURE)
    headings = list(dict.fromkeys(disclosure.items.values_list("heading", flat=True)))
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
