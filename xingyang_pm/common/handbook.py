"""The handbook of ``docs/handbook/`` as pages of the portal.

The chapters are written in a small part of Markdown: headings, paragraphs, lists, tables,
pictures, links, bold, code. Everything else is text. All text is escaped, links lead only to
chapters, and pictures only to the handbook's own folder.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path

from django.conf import settings
from django.utils.safestring import SafeString

FOLDER = Path(settings.BASE_DIR) / "docs" / "handbook"
PICTURE = re.compile(r"[\w-]+\.(?:png|jpg)")
CHAPTER = re.compile(r"[\w-]+")

_INLINE = re.compile(
    r"!\[(?P<alt>[^\]]*)\]\(img/(?P<src>[^)]+)\)"
    r"|\[(?P<label>[^\]]+)\]\((?P<to>[^)]+)\)"
    r"|\*\*(?P<bold>[^*]+)\*\*"
    r"|`(?P<code>[^`]+)`"
)
_LIST = re.compile(r"(?:- |(\d+)\. )(.*)")


@dataclass(frozen=True)
class Chapter:
    """One chapter: ``slug`` is its file's name, ``README`` the table of contents."""

    slug: str
    title: str


def _source(slug: str) -> Path | None:
    """Return the file of a chapter; None for a name that is no chapter."""
    if not CHAPTER.fullmatch(slug):
        return None
    path = FOLDER / f"{slug}.md"
    return path if path.is_file() else None


def chapters() -> list[Chapter]:
    """Return the chapters in the order of their numbers."""
    found = []
    for path in sorted(FOLDER.glob("[0-9]*.md")):
        with path.open(encoding="utf-8") as lines:
            found.append(Chapter(path.stem, lines.readline().lstrip("# ").strip()))
    return found


def picture(name: str) -> Path | None:
    """Return the file of a picture of the handbook; None for any other name."""
    path = FOLDER / "img" / name
    return path if PICTURE.fullmatch(name) and path.is_file() else None


def _inline(text: str, chapter_url: Callable[[str], str], picture_url: Callable[[str], str]) -> str:
    parts = []
    at = 0
    for found in _INLINE.finditer(text):
        parts.append(escape(text[at : found.start()]))
        at = found.end()
        if found["src"]:
            name = found["src"]
            if picture(name):
                parts.append(
                    f'<img src="{escape(picture_url(name))}" alt="{escape(found["alt"])}" '
                    'loading="lazy">'
                )
        elif found["label"]:
            slug = found["to"].removesuffix(".md")
            label = escape(found["label"])
            known = _source(slug)
            parts.append(f'<a href="{escape(chapter_url(slug))}">{label}</a>' if known else label)
        elif found["bold"]:
            parts.append(f"<b>{escape(found['bold'])}</b>")
        else:
            parts.append(f"<code>{escape(found['code'])}</code>")
    parts.append(escape(text[at:]))
    return "".join(parts)


def _table(rows: list[str], inline: Callable[[str], str]) -> str:
    cells = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in rows]
    head = "".join(f'<th scope="col">{inline(cell)}</th>' for cell in cells[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{inline(cell)}</td>" for cell in row) + "</tr>" for row in cells[2:]
    )
    return (
        f'<div class="tbl-wrap"><table class="tbl inner"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def to_html(
    text: str, chapter_url: Callable[[str], str], picture_url: Callable[[str], str]
) -> SafeString:
    """Return a chapter's Markdown as HTML, without its first heading (the page's title)."""

    def inline(words: str) -> str:
        return _inline(words, chapter_url, picture_url)

    out: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.split("\n")
        if lines[0].startswith("# "):
            lines = lines[1:]
        if not lines or not lines[0].strip():
            continue
        heading = re.fullmatch(r"(#{2,4}) (.*)", lines[0])
        if heading:
            level = len(heading[1])
            out.append(f"<h{level}>{inline(heading[2])}</h{level}>")
            lines = lines[1:]
            if not lines:
                continue
        if lines[0].startswith("|"):
            out.append(_table(lines, inline))
        elif _LIST.match(lines[0]):
            out.append(_items(lines, inline))
        else:
            out.append(f"<p>{inline(' '.join(line.strip() for line in lines))}</p>")
    return SafeString("\n".join(out))


def _items(lines: list[str], inline: Callable[[str], str]) -> str:
    items: list[str] = []
    for line in lines:
        found = _LIST.match(line)
        if found:
            items.append(found[2])
        else:  # a wrapped line belongs to the item above
            items[-1] += f" {line.strip()}"
    first = _LIST.match(lines[0])
    number = first[1] if first else None
    body = "".join(f"<li>{inline(item)}</li>" for item in items)
    if not number:
        return f"<ul>{body}</ul>"
    start = "" if number == "1" else f' start="{number}"'
    return f"<ol{start}>{body}</ol>"


@lru_cache(maxsize=64)
def _read(path: Path, stamp: float) -> str:
    return path.read_text(encoding="utf-8")


def chapter_text(slug: str) -> tuple[str, str] | None:
    """Return title and Markdown of a chapter; None if there is none of this name."""
    path = _source(slug)
    if path is None:
        return None
    text = _read(path, path.stat().st_mtime)
    return text.split("\n", 1)[0].lstrip("# ").strip(), text
