"""Chinese lines that end flush.

WeasyPrint 70 stretches only the blanks of a justified line, and a Chinese line has none; a line
that kinsoku has shortened by a character stays ragged. Here the missing width goes between the
characters, as typesetters do it: whole between two hanzi, half between a hanzi and a Latin
word, nothing inside a word or a number.

This replaces a private function, so ``install`` refuses any other major version.
"""

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import weasyprint
from weasyprint.formatting_structure import boxes
from weasyprint.layout import inline
from weasyprint.text.ffi import TO_UNITS, ffi, pango
from weasyprint.text.line_break import Layout

WEASYPRINT_MAJOR = "70"

# Radicals to unified ideographs, compatibility ideographs, full-width forms; the dashes,
# quotes, ellipsis and middle dot that our hanzi faces set full width; the blanks.
_STRETCHES = re.compile(
    "[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff—–‘’“”…·\u00a0 ]"
)
_HANZI = re.compile("[\u2e80-\u9fff]")
# More than this between two characters (in em) looks worse than a short line: such a line
# was broken early by a long number or address.
_WIDEST_GAP = 0.35

_upstream = inline.justify_line


def install() -> None:
    """Put this justification into WeasyPrint; harmless when called again."""
    major = weasyprint.__version__.split(".", 1)[0]
    if major != WEASYPRINT_MAJOR:
        raise RuntimeError(
            f"WeasyPrint {weasyprint.__version__} is not the version that "
            f"xingyang_pm.common.pdf.justify was written for ({WEASYPRINT_MAJOR}.*)"
        )
    inline.justify_line = justify_line


class _SpacedLayout(Layout):
    """A Pango layout that adds its own space to stretches of its text.

    ``stretches``: (first byte, byte after the last, space in Pango units) in the UTF-8 text.
    WeasyPrint rebuilds the layout when it draws, so the space is added in ``set_text``.
    """

    def __init__(self, style: Any, stretches: list[tuple[int, int, int]]) -> None:
        self.stretches = stretches
        super().__init__(style)

    def set_text(self, text: str, justify: bool = False) -> None:
        super().set_text(text, justify)
        attributes = pango.pango_layout_get_attributes(self.layout)
        if attributes == ffi.NULL:
            attributes = ffi.gc(pango.pango_attr_list_new(), pango.pango_attr_list_unref)
        for start, end, space in self.stretches:
            attribute = pango.pango_attr_letter_spacing_new(space)
            attribute.start_index, attribute.end_index = start, end
            pango.pango_attr_list_change(attributes, attribute)
        pango.pango_layout_set_attributes(self.layout, attributes)


def justify_line(context: Any, line: Any, extra_width: float) -> None:
    """Spread ``extra_width`` (CSS px) over ``line``; upstream's signature."""
    texts = list(_text_boxes(line))
    text = "".join(box.text for box in texts)
    if not _HANZI.search(text) or not all(child.is_in_normal_flow() for child in line.children):
        _upstream(context, line, extra_width)
        return
    stretch = [_STRETCHES.match(char) is not None for char in text]
    # Pango puts half of a character's space on each side of it and drops the halves that
    # stand at the ends of a line.
    gaps = sum(stretch) - (stretch[0] + stretch[-1]) / 2
    if gaps <= 0:
        return
    font_size = texts[0].style["font_size"]
    if extra_width / gaps > _WIDEST_GAP * font_size:
        return
    _spread(line, texts, _steps(stretch, extra_width, font_size))


def _text_boxes(box: Any) -> Iterator[boxes.TextBox]:
    if isinstance(box, boxes.TextBox):
        if box.text:
            yield box
    elif isinstance(box, boxes.LineBox | boxes.InlineBox):
        for child in box.children:
            yield from _text_boxes(child)


def _steps(stretch: list[bool], extra_width: float, font_size: float) -> list[float]:
    """Return each character's space in CSS px, in whole steps of ``font_size / 488``.

    WeasyPrint writes half of a space (in 1/1024) as the glyph's offset, and the rest of it cut
    down to whole thousandths of an em. With s thousandths of space the rest is s - 0.512 s: whole
    for s = n / 0.488, else up to half a point would be lost by the end of the line. The first
    characters take one step more than the others.
    """
    unit = font_size / 488
    room = extra_width / unit
    edge = (stretch[0] + stretch[-1]) / 2
    low = int(room / (sum(stretch) - edge))
    left = room - low * (sum(stretch) - edge)
    spaces = []
    for wide in stretch:
        more = wide and left >= 1
        left -= more
        spaces.append(unit * (low + more) if wide else 0.0)
    return spaces


def _spread(line: Any, texts: list[Any], spaces: list[float]) -> None:
    """Set ``texts`` with the ``spaces`` of their characters and move everything along."""
    shares: dict[int, list[float]] = {}
    start = 0
    for box in texts:
        shares[id(box)] = spaces[start : start + len(box.text)]
        start += len(box.text)
    # The half spaces where two boxes meet belong to neither layout.
    joints = {
        id(left): (shares[id(left)][-1] + shares[id(right)][0]) / 2
        for left, right in pairwise(texts)
    }

    def walk(box: Any, shift: float) -> float:
        if isinstance(box, boxes.TextBox):
            box.position_x += shift
            own = shares.get(id(box))
            if own is None:
                return shift
            _set_spaced(box, own)
            grown = sum(own) - (own[0] + own[-1]) / 2
            box.width += grown
            return shift + grown + joints.get(id(box), 0.0)
        if isinstance(box, boxes.LineBox | boxes.InlineBox):
            box.position_x += shift
            start_shift = shift
            for child in box.children:
                shift = walk(child, shift)
            box.width += shift - start_shift
            return shift
        box.translate(shift, 0)
        return shift

    walk(line, 0.0)


def _set_spaced(box: Any, spaces: list[float]) -> None:
    base = box.style["letter_spacing"]
    base = 0.0 if base == "normal" else base
    stretches: list[tuple[int, int, int]] = []
    position = 0
    for char, space in zip(box.text, spaces, strict=True):
        end = position + len(char.encode())
        # Rounded up, since WeasyPrint cuts down (see _steps).
        units = math.ceil((base + space) * TO_UNITS)
        if stretches and stretches[-1][2] == units:
            stretches[-1] = (stretches[-1][0], end, units)
        else:
            stretches.append((position, end, units))
        position = end
    layout = _SpacedLayout(box.style, stretches)
    layout.set_text(box.text)
    layout.deactivate()
    box.pango_layout = layout
