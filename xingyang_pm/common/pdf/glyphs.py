"""Which characters the committed fonts can print.

Names of people and estates hold rare characters (喆 堃 玥). A character without a glyph would
print as a box, so it is refused at entry, and on old data printed as 〓, the printers' mark for
a missing type.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path

from django.conf import settings
from fontTools.ttLib import TTFont

from . import fonts

MISSING_TYPE = "〓"
# Shape nothing by themselves: controls, joiners, variation selectors, the blanks.
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f]")


@cache
def _printable(folder: Path) -> frozenset[str]:
    """Return all characters that some face of ``folder`` has; about 0.3 s, once a process."""
    points: set[int] = set()
    for face in fonts.FACES:
        with TTFont(fonts.font_path(folder, face), lazy=True) as font:
            points.update(font.getBestCmap())
    return frozenset(map(chr, points))


def missing_glyphs(text: str) -> list[str]:
    """Return the characters of ``text`` that no committed font has, once each, in order.

    For a form: ``raise ValidationError(f"字库缺字：{'、'.join(missing)}")``.
    """
    printable = _printable(Path(settings.FONT_DIR))
    return [
        char
        for char in dict.fromkeys(text)
        if char not in printable
        and unicodedata.category(char) not in _INVISIBLE
        and not _VARIATION_SELECTORS.match(char)
    ]


def without_missing(text: str) -> tuple[str, list[str]]:
    """Return ``text`` with 〓 for each character that cannot be printed, and those characters.

    PDF/A forbids the empty glyph that a renderer would put there.
    """
    text = _VARIATION_SELECTORS.sub("", text)
    missing = missing_glyphs(text)
    return text.translate({ord(char): MISSING_TYPE for char in missing}), missing
