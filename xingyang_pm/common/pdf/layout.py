"""Plain data of a paper turned into the lines, rows and cells that the templates loop over.

The apps fill a template with dicts, lists and strings (each template's head says which);
``prepared`` completes them. Nothing here knows a domain.

A **table** is ``{"columns", "rows"}`` and, if wanted, ``"sum", "caption", "unit", "note",
"size"``. A column is ``{"label", "width" (whole mm, the rest shares what is left), "align"
("left", "center", "right"), "group" (label above this and the neighbours of the same group)}``.
A row is a list of values, or ``{"cells": [...], "strong": True}`` for a subtotal; ``sum`` is a
list of values, the empty ones after its first are joined to it. ``size`` is ``"small"`` for wide
tables. A **photo** is ``{"path" (below MEDIA_ROOT; None: not arrived), "url" (for the
preview), "caption"}``. A **fact** is ``{"label", "value"}``.
"""

import datetime as dt
import re
from decimal import Decimal
from itertools import groupby
from typing import Any
from urllib.parse import quote

# The classes .w4 to .w200 of static/css/print/widths.css: a style attribute is not allowed.
WIDTHS = range(4, 201)
_ALIGNS = {"left", "center", "right"}
NOT_ARRIVED = "照片还在手机上，未到"


def prepared(context: dict[str, Any], *, paper: bool) -> dict[str, Any]:
    """Return ``context`` with ``title`` broken into lines and tables, facts and photos laid out.

    ``paper``: photos get the address that the PDF renderer reads, otherwise that of the
    browser. Raises ``ValueError`` where a row does not fit its columns.
    """
    done = {**context, "paper": paper}
    if context.get("title"):
        done["title_lines"] = title_lines(context["title"])
    if context.get("table"):
        done["table"] = table(context["table"])
    if context.get("photos"):
        done["photo_rows"] = photo_rows(context["photos"], paper=paper)
    for name in ("blocks", "sections"):
        if context.get(name):
            done[name] = [_block(block, paper=paper) for block in context[name]]
    return done


def _block(block: dict[str, Any], *, paper: bool) -> dict[str, Any]:
    kind = block["kind"]
    if kind == "table":
        return {**block, **table(block)}
    if kind == "facts":
        rows = fact_rows(block["rows"])
        return {**block, "rows": rows, "pairs": range(max(len(row) for row in rows))}
    if kind == "photo_pair":
        pair = [block.get("left"), block.get("right")]
        return {**block, "rows": photo_rows(pair, paper=paper)}
    if kind == "photos":
        return {**block, "rows": photo_rows(block["photos"], paper=paper)}
    return block


# --- Tables ------------------------------------------------------------------------------------


def table(data: dict[str, Any]) -> dict[str, Any]:
    """Return ``data`` with ``cols``, ``header`` (one or two rows), ``body`` and ``foot`` cells."""
    columns = data["columns"]
    aligns = [_align(column) for column in columns]
    body = []
    for number, row in enumerate(data["rows"], start=1):
        values = row["cells"] if isinstance(row, dict) else row
        if len(values) != len(columns):
            raise ValueError(f"row {number} has {len(values)} cells for {len(columns)} columns")
        body.append(
            {
                "strong": isinstance(row, dict) and bool(row.get("strong")),
                "cells": [
                    {"text": cell_text(value), "css": f"a-{align}"}
                    for value, align in zip(values, aligns, strict=True)
                ],
            }
        )
    return {
        **data,
        "cols": [_width_class(column.get("width")) for column in columns],
        "header": _header(columns),
        "body": body,
        "foot": _sum_cells(data.get("sum"), aligns),
        "span": len(columns),
    }


def _align(column: dict[str, Any]) -> str:
    align = column.get("align", "left")
    if align not in _ALIGNS:
        raise ValueError(f"align {align!r} of column {column['label']!r}")
    return align


def _width_class(width: int | None) -> str:
    if width is None:
        return ""
    if width not in WIDTHS:
        raise ValueError(f"width {width!r} is no whole number of mm from 4 to 200")
    return f"w{width}"


