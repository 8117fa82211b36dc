"""What all workbooks of the office share: fonts, borders, widths, page, safe text."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook

SONG = "宋体"
TITLE = "方正小标宋简体"
THIN = Side(style="thin", color="FF000000")
BOX = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)
LEFT = Alignment(horizontal="left", vertical="center", wrap_text=True)
RIGHT = Alignment(horizontal="right", vertical="center")
INTEGER_FORMAT = "#,##0"
MONEY_FORMAT = "#,##0.00"
DATE_FORMAT = "yyyy-mm-dd"
DATETIME_FORMAT = "yyyy-mm-dd hh:mm"
PERCENT_FORMAT = "0.0%"
A4 = 9
MAX_TEXT = 32_767

# A leading one of these would make a formula of the text as soon as somebody edits the cell.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_NOT_IN_TITLE = re.compile(r"[\\/*?:\[\]'：？／＼＊［］]")


def safe_text(value: str) -> str:
    """Return text that an .xlsx can hold: no control characters, one kind of line break.

    ``_x0041_`` would come back as ``A``; text longer than a cell is cut and says so.
    """
    if not value.isprintable():
        value = _NOT_IN_XML.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    if "_x" in value:
        value = _ESCAPE.sub("_x005F_", value)
    if len(value) > MAX_TEXT:
        value = value[: MAX_TEXT - 6] + "……（未完）"
    return value


def sheet_title(text: str) -> str:
    """Return ``text`` as a worksheet may be called: 31 characters at most, no ``/``."""
    return _NOT_IN_TITLE.sub(" ", safe_text(text)).strip()[:31] or "表1"


def text_width(text: str) -> int:
    """Return the width of the widest line in half-width characters; a hanzi counts two."""
    return max(
        (
            sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in line)
            for line in text.split("\n")
        ),
        default=0,
    )


def width_of(text: str, size: float) -> float:
    """Return the width of a cell that holds ``text`` in letters of ``size`` points in one line.

    A character of width is 7 pixels, 5.25 points, and half a hanzi is half its size.
    """
    return text_width(text) * size / 10.5 + 1


def lines_of(text: str, width: float, size: float) -> int:
    """Return how many lines ``text`` in letters of ``size`` points fills in a cell ``width``
    characters wide; one for no text. See :func:`width_of`."""
    room = max(int((width - 1) * 10.5 / size + 0.01), 2)
    return sum(-(-text_width(part) // room) or 1 for part in text.split("\n"))


def fitted_width(label: str, samples: Iterable[str], *, least: int = 6, most: int = 40) -> float:
    """Return a column width that fits most of ``samples`` and never breaks the label badly.

    The widest sample decides, up to ``most``; a label longer than its column wraps into two
    lines. Two characters are added for the cell's own margins.
    """
    widest = max((text_width(sample) for sample in samples), default=0)
    return float(min(max(widest, -(-text_width(label) // 2), least), most) + 2)


def use_song(book: Workbook) -> None:
    """Make 宋体 the workbook's own font: column widths are measured in it."""
    book._named_styles["Normal"].font = Font(name=SONG, size=11)


def landscape_page(sheet: Any, *, repeat_rows: str, footer: str = "") -> None:
    """Set A4 landscape, one page wide, the header rows repeated, page numbers in the footer."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_options.horizontalCentered = True
    sheet.print_title_rows = repeat_rows
    margins = sheet.page_margins
    margins.left = margins.right = 0.5
    margins.top, margins.bottom = 0.7, 0.7
    margins.header = margins.footer = 0.3
    sheet.oddFooter.center.text = "第 &P 页，共 &N 页"
    sheet.oddFooter.center.font = f"{SONG},Regular"
    sheet.oddFooter.center.size = 9
    if footer:
        sheet.oddFooter.right.text = footer.replace("&", "&&")
        sheet.oddFooter.right.font = f"{SONG},Regular"
        sheet.oddFooter.right.size = 9


def span(row: int, columns: int) -> str:
    """Return the range of ``row`` over the first ``columns`` columns: ``A1:L1``."""
    return f"A{row}:{get_column_letter(columns)}{row}"
