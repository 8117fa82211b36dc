"""The loop of rectification as five people do it: clerk, inspector, manager, the firm by its signed
link, and a second inspector who rechecks.

Two estates fail the same item. The first order is printed, served, extended, answered by the firm,
rechecked and closed; the second is not obeyed and goes to the enforcing organ. Only the ground is
laid by hand. A real Celery worker sets the papers.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.choices import Role
from accounts.models import User
from enterprises.models import CreditEvent
from estates.models import Estate
from inspections import services
from tests.inspections.conftest import engage, make_checklist, make_provider, picture
from tests.journeys.test_month import Trail, follow, go, paper, press, said, squeezed, status
from tests.support.browser import assert_readable
from tests.support.people import Cast, MakeUser
from tests.support.processes import Started, wait_until
from tests.support.territory import MakeEstate
from xingyang_pm.common import clock

pytestmark = [
    pytest.mark.browser,
    pytest.mark.worker,
    pytest.mark.django_db(transaction=True),
]

FIRST, SECOND = "纺织厂家属院", "老粮库家属院"
FIRM = "郑州怡馨物业服务有限公司"
ORGAN = "荥阳市城市管理局"
FAILED = "楼道无堆物、通道畅通"
PROBLEM = "二单元楼道堆放杂物"
LINK = re.compile(r"https://wygl\.test(/r/\d+~[\w-]{22}\.[\w-]{43}/)")
# What of these was opened must not exist for the other street.
MET = {
    "inspections:order-issue",
    "inspections:order-detail",
    "inspections:extension-decide",
    "inspections:order-recheck",
    "inspections:order-reply",
    "inspections:interview-call",
    "inspections:interview-record",
    "inspections:handover-make",
    "inspections:handover-feedback",
}


@dataclass
class People:
    """The pages of the five, and of the other street's clerk."""

    clerk: Page
    inspector: Page
    manager: Page
    firm: Page
    rechecker: Page
    other: Page


@pytest.fixture
def second_inspector(make_person: MakeUser, cast: Cast) -> User:
    return make_person("fucha", cast.bureau, Role.INSPECTOR)


@pytest.fixture
def ground(cast: Cast, celery_worker: Started, estate: Estate, make_estate: MakeEstate) -> None:
    """Two estates of the street, served by one firm; a checklist in use."""
    firm = make_provider(name=FIRM)
    for place in (estate, make_estate(name=SECOND)):
        engage(place, firm)
    checklist = make_checklist(cast.city_manager)
    services.checklist_activate(checklist=checklist, actor=cast.city_manager)


@pytest.fixture
def photo(tmp_path: Path) -> Callable[[str, int], Path]:
    def make(name: str, shade: int) -> Path:
        path = tmp_path / name
        path.write_bytes(
            picture((1600, 1200), shade=shade, taken=f"{clock.now():%Y:%m:%d} 09:30:00")
        )
        return path

    return make


Photo = Callable[[str, int], Path]


def test_five_people_close_one_order_and_hand_over_another(
    desktop: Callable[..., Page],
    phone: Callable[..., Page],
    ground: None,
    cast: Cast,
    second_inspector: User,
    photo: Photo,
) -> None:
    trail = Trail()
    people = People(
        clerk=trail.follow(phone(cast.street_clerk)),
        inspector=trail.follow(desktop(cast.inspector)),
        manager=trail.follow(desktop(cast.city_manager)),
        firm=phone(),
        rechecker=trail.follow(desktop(second_inspector)),
        other=desktop(cast.other_clerk),
    )
    for place, shade in ((FIRST, 40), (SECOND, 90)):
        _inspect(people.clerk, place, photo(f"{shade}.jpg", shade))
    _close_the_first(people, photo, second_inspector)
    _hand_over_the_second(people, photo, second_inspector)
    _nothing_for_the_other_street(people.other, trail)


def _inspect(page: Page, place: str, before: Path) -> None:
    """Report an inspection outside any round in which one item fails."""
    page.goto("/inspections/new/")
    page.get_by_role("textbox", name="小区").fill(place)
    page.get_by_label("检查表").select_option(index=1)
    press(page, "开始检查")
    page.get_by_role("radiogroup", name=re.compile(FAILED)).get_by_text("不合格").click()
    page.get_by_label("问题描述").locator("visible=true").fill(PROBLEM)
    page.get_by_label(re.compile(f"^从相册选照片.*{FAILED}")).set_input_files(before)
    said(page, "至少 1 张，已拍 1 张")
    press(page, "填完上报")
    said(page, "房管中心已收到")


