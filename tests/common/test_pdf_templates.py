"""Each official paper, filled with realistic data, as it comes out of the printer."""

import re
from functools import cache
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.conf import settings

from tests.common import pdf_papers as papers
from tests.common import pdf_reading as reading
from xingyang_pm.common.pdf import fonts
from xingyang_pm.common.pdf.layout import NOT_ARRIVED, WIDTHS
from xingyang_pm.common.pdf.render import render_html, render_pdf

PAPERS = {
    "bulletin": papers.bulletin,
    "notice": papers.notice,
    "recheck": papers.recheck,
    "estate_card": papers.estate_card,
    "table_form": papers.table_form,
}
DOC_RED = (0.765, 0.051, 0.137)  # #C30D23
MM = 72 / 25.4
STYLES = Path(settings.BASE_DIR) / "static" / "css" / "print"


@cache
def pdf_of(name: str) -> bytes:
    papers.store_photos(Path(settings.MEDIA_ROOT))
    context = PAPERS[name]()
    return render_pdf(f"print/{name}.html", context, title=context["title"])


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_is_an_archive_copy(name: str) -> None:
    marks = reading.marks(pdf_of(name))
    assert (marks.part, marks.conformance, marks.intents) == ("3", "B", ["/GTS_PDFA1"])
    assert marks.has_id
    assert marks.language == "zh-CN"
    assert marks.see_through == 0
    assert marks.smoothed_pictures == 0
    assert not marks.attachments
    assert not marks.scripts
    assert marks.created is not None


@pytest.mark.parametrize("name", PAPERS)
def test_only_the_committed_fonts_are_used_and_all_are_embedded(name: str) -> None:
    used = reading.fonts(pdf_of(name))
    assert set(used) <= set(fonts.FACES)
    assert all(used.values())


@pytest.mark.parametrize("name", PAPERS)
def test_names_of_people_and_estates_can_be_read_out(name: str) -> None:
    text = reading.whole_text(pdf_of(name))
    assert papers.LONG_NAME in text
    assert len(papers.LONG_NAME) >= 24
    if name != "table_form":
        assert any(person in text for person in papers.RARE_PEOPLE)


@pytest.mark.parametrize("name", PAPERS)
def test_no_text_runs_past_the_type_area(name: str) -> None:
    with pikepdf.open(BytesIO(pdf_of(name))) as document:
        widths = [float(page.MediaBox[2]) for page in document.pages]
    for number, width in enumerate(widths):
        margin = 15 if name in {"table_form", "estate_card"} else 26
        for line in reading.lines(pdf_of(name), number):
            assert line.end * 0.75 <= width - margin * MM + 0.5


@pytest.mark.parametrize("name", PAPERS)
def test_the_preview_keeps_to_the_content_security_policy(name: str) -> None:
    page = render_html(f"print/{name}.html", PAPERS[name]())
    found: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

    Reader().feed(page)
    assert not {"style", "script"} & {tag for tag, _ in found}
    assert not any("style" in attrs for _, attrs in found)
    assert not any(key.startswith("on") for _, attrs in found for key in attrs)
    addresses = [
        attrs[key] or "" for _, attrs in found for key in ("href", "src") if attrs.get(key)
    ]
    assert all(address.startswith("/") for address in addresses)
    assert "/static/css/print/official.css" in addresses


def test_preview_and_paper_are_one_page() -> None:
    preview = render_html("print/notice.html", papers.notice())
    body = re.sub(r"<[^>]+>|\s", "", preview.partition("<main")[2].partition(">")[2])
    paper = re.sub(r"—\d+—", "", reading.whole_text(pdf_of("notice")))
    assert len(body) > 700
    assert body == paper


def test_each_sheet_that_a_template_links_exists() -> None:
    templates = (Path(settings.BASE_DIR) / "templates" / "print").glob("*.html")
    linked = {
        sheet
        for template in templates
        for sheet in re.findall(r'with sheet="([^"]+)"', template.read_text(encoding="utf-8"))
    }
    assert linked
    assert {path.name for path in STYLES.iterdir()} == linked
    widths = (STYLES / "widths.css").read_text()
    assert all(f".w{width} {{ width: {width}mm; }}" in widths for width in WIDTHS)


