"""The office's month as its people do it: by clicking and typing, each on a page of the own.

Only the ground is laid by hand (streets, estates, contracts, verified counts, the rate, the
checklist). A real Celery worker sets the papers.
"""

import io
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import openpyxl
import pytest
from django.urls import resolve
from playwright.sync_api import Page, expect

from accounts.models import User
from enterprises.models import Provider
from estates.models import Estate
from inspections import services
from tests.inspections.conftest import make_checklist, picture
from tests.matrix.test_matrix import ALL, rule_of
from tests.subsidies.conftest import (
    make_engagement,
    make_provider,
    make_rate,
    make_scheme,
    verify_count,
)
from tests.support.people import Cast
from tests.support.processes import Started, wait_until
from tests.support.territory import MakeEstate
from xingyang_pm.common import clock

pytestmark = [
    pytest.mark.browser,
    pytest.mark.worker,
    pytest.mark.django_db(transaction=True),
]

FIRST, SECOND = "纺织厂家属院", "老粮库家属院"
FAILED = "楼道无堆物、通道畅通"
PROBLEM = "二单元楼道堆放杂物"
MEASURE = "已清理楼道并张贴提示"
# 142 and 58 households at 10.00 yuan, 30.50 taken off the second.
HOUSEHOLDS = {FIRST: 142, SECOND: 58}
AMOUNTS = {FIRST: Decimal("1420.00"), SECOND: Decimal("549.50")}
TOTAL = Decimal("1969.50")
CAPITAL = "壹仟玖佰陆拾玖元伍角整"
# Whatever of these a person opened must not exist for the other street.
MET = {
    "inspections:entry",
    "inspections:inspection-receipt",
    "inspections:inspection-detail",
    "inspections:order-issue",
    "inspections:order-detail",
    "inspections:order-reply",
    "inspections:order-recheck",
    "subsidies:claim-detail",
    "subsidies:claim-submit",
    "subsidies:line-deduct",
    "subsidies:claim-review",
    "subsidies:claim-check",
    "subsidies:claim-approve",
    "subsidies:claim-pay-many",
}


@dataclass
class Trail:
    """The addresses of all pages that the people of the month came by."""

    paths: set[str] = field(default_factory=set)

    def follow(self, page: Page) -> Page:
        page.on("framenavigated", lambda frame: self.paths.add(urlsplit(frame.url).path))
        return page

    def objects(self) -> dict[str, str]:
        """Return the paths that name an object of one street, with the names of their URLs."""
        rules = {address.name: rule_of(address) for address in ALL if address.arguments}
        named = {path: resolve(path).view_name for path in self.paths if path.startswith("/")}
        return {
            path: name
            for path, name in named.items()
            if name in rules and rules[name] and rules[name].scope in {"street", "own"}
        }


@pytest.fixture
def city(
    cast: Cast,
    celery_worker: Started,
    estate: Estate,
    other_estate: Estate,
    make_estate: MakeEstate,
) -> dict[str, Provider]:
    """Two estates of the street, one of the other, all served and counted; their two firms."""
    firms = {
        FIRST: make_provider("郑州怡馨物业服务有限公司", "郑州怡馨物业"),
        SECOND: make_provider("河南安居物业管理有限公司", "河南安居物业"),
    }
    for place, households, firm, clerk, leader in (
        (estate, HOUSEHOLDS[FIRST], firms[FIRST], cast.street_clerk, cast.street_leader),
        (
            make_estate(name=SECOND),
            HOUSEHOLDS[SECOND],
            firms[SECOND],
            cast.street_clerk,
            cast.street_leader,
        ),
        (other_estate, 46, firms[FIRST], cast.other_clerk, cast.other_leader),
    ):
        make_engagement(place, firm)
        verify_count(place, households, entered_by=clerk, by=leader)
    # A month in one day: the notice has tests of its own.
    make_scheme(cast.city_manager)
    make_rate(cast.city_manager)
    checklist = make_checklist(cast.city_manager)
    services.checklist_activate(checklist=checklist, actor=cast.city_manager)
    return firms


@pytest.fixture
def photo(tmp_path: Path) -> Callable[[str, int], Path]:
    """Make a photo as a phone takes it, with the moment in it."""

    def make(name: str, shade: int) -> Path:
        path = tmp_path / name
        taken = f"{clock.now():%Y:%m:%d} 09:30:00"
        path.write_bytes(picture((1600, 1200), shade=shade, taken=taken))
        return path

    return make


# --- what a hand does ---------------------------------------------------------------------------