def _order(page: Page, place: str) -> tuple[str, str]:
    """Issue a formal order and record its delivery; return its number and the printed link."""
    page.goto("/inspections/")
    follow(page, place)
    follow(page, "下达整改通知书")
    expect(page.get_by_label("责令限期整改通知书")).to_be_checked()
    page.get_by_label("整改期限").fill(f"{clock.today():%Y-%m-%d}")
    press(page, "下达整改")
    found = re.search(r"已下达 (\S+?)，正在排版", page.locator("body").inner_text())
    assert found
    page.get_by_label("签收人").fill("张利民")
    page.get_by_label("送达人").fill("张志强、李明轩")
    press(page, "登记送达")
    said(page, f"{found[1]} 已登记送达")
    # It was set once when it was issued, and is set again with its receipt.
    wait_until(
        lambda: "张利民" in squeezed(paper(page, "打印通知书")), seconds=60, what="the receipt"
    )
    notice = squeezed(paper(page, "打印通知书"))
    for words in (place, FIRM, PROBLEM, "责令限期整改通知书", "送达回证", "存根联", "张利民"):
        assert words in notice
    link = LINK.search(notice)
    assert link, notice
    return found[1], link[1]


def _open(page: Page, number: str) -> None:
    page.goto("/")
    go(page, "整改", "限期整改通知书")
    follow(page, number)


def _close_the_first(people: People, photo: Photo, second: User) -> None:
    number, link = _order(people.inspector, FIRST)
    firm = people.firm
    firm.goto(link)
    said(firm, FIRST)
    said(firm, PROBLEM)
    shown = firm.get_by_role("img", name=re.compile(FAILED)).first
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("image => image.naturalWidth") > 0
    assert_readable(firm)

    # It needs more time, and gets it.
    follow(firm, "申请延期")
    later = clock.add_months(clock.today(), 2)
    firm.get_by_label("申请延至").fill(f"{later:%Y-%m-%d}")
    firm.get_by_label("原因").fill("货架要请厂家拆运")
    firm.get_by_label("填报人").fill("张利民")
    firm.get_by_label("联系电话").fill("13800138000")
    press(firm, "申请延期")
    said(firm, "延期申请已收到")
    _open(people.inspector, number)
    follow(people.inspector, "审批延期")
    people.inspector.get_by_label("准予延期").check()
    press(people.inspector, "登记审批")
    said(people.inspector, "已准予延期")

    # The firm answers by the link, on its phone.
    firm.goto(link)
    said(firm, "原定")
    follow(firm, "填写整改回复")
    assert_readable(firm)
    firm.get_by_label("整改措施").fill("已清理楼道并张贴提示")
    firm.get_by_label("整改后照片").set_input_files([photo("a.jpg", 200), photo("b.jpg", 210)])
    firm.get_by_label("责任人").fill("张利民")
    firm.get_by_label("填报人").fill("张利民")
    firm.get_by_label("联系电话").fill("13800138000")
    press(firm, "上报整改回复")
    said(firm, "整改回复已收到")
    said(firm, "待复查")

    # The manager names who rechecks; this person does, and closes it.
    _open(people.manager, number)
    said(people.manager, "已清理楼道并张贴提示")
    people.manager.get_by_label("复查人", exact=True).select_option(label=str(second))
    people.manager.get_by_label("同行复查人").fill("李明轩")
    press(people.manager, "安排复查")
    said(people.manager, f"已安排 {second}")
    _recheck(people.rechecker, number, done=True)
    said(people.rechecker, f"{number} 整改到位，已销号。")
    opinion = squeezed(paper(people.rechecker, "复查意见书"))
    assert "均已整改到位，予以销号" in opinion
    firm.goto(link)
    said(firm, "已销号")
    assert "填写整改回复" not in firm.content()

    _all_steps(
        people.manager,
        number,
        ["签发责令限期整改通知书", "登记送达", "通过签名链接 打开整改单", "通过签名链接 申请延期",
         "准予延期", "通过签名链接 回复整改 1 项，照片 2 张", "安排", "予以销号"],
    )  # fmt: skip