def test_the_browser_has_the_same_faces_as_the_paper() -> None:
    sheet = (STYLES / "fonts.css").read_text(encoding="utf-8")
    faces = re.findall(r'font-family: (\w+); src: url\("\.\./\.\./fonts/(\w+)\.ttf"\)', sheet)
    assert all(family == file for family, file in faces)
    assert {family for family, _ in faces} == set(fonts.FACES)


# --- 工作简报 -------------------------------------------------------------------------------


def test_the_bulletin_has_its_red_head_and_its_end_block() -> None:
    pages = reading.texts(pdf_of("bulletin"))
    first, last = pages[0], pages[-1]
    assert first.startswith("工作简报2026年第5期（总第59期）荥阳市房管中心2026年11月18日")
    assert "关于2026年第2次物业服务检查和“四公开一监督”公示情况的通报" in first
    assert DOC_RED in reading.colours(pdf_of("bulletin"))
    assert DOC_RED not in reading.colours(pdf_of("bulletin"), 1)
    for line in (
        "报：市委办公室，市政府办公室，郑州市住房保障和房地产管理局。",
        "送：各街道办事处",
        "发：各物业服务企业，各社区物业服务中心。",
        "（共印120份）",
    ):
        assert line in last


def test_the_end_block_stands_at_the_foot_of_the_last_page() -> None:
    pdf = pdf_of("bulletin")
    lowest = max(
        line.y
        for line in reading.lines(pdf, len(reading.texts(pdf)) - 1)
        if line.y * 0.75 < 262 * MM
    )
    assert 255 * MM < lowest * 0.75 < 262 * MM


def test_pages_are_numbered_outside() -> None:
    pdf = pdf_of("bulletin")
    for number, text in enumerate(reading.texts(pdf), start=1):
        assert f"—{number}—" in text
        foot = max(reading.lines(pdf, number - 1), key=lambda line: line.y)
        if number % 2:
            assert foot.end * 0.75 == pytest.approx((210 - 26) * MM - 14, abs=1)
        else:
            assert foot.x * 0.75 == pytest.approx(28 * MM + 14, abs=1)


def test_a_table_of_54_rows_repeats_its_head_on_each_page() -> None:
    pages = reading.texts(pdf_of("bulletin"))
    with_table = [page for page in pages if re.search("有限公司(荥|郑|河|[0-9])", page)]
    assert len(with_table) == 3
    assert all(page.count("小区名称物业服务企业得分") == 1 for page in with_table)
    text = "".join(pages)
    rows = papers.score_table()["rows"]
    assert len(rows) == 54
    assert all(f"{row[1]}{row[2]}{row[3]}" in text for row in rows)
    assert text.count("表12026年第2次") == 1
    assert "平均88.601.80" in text


def test_before_it_is_signed_the_bulletin_is_a_draft_on_every_page() -> None:
    context = papers.bulletin(
        date=None,
        document_date=None,
        draft="草稿　未签发，不作为正式文件",
        blocks=[{"kind": "p", "text": papers.P4 * 6}],
    )
    pdf = render_pdf("print/bulletin.html", context, title="草稿")
    pages = reading.texts(pdf)
    assert len(pages) >= 2
    assert all("草稿未签发，不作为正式文件" in page for page in pages)
    assert "签发后填日期" in pages[0]
    assert reading.marks(pdf).see_through == 0
    assert reading.marks(pdf).created is None


@pytest.mark.parametrize(
    "masthead", ["物管简报", "物业管理简报", "物业管理工作简报", "荥阳市物业管理工作简报"]
)
def test_a_masthead_of_any_length_stays_on_one_line(masthead: str) -> None:
    context = papers.bulletin(masthead=masthead, blocks=[{"kind": "p", "text": "短。"}])
    head = reading.lines(render_pdf("print/bulletin.html", context, title="简报"))[0]
    assert head.size > 45
    assert head.x * 0.75 >= 28 * MM
    assert head.end * 0.75 <= (210 - 26) * MM
    assert (head.x + head.end) / 2 * 0.75 == pytest.approx((28 + 78) * MM, abs=4)


def test_a_photo_that_has_not_arrived_says_so() -> None:
    assert NOT_ARRIVED in reading.whole_text(pdf_of("bulletin"))


# --- Enforcement papers -----------------------------------------------------------------