def go(page: Page, section: str, item: str) -> None:
    """Choose ``item`` under ``section`` of the main menu, through the drawer on a phone."""
    menu = page.get_by_role("navigation", name="主菜单")
    burger = page.get_by_role("button", name="主菜单", exact=True)
    link = menu.get_by_role("link", name=re.compile(rf"^{item}\s*\d*$"))
    for step in (menu.get_by_title(section, exact=True), link):
        if burger.is_visible():
            burger.click()
        step.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(item)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()


def follow(page: Page, name: str | re.Pattern[str]) -> None:
    exact = isinstance(name, str)
    page.locator("main").get_by_role("link", name=name, exact=exact).first.click()
    page.wait_for_load_state()


def said(page: Page, words: str) -> None:
    """Expect ``words`` among what the portal says after an act."""
    expect(page.locator("body")).to_contain_text(words)


def paper(page: Page, label: str) -> str:
    """Wait until the worker has set the paper, open it, and return its text."""
    link = page.locator("main").get_by_role("link", name=label, exact=True).first

    def is_there() -> bool:
        page.reload()
        return link.count() > 0

    wait_until(is_there, seconds=60, what=f"“{label}” from the worker")
    # Chromium shows a PDF in a viewer of its own; the file is asked for as the viewer asks.
    answer = page.context.request.get(link.get_attribute("href"))
    assert answer.ok
    assert answer.headers["content-type"] == "application/pdf"
    done = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=answer.body(), capture_output=True, check=True
    )
    return done.stdout.decode()


def status(page: Page, path: str) -> int:
    answer = page.goto(path)
    assert answer is not None
    return answer.status


def squeezed(text: str) -> str:
    """Return ``text`` without blanks, since a paper spreads and breaks its lines."""
    return re.sub(r"\s+", "", text)


def open_claim(page: Page) -> None:
    page.goto("/")
    go(page, "补贴", "月度申报")
    follow(page, "索河街道")
    expect(page.get_by_role("heading", level=1)).to_contain_text("老旧小区物业补贴申报")


def pass_on(page: Page, verb: str, opinion: str, then: str) -> None:
    """Do the stage of a claim that is this person's, reading the sum on the way."""
    open_claim(page)
    follow(page, verb)
    said(page, "1,969.50 元")
    page.get_by_label(re.compile("^意见")).fill(opinion)
    press(page, verb)
    expect(page.get_by_role("heading", level=1)).to_contain_text(then)


# --- the month ----------------------------------------------------------------------------------


@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_the_office_does_its_month(
    request: pytest.FixtureRequest,
    screen: str,
    desktop: Callable[[User], Page],
    city: dict[str, Provider],
    cast: Cast,
    photo: Callable[[str, int], Path],
) -> None:
    trail = Trail()
    at_screen: Callable[[User], Page] = request.getfixturevalue(screen)
    clerk = trail.follow(at_screen(cast.street_clerk))
    manager, inspector, leader, head, finance = (
        trail.follow(desktop(person))
        for person in (
            cast.city_manager,
            cast.inspector,
            cast.street_leader,
            cast.bureau_leader,
            cast.finance_officer,
        )
    )
    other = desktop(cast.other_clerk)

    _open_round(manager)
    _inspect(clerk, photo)
    _confirm_both(manager)
    number = _order(inspector)
    _reply(clerk, number, photo)
    _recheck(inspector, number)
    _close_round(manager)

    _claim(clerk)
    pass_on(leader, "同意上报", "户数与清册相符", "待中心复核")
    pass_on(manager, "复核通过", "扣减有整改通知书为据", "待审批")
    pass_on(head, "同意拨付", "同意", "待拨付")
    _export(finance)
    _pay(finance)

    bulletin = _draft_bulletin(manager)
    assert status(other, bulletin) == 404, "a bulletin that is not signed is the bureau's"
    _sign_and_read(head, manager)
    assert status(other, bulletin) == 200, "a signed bulletin is for every street"

    objects = trail.objects()
    assert set(objects.values()) >= MET
    for path, name in sorted(objects.items()):
        assert status(other, path) == 404, f"the other street is shown {name} at {path}"
        assert not any(place in other.content() for place in HOUSEHOLDS)


def _open_round(page: Page) -> None:
    page.goto("/")
    go(page, "检查", "检查批次")
    follow(page, "建立批次")
    page.get_by_label("名称").fill("城乡清洁行动")
    page.get_by_label("检查表").select_option(label="城乡清洁检查表（第1版）")
    page.get_by_label("索河街道").check()
    page.get_by_label("按街道经办").check()
    press(page, "建立批次")
    said(page, "已建立 城乡清洁行动 第1次检查，2 个小区。")