def _recheck(page: Page, number: str, *, done: bool) -> None:
    _open(page, number)
    follow(page, "登记复查结果")
    page.get_by_label("整改到位" if done else "整改不到位", exact=True).check()
    page.get_by_label("同行复查人").fill("李明轩")
    if not done:
        page.get_by_label("复查情况").fill("杂物还在")
        soon = clock.add_months(clock.today(), 1)
        page.get_by_label("新的整改期限").fill(f"{soon:%Y-%m-%d}")
    press(page, "登记复查结果")


def _hand_over_the_second(people: People, photo: Photo, second: User) -> None:
    number, _ = _order(people.inspector, SECOND)
    clerk, manager = people.clerk, people.manager
    _open(clerk, number)
    follow(clerk, "填报整改回复")
    clerk.get_by_label("整改措施").fill("已通知住户")
    clerk.get_by_label("整改后照片").set_input_files(photo("c.jpg", 150))
    clerk.get_by_label("责任人").fill("张利民")
    press(clerk, "上报回复")
    _recheck(people.rechecker, number, done=False)
    said(people.rechecker, "已退回重改")

    _open(manager, number)
    follow(manager, "约谈")
    manager.get_by_label("约谈时间").fill(f"{clock.today().year + 1}-01-15T09:30")
    manager.get_by_label("约谈地点").fill("房管中心二楼会议室")
    press(manager, "发出约谈通知书")
    assert "房管中心二楼会议室" in squeezed(paper(manager, "约谈通知书"))
    follow(manager, "登记约谈记录")
    manager.get_by_label("记录人").fill("张志强")
    manager.get_by_label("参加人").fill("张利民")
    manager.get_by_label("企业表态").fill("三日内清走")
    manager.get_by_label("整改要求").fill("清走全部杂物")
    manager.get_by_label("整改期限").fill(f"{clock.add_months(clock.today(), 1):%Y-%m-%d}")
    press(manager, "登记约谈记录")
    assert "三日内清走" in squeezed(paper(manager, "约谈记录"))

    follow(manager, "移交执法")
    manager.get_by_label("接收机关").fill(ORGAN)
    press(manager, "移交执法")
    said(manager, f"已移交{ORGAN}")
    expect(manager.get_by_role("heading", level=1)).to_contain_text("已移交")
    letter = squeezed(paper(manager, "移送函"))
    for words in ("案件移送函", ORGAN, FIRM, squeezed(number)):
        assert words in letter
    follow(manager, "登记处理结果")
    manager.get_by_label("处理结果").fill("责令改正，罚款一万元")
    manager.get_by_label("处理文书文号").fill("荥城罚〔2026〕31号")
    press(manager, "登记处理结果")
    said(manager, "处理结果已登记")

    _all_steps(
        manager,
        number,
        ["签发责令限期整改通知书", "登记送达", "回复整改 1 项", "1 项整改不到位", "发出约谈通知书",
         "登记约谈记录", f"移交{ORGAN}", f"登记{ORGAN}处理结果"],
    )  # fmt: skip
    told = CreditEvent.objects.order_by("pk").values_list("kind", flat=True)
    assert list(told) == ["recheck_failed", "transferred"]
    manager.goto(f"{CreditEvent.objects.first().provider.get_absolute_url()}?tab=credit")
    said(manager, "移交执法")


def _all_steps(page: Page, number: str, steps: list[str]) -> None:
    """Expect every step on the order's timeline, in the order in which it was done."""
    _open(page, number)
    follow(page, re.compile("^经过$"))
    shown = page.locator(".tline").inner_text()
    places = [shown.find(step) for step in steps]
    assert -1 not in places, (steps, shown)
    assert places == sorted(places, reverse=True), "the newest stands first"


def _nothing_for_the_other_street(page: Page, trail: Trail) -> None:
    objects = trail.objects()
    assert set(objects.values()) >= MET
    for path, name in sorted(objects.items()):
        assert status(page, path) == 404, f"the other street is shown {name} at {path}"
        assert not any(place in page.content() for place in (FIRST, SECOND))