def test_the_notice_has_its_copy_its_photos_its_receipt_and_its_stub() -> None:
    pages = reading.texts(pdf_of("notice"))
    assert len(pages) == 4
    notice, annex, receipt, stub = pages
    for part in (
        "责令限期整改通知书荥房管责改〔2026〕12号郑州怡馨物业服务有限公司：",
        "根据《河南省物业管理条例》第三十九条、第八十二条，我中心于2026年11月12日派员",
        "现责令你单位在2026年11月27日前改正",
        "联系人：王海涛联系电话：0371-64660000",
        "占用疏散通道约3.5㎡",
        "附件：问题照片（3张）",
        "2026年11月13日（此联交被检查单位）",
    ):
        assert part in notice
    assert annex.startswith("附件问题照片")
    assert "送达回证" in receipt
    assert "■直接送达" in receipt
    assert "□留置送达" in receipt
    assert "（存根联）" in stub
    assert "批准人陈国栋" in stub
    assert "（骑缝章）" in stub
    assert ["—1—" in notice, "—2—" in annex, "—3—" in receipt] == [True, True, False]
    with pikepdf.open(BytesIO(pdf_of("notice"))) as document:
        drawn = sum(
            str(operator) == "Do" for _, operator in pikepdf.parse_content_stream(document.pages[1])
        )
    assert drawn == 3


def test_the_notice_can_be_printed_without_stub_and_receipt() -> None:
    context = papers.notice(stub=False, receipt=False, photos=[], issued_on=None)
    pages = reading.texts(render_pdf("print/notice.html", context, title="通知书"))
    assert len(pages) == 1
    assert "签发后填日期" in pages[0]
    assert "附件" not in pages[0]


def test_the_seal_of_a_long_notice_never_stands_without_text() -> None:
    for count in range(4, 12):
        items = [{"text": papers.P2}] * count
        context = papers.notice(stub=False, receipt=False, photos=[], items=items)
        pages = reading.texts(render_pdf("print/notice.html", context, title="通知书"))
        sealed = next(page for page in pages if "2026年11月13日（此联" in page)
        assert "现责令你单位" in sealed


def test_the_opinion_names_the_notice_and_each_result() -> None:
    pages = reading.texts(pdf_of("recheck"))
    assert len(pages) == 3
    assert "根据2026年11月13日荥房管责改〔2026〕12号《责令限期整改通知书》" in pages[0]
    for result in ("已整改", "未整改", "部分整改", "复查人员：赵堃、王玥", "予以销号"):
        assert result in pages[0]
    assert "整改前后照片" in pages[1]
    assert "承办部门物业管理科承办人赵堃" in pages[2]


# --- Card and form ----------------------------------------------------------------------


def test_the_card_of_an_estate_is_one_page_and_a_large_one_two() -> None:
    pages = reading.texts(pdf_of("estate_card"))
    assert len(pages) == 1
    for part in ("小区登记卡", "编号：XY-LX-0217", "合计18216", "第1页共1页", "12,480.50㎡"):
        assert part in pages[0]
    context = papers.estate_card()
    context["sections"][2]["rows"] *= 5
    large = reading.texts(render_pdf("print/estate_card.html", context, title="登记卡"))
    assert len(large) == 2
    assert "第2页共2页" in large[1]
    assert all("楼号层数单元数户数" in page for page in large)


def test_the_form_is_landscape_with_both_levels_of_its_head_on_each_page() -> None:
    pdf = pdf_of("table_form")
    pages = reading.texts(pdf)
    assert len(pages) == 3
    with pikepdf.open(BytesIO(pdf)) as document:
        box = [round(float(value) / MM) for value in document.pages[0].MediaBox[2:]]
    assert box == [297, 210]
    for number, page in enumerate(pages, start=1):
        assert page.count("规模") == 1
        assert page.count("申报金额") == 1
        assert f"第{number}页共3页" in page
    assert pages[0].count("填报单位：荥阳市房管中心") == 1
    last = pages[-1]
    assert "合计（大写）：人民币肆万零贰佰元整" in last
    assert "40,200.00" in last
    assert "单位负责人：审核：填表人：填报日期：" in last


def test_a_form_without_rows_says_so() -> None:
    context: dict[str, Any] = papers.table_form()
    context["table"] = {**context["table"], "rows": [], "sum": None}
    context["capital"] = None
    page = reading.whole_text(render_pdf("print/table_form.html", context, title="空表"))
    assert "备注无" in page or "核定金额无" in page
