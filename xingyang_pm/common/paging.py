"""Pages of a list, and the URLs that carry a list's state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.safestring import SafeString

from .icons import icon_html

PAGE_SIZES = (20, 50, 100)


def clean_query(params: QueryDict, *drop: str) -> str:
    """Return the query string of ``params`` without the keys ``drop`` and without blanks."""
    pairs = [
        (key, value)
        for key, values in params.lists()
        if key not in drop
        for value in values
        if value != ""
    ]
    return urlencode(pairs)


def query_url(params: QueryDict, **values: Any) -> str:
    """Return ``?…`` with ``values`` put over ``params``; None drops a key."""
    kept = clean_query(params, *values)
    extra = urlencode({key: value for key, value in values.items() if value is not None})
    joined = "&".join(part for part in (kept, extra) if part)
    return f"?{joined}" if joined else "?"


def whole(text: str | None, default: int) -> int:
    """Return ``text`` as a whole number, or ``default`` if it is none or absurdly long."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else default


@dataclass(frozen=True)
class PageLink:
    number: int
    url: str
    current: bool = False
    gap: bool = False


@dataclass
class Pager:
    """What ``_pager.html`` draws: first and last row, neighbours, page links, sizes.

    ``capped``: there are more pages than may be turned to, so a filter is asked for.
    """

    number: int
    size: int
    count: int
    pages: int
    capped: bool
    url: Callable[[int], str]
    size_url: Callable[[int], str]
    sizes: Sequence[int] = PAGE_SIZES

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size + 1 if self.count else 0

    @property
    def last(self) -> int:
        return min(self.number * self.size, self.count)

    @property
    def previous(self) -> str:
        return self.url(self.number - 1) if self.number > 1 else ""

    @property
    def next(self) -> str:
        return self.url(self.number + 1) if self.number < self.pages else ""

    @property
    def html(self) -> SafeString:
        """The neighbours and the page numbers."""

        def step(url: str, word: str, sign: str) -> str:
            if not url:
                return f'<span class="pg dis" aria-hidden="true">{icon_html(sign)}</span>'
            href = escape(url)
            return (
                f'<a class="pg" href="{href}" data-list-link aria-label="{word}">'
                f"{icon_html(sign)}</a>"
            )

        parts = [step(self.previous, "上一页", "chevron-left")]
        for link in self.links:
            if link.gap:
                parts.append('<span class="gap" aria-hidden="true">…</span>')
            elif link.current:
                parts.append(f'<span class="pg on" aria-current="page">{link.number}</span>')
            else:
                parts.append(
                    f'<a class="pg" href="{escape(link.url)}" data-list-link '
                    f'aria-label="第 {link.number} 页">{link.number}</a>'
                )
        parts.append(step(self.next, "下一页", "chevron-right"))
        return SafeString("".join(parts))

    @property
    def size_links(self) -> list[tuple[int, str]]:
        return [(size, self.size_url(size)) for size in self.sizes]

    @property
    def links(self) -> list[PageLink]:
        """Page links with gaps: 1 2 3 4 … 12."""
        if self.pages <= 7:
            shown = list(range(1, self.pages + 1))
        else:
            wanted = {1, self.pages, self.number}
            wanted.update({self.number - 1, self.number + 1} & set(range(1, self.pages + 1)))
            if self.number <= 3:
                wanted.update((2, 3, 4))
            if self.number >= self.pages - 2:
                wanted.update((self.pages - 1, self.pages - 2, self.pages - 3))
            shown = sorted(wanted)
        links: list[PageLink] = []
        before = 0
        for page in shown:
            if page - before > 1:
                links.append(PageLink(0, "", gap=True))
            links.append(PageLink(page, self.url(page), page == self.number))
            before = page
        return links