def _inspect(page: Page, photo: Callable[[str, int], Path]) -> None:
    page.goto("/")
    menu = page.get_by_role("navigation", name="主菜单")
    burger = page.get_by_role("button", name="主菜单", exact=True)
    if burger.is_visible():
        burger.click()
    menu.get_by_title("检查", exact=True).click()
    page.get_by_role("link", name=re.compile(FIRST)).click()
    question = page.get_by_role("radiogroup", name=re.compile(FAILED))
    question.get_by_text("不合格").click()
    page.get_by_label("问题描述").locator("visible=true").fill(PROBLEM)
    page.get_by_label(re.compile(f"^从相册选照片.*{FAILED}")).set_input_files(
        photo("before.jpg", 40)
    )
    said(page, "至少 1 张，已拍 1 张")
    expect(page.locator("output")).to_have_text("98")
    press(page, "填完上报")
    said(page, "房管中心已收到")
    said(page, "98 分，1 项不合格")
    said(page, "1 张全部收到")
    page.get_by_role("link", name=f"查下一个：{SECOND}").click()
    press(page, "填完上报")
    said(page, "100 分，全部合格")


def _confirm_both(page: Page) -> None:
    for estate, score in ((FIRST, "98"), (SECOND, "100")):
        page.goto("/")
        go(page, "检查", "检查记录")
        page.get_by_role("link", name=re.compile("^待确认")).click()
        follow(page, estate)
        expect(page.get_by_role("heading", level=1)).to_contain_text(f"{score} 分")
        if estate == FIRST:
            said(page, PROBLEM)
            shown = page.get_by_role("img", name=re.compile(FAILED)).first
            shown.scroll_into_view_if_needed()
            expect(shown).to_have_js_property("complete", True)
            assert shown.evaluate("image => image.naturalWidth") > 0
        press(page, "确认")
        said(page, "已确认。")


def _order(page: Page) -> str:
    """Issue the order and record its delivery; return its number."""
    page.goto("/")
    # Who inspects comes to the own list first, which has no side menu, also on a desk.
    page.get_by_role("navigation", name="主菜单").get_by_title("检查", exact=True).click()
    follow(page, "全部检查记录")
    follow(page, FIRST)
    follow(page, "下达整改通知书")
    expect(page.get_by_label(re.compile(FAILED))).to_be_checked()
    expect(page.get_by_label("依据")).to_have_value("《河南省物业管理条例》第三十九条")
    press(page, "下达整改")
    found = re.search(r"已下达 (\S+?)，正在排版", page.locator("body").inner_text())
    assert found
    page.get_by_label("签收人").fill("张利民")
    page.get_by_label("送达人").fill("张志强、李明轩")
    press(page, "登记送达")
    said(page, f"{found[1]} 已登记送达")
    notice = squeezed(paper(page, "打印通知书"))
    for words in (FIRST, "郑州怡馨物业服务有限公司", PROBLEM, "张志强"):
        assert words in notice
    return found[1]


def _reply(page: Page, number: str, photo: Callable[[str, int], Path]) -> None:
    page.goto("/")
    go(page, "整改", "限期整改通知书")
    follow(page, number)
    follow(page, "填报整改回复")
    page.get_by_label("整改措施").fill(MEASURE)
    page.get_by_label("整改后照片").set_input_files(photo("after.jpg", 200))
    page.get_by_label("责任人").fill("张利民")
    press(page, "上报回复")
    said(page, f"{number} 已回复，等待复查。")


def _recheck(page: Page, number: str) -> None:
    page.goto("/")
    go(page, "整改", "限期整改通知书")
    follow(page, number)
    said(page, MEASURE)
    follow(page, "登记复查结果")
    page.get_by_label("整改到位", exact=True).check()
    page.get_by_label("同行复查人").fill("李明轩")
    press(page, "登记复查结果")
    said(page, f"{number} 整改到位，已销号。")
    expect(page.get_by_role("heading", level=1)).to_contain_text("已销号")


def _close_round(page: Page) -> None:
    page.goto("/")
    go(page, "检查", "检查批次")
    follow(page, re.compile("城乡清洁行动"))
    follow(page, "结束批次")
    said(page, "应查 2 个小区，已查 2 个")
    press(page, "结束批次")
    said(page, "已结束，排名已定。")