def _header(columns: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    if not any(column.get("group") for column in columns):
        return [[{"text": column["label"], "colspan": 1, "rowspan": 1} for column in columns]]
    upper: list[dict[str, Any]] = []
    lower: list[dict[str, Any]] = []
    for group, run in groupby(columns, key=lambda column: column.get("group")):
        members = list(run)
        if group:
            upper.append({"text": group, "colspan": len(members), "rowspan": 1})
            lower += [{"text": c["label"], "colspan": 1, "rowspan": 1} for c in members]
        else:
            upper += [{"text": c["label"], "colspan": 1, "rowspan": 2} for c in members]
    return [upper, lower]


def _sum_cells(values: list[Any] | None, aligns: list[str]) -> list[dict[str, Any]]:
    if not values:
        return []
    if len(values) != len(aligns):
        raise ValueError(f"the sum row has {len(values)} cells for {len(aligns)} columns")
    joined = 1
    while joined < len(values) and values[joined] in (None, ""):
        joined += 1
    first = {"text": cell_text(values[0]), "css": "a-center", "colspan": joined}
    rest = zip(values[joined:], aligns[joined:], strict=True)
    return [
        first,
        *({"text": cell_text(v), "css": f"a-{align}", "colspan": 1} for v, align in rest),
    ]


def cell_text(value: Any) -> str:
    """Return ``value`` as the office writes it: 352,790.00, 2026-11-18, 是; None is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value)


# --- Facts and photos ----------------------------------------------------------------------------


def fact_rows(rows: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """Return the rows with a ``colspan`` for each value, so that all fill the same width."""
    widest = max(len(row) for row in rows)
    return [
        [
            {
                "label": fact["label"],
                "text": cell_text(fact.get("value")),
                "colspan": 1 + 2 * (widest - len(row)) if last else 1,
            }
            for fact, last in zip(row, [*[False] * (len(row) - 1), True], strict=True)
        ]
        for row in rows
    ]


def photo_rows(
    photos: list[dict[str, Any] | None], *, paper: bool
) -> list[list[dict[str, Any] | None]]:
    """Return ``photos`` two in a row, each with its ``src``; an odd last one has no neighbour."""
    laid = [_photo(photo, paper=paper) if photo else None for photo in photos]
    if len(laid) % 2:
        laid.append(None)
    return [laid[at : at + 2] for at in range(0, len(laid), 2)]


def _photo(photo: dict[str, Any], *, paper: bool) -> dict[str, Any]:
    path = photo.get("path")
    source = f"media:{quote(path)}" if path and paper else photo.get("url") if path else None
    return {**photo, "src": source, "missing": photo.get("missing") or NOT_ARRIVED}


# --- Titles -----------------------------------------------------------------------------------

# 2号 is 22 pt, the type area 442 pt: twenty characters, of which a broken line leaves two free.
_TITLE_ONE_LINE, _TITLE_LINE = 20.0, 18.0
# Never broken inside: words of these titles, numbers with their counters, Latin words.
_TITLE_WORDS = re.compile(
    r"《[^》]{1,12}》|（[^）]{1,10}）|第?[0-9０-９一二三四五六七八九十]+[年月日次期批个季度号]*|[A-Za-z0-9.]+"
    r"|荥阳市|索河街道|京城路街道|街道|乡镇|老旧小区|新型农村社区|老旧|新型|农村|住宅|小区|社区|物业|服务|管理|企业|单位|中心|质量"
    r"|品质|提升|年度|季度|活动|实施|方案|意见|检查|考核|评价|抽查|督查|复查|整改|限期|情况|通报|通知"
    r"|报告|简报|工作|进一步|做好|开展|关于|有关|加强|推进|落实|补贴|资金|拨付|申报|公示|公开|监督"
    r"|培训|宣传|示范|项目|消防|安全|审核|专项|治理|排查|全市|我市|城乡|清洁|行动|会议|部署|要求"
)
_NOT_FIRST, _NOT_LAST = "、，。；：）》”的了等", "《（“和及与对"


def title_lines(title: str) -> list[str]:
    """Return ``title`` in lines of even length that break between words, longer lines first.

    Line breaks in ``title`` are kept as they are.
    """
    if "\n" in title:
        return [line.strip() for line in title.splitlines() if line.strip()]
    words = _title_words(title)
    width = _em(title)
    if width <= _TITLE_ONE_LINE:
        return [title]
    fewest = -(-int(width * 2) // int(_TITLE_LINE * 2))
    for count in (fewest, fewest + 1):
        if lines := _even_lines(words, count):
            return lines
    return [title]


def _em(text: str) -> float:
    return sum(0.5 if char.isascii() else 1.0 for char in text)


def _title_words(title: str) -> list[str]:
    words: list[str] = []
    position = 0
    while position < len(title):
        match = _TITLE_WORDS.match(title, position)
        word = match[0] if match else title[position]
        words.append(word)
        position += len(word)
    joined: list[str] = []
    for word in words:
        if joined and (word[0] in _NOT_FIRST or joined[-1][-1] in _NOT_LAST):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _even_lines(words: list[str], count: int) -> list[str]:
    """Return ``words`` in ``count`` lines with the least sum of squared differences of length,
    or nothing if they do not fit.

    Costs more: a line longer than the one before (the custom is the reverse), and a break
    beside a single character, which probably stands inside a word that is not in the list.
    """
    target = _em("".join(words)) / count
    # best[i]: (cost, lines) for the first i words in the lines so far
    best: dict[int, tuple[float, list[str]]] = {0: (0.0, [])}
    for _ in range(count):
        following: dict[int, tuple[float, list[str]]] = {}
        for start, (cost, lines) in best.items():
            for end in range(start + 1, len(words) + 1):
                line = "".join(words[start:end])
                if _em(line) > _TITLE_ONE_LINE:
                    break
                growing = bool(lines) and _em(line) > _em(lines[-1])
                torn = end < len(words) and min(len(words[end - 1]), len(words[end])) == 1
                total = cost + (_em(line) - target) ** 2 + 2.0 * growing + 8.0 * torn
                if end not in following or total < following[end][0]:
                    following[end] = (total, [*lines, line])
        best = following
    return best[len(words)][1] if len(words) in best else []
