"""Tags and filters of the portal; loaded everywhere (``builtins`` in settings)."""

import datetime as dt
from html import escape
from typing import Any

from django import template
from django.utils.safestring import SafeString

from xingyang_pm.common import formats
from xingyang_pm.common.icons import icon_html
from xingyang_pm.common.tables import Pill

register = template.Library()


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """``{% icon "search" %}``: an icon of the sprite; the word beside it carries the meaning."""
    return icon_html(name, css)


@register.simple_tag
def pill(text: Any, tone: str = "", plain: bool = False) -> SafeString:
    return SafeString(Pill(str(text), tone, plain).__html__())


def _count(count: int) -> str:
    return f'<span class="n">{count}</span>' if count else ""


@register.simple_tag(takes_context=True)
def side_menu(context: template.Context, current: str = "") -> SafeString:
    """``{% side_menu page.menu %}``: the links of the side menu.

    Written by hand: forty template nodes on every page cost more than the page's table.
    """
    parts = []
    for section in context["portal"].menu_for(current):
        label = escape(section.label)
        if section.rule_before:
            parts.append("<hr>")
        css, here = ("it on", "" if section.items else ' aria-current="page"')
        if not section.on:
            css, here = "it", ""
        parts.append(
            f'<a class="{css}" href="{escape(section.url)}" title="{label}"{here}>'
            f"{icon_html(section.icon)}{label}{_count(section.count)}</a>"
        )
        for item in section.items if section.on else ():
            css, here = ("sub on", ' aria-current="page"') if item.on else ("sub", "")
            parts.append(
                f'<a class="{css}" href="{escape(item.url)}"{here}>'
                f"{escape(item.label)}{_count(item.count)}</a>"
            )
    return SafeString("\n".join(parts))


@register.filter
def money(value: Any) -> str:
    """Yuan with fen: 352,790.00"""
    return formats.format_value(value, "money")


@register.filter
def grouped(value: Any) -> str:
    """A whole number with thousands separators."""
    return formats.format_value(value, "integer")


@register.filter
def decimal1(value: Any) -> str:
    return formats.format_value(value, "decimal", 1)


@register.filter
def percent(value: Any) -> str:
    """A number that is already times 100."""
    return formats.format_value(value, "percent")


@register.filter
def ymd(value: dt.date | None) -> str:
    """2026-11-18, for tables of dates."""
    return formats.format_value(value, "date")


@register.filter
def md(value: dt.date | None) -> str:
    """11月18日, in text; with the year if it is another year."""
    return formats.month_day(value) if value else formats.DASH


@register.filter
def mdhm(value: dt.datetime | None) -> str:
    """今天 08:00, 11月16日 17:42"""
    return formats.moment_label(value) if value else formats.DASH


@register.filter
def month_label(value: dt.date | None) -> str:
    return formats.month_label(value) if value else formats.DASH


@register.filter
def due(value: dt.date | None) -> str:
    """今天到期, 还有 2 天, 逾期 9 天"""
    return formats.due_words(value) if value else ""


@register.filter
def due_tone(value: dt.date | None) -> str:
    return formats.due_tone(value) if value else ""


@register.filter
def masked(value: str) -> str:
    return formats.masked(value)


@register.filter
def filesize_zh(value: int | None) -> str:
    return formats.file_size(value or 0)


@register.filter
def dash(value: Any) -> Any:
    """The value, or — if there is none."""
    return value if value not in (None, "") else formats.DASH


@register.filter
def get_item(mapping: Any, key: Any) -> Any:
    return mapping.get(key) if mapping else None


@register.filter
def panel_rows(panels: Any) -> list[list[Any]]:
    """Group panels into rows: two neighbours with ``half`` share one."""
    rows: list[list[Any]] = []
    for panel in panels or ():
        last = rows[-1] if rows else []
        if getattr(panel, "half", False) and len(last) == 1 and getattr(last[0], "half", False):
            last.append(panel)
        else:
            rows.append([panel])
    return rows