def _claim(page: Page) -> None:
    page.goto("/")
    go(page, "补贴", "月度申报")
    follow(page, "开账")
    press(page, "开账并核算")
    said(page, "2,000.00 元，2 个小区，200 户")
    page.get_by_role("button", name=f"展开 {SECOND}").click()
    tree = page.locator(".tree")
    expect(tree).to_contain_text("录入 王秀兰，核定 李建国")
    follow(page, "扣减")
    page.get_by_label("扣减").fill("30.50")
    page.get_by_label("原因").fill("楼道保洁未达标，见整改通知书")
    press(page, "扣减")
    expect(page.get_by_role("region", name="合计")).to_contain_text("1,969.50")
    follow(page, "报送审核")
    said(page, CAPITAL)
    page.get_by_label(re.compile("^意见")).fill("户数属实")
    press(page, "报送审核")
    expect(page.get_by_role("heading", level=1)).to_contain_text("待街道审核")


def _export(page: Page) -> None:
    open_claim(page)
    with page.expect_download() as waiting:
        follow(page, "导出")
    assert waiting.value.suggested_filename.endswith("申报明细表（第1版）.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(waiting.value.path().read_bytes()))
    rows = [list(row) for row in book.active.values]
    head = [squeezed(str(label)) for label in next(row for row in rows if "小区名称" in row)]
    name, households, amount = (
        head.index(label) for label in ("小区名称", "户数", "申报金额（元）")
    )
    lines = {row[name]: row for row in rows if row[name] in HOUSEHOLDS}
    assert {key: row[households] for key, row in lines.items()} == HOUSEHOLDS
    assert {key: Decimal(str(row[amount])) for key, row in lines.items()} == AMOUNTS
    total = next(row for row in rows if squeezed(str(row[0])) == "合计")
    assert total[households] == sum(HOUSEHOLDS.values())
    assert Decimal(str(total[amount])) == TOTAL
    assert any(CAPITAL in str(cell) for row in rows for cell in row)


def _pay(page: Page) -> None:
    open_claim(page)
    follow(page, "登记拨付")
    said(page, "2 个收款单位待拨 1,969.50 元")
    page.get_by_label("郑州怡馨物业 支付凭证号").fill("PZ-2026-0101")
    page.get_by_label("河南安居物业 支付凭证号").fill("PZ-2026-0102")
    press(page, "登记拨付")
    said(page, "1,969.50 元已全部登记拨付。")
    expect(page.get_by_role("heading", level=1)).to_contain_text("已拨付")


def _draft_bulletin(page: Page) -> str:
    """Draft, correct a wrong figure, add a sentence, send to be signed; return the address."""
    page.goto("/")
    go(page, "简报", "工作简报")
    follow(page, "按检查批次拟稿")
    page.get_by_label("检查批次").select_option(label="城乡清洁行动 第1次检查")
    press(page, "拟稿")
    said(page, "已按 城乡清洁行动 第1次检查 拟稿")
    body = page.get_by_role("region", name="正文")
    texts = body.get_by_role("textbox", name="段落")
    figures = texts.nth(1)
    written = figures.input_value()
    assert "已检查2个，平均得分99" in written
    figures.fill(written.replace("已检查2个", "已检查3个"))
    body.get_by_role("button", name="改为 2").click()
    expect(page.get_by_text("全部相符")).to_be_visible()
    expect(figures).to_have_value(written)
    texts.last.click()
    body.get_by_role("button", name="段落", exact=True).click()
    texts.last.fill("本次检查得到各社区支持，特此致谢。")
    expect(body.get_by_role("status")).to_contain_text("已保存")
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("特此致谢")
    address = urlsplit(page.url).path
    page.get_by_role("link", name="送签发").click()
    press(page, "送签发")
    said(page, "已送签发。")
    return address


def _sign_and_read(head: Page, manager: Page) -> None:
    year = clock.today().year
    head.goto("/")
    # What waits for a person stands on the desk.
    follow(head, re.compile("^关于城乡清洁行动.*待签发"))
    head.get_by_role("link", name="签发", exact=True).click()
    said(head, "签发后编号、定日期并排版成文件")
    press(head, "签发")
    said(head, "已签发")
    manager.goto("/")
    go(manager, "简报", "工作简报")
    follow(manager, f"{year}年第1期（总第1期）")
    text = paper(manager, "打开简报文件")
    plain = squeezed(text)
    for words in (
        "工作简报",
        f"{year}年第1期",
        "关于城乡清洁行动第1次检查情况的通报",
        "各小区检查得分表",
        f"1{SECOND}索河街道",
        f"2{FIRST}索河街道",
        "下达整改通知书1份，已销号1份",
        "本次检查得到各社区支持，特此致谢。",
    ):
        assert words in plain, f"{words!r} is not in the bulletin:\n{text}"
    pages = text.rstrip("\f").split("\f")
    for place, one in enumerate(pages, start=1):
        assert f"—{place}—" in squeezed(one), f"page {place} says no number:\n{one}"
