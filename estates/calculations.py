"""Pure rules of the registry: how names are compared, what a change of figures means."""

import re
import unicodedata

_STREET_ENDINGS = (
    "街道办事处",
    "人民政府",
    "街道办",
    "办事处",
    "镇政府",
    "乡政府",
    "街道",
    "办",
    "镇",
    "乡",
)
_COMMUNITY_ENDINGS = (
    "社区居民委员会",
    "社区居委会",
    "居民委员会",
    "居委会",
    "村民委员会",
    "村委会",
    "社区",
    "村",
)
_BLANKS = re.compile(r"\s+")
_BRACKETS = str.maketrans({"（": "(", "）": ")", "〇": "零", "○": "零", "【": "[", "】": "]"})
_ESTATE_ENDINGS = ("住宅小区", "家属小区", "小区", "家属院", "家属楼", "楼院", "花园")
# A part of an estate, as names end: 二期, 东院, 18号院, 一区.
_PARTS = re.compile(r"(?:\d+期|[东西南北中]院|\d+号院|\d+区|[东西南北]区)$")
_CLUTTER = re.compile(r"[\s()\[\]{}《》“”\"'‘’·•.,，、。\-–—―_~～:：;；#]")
_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")}
_NUMERAL = re.compile(r"[零一二三四五六七八九十]+(?=期|区|号|组|院)")


def folded(text: str) -> str:
    """Return ``text`` as names are compared: half width, one kind of bracket, no blanks."""
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text).translate(_BRACKETS))


def _without_ending(text: str, endings: tuple[str, ...]) -> str:
    """Return ``text`` without the first of ``endings`` that leaves at least two characters."""
    for ending in endings:
        if text.endswith(ending) and len(text) > len(ending) + 1:
            return text.removesuffix(ending)
    return text


# --- Streets and communities ----------------------------------------------------------------------


def street_stem(text: str) -> str:
    """Return what is left of a street's name in any of its forms.

    京城路街道, 京城路办, 京城办 and 京城路街道办事处 are 京城; 金寨回族乡 is 金寨.
    """
    stem = _without_ending(folded(text).removeprefix("荥阳市"), _STREET_ENDINGS)
    return stem.removesuffix("回族").removesuffix("路") if len(stem) > 2 else stem


def street_aliases(name: str) -> frozenset[str]:
    """Return the forms in which ledgers name the street or town ``name``, its own among them."""
    plain = folded(name)
    stem, core = street_stem(name), _without_ending(plain, _STREET_ENDINGS)
    forms = {plain, stem, core, f"荥阳市{plain}"}
    if plain.endswith("街道"):
        for short in {stem, core}:
            forms |= {
                f"{short}{ending}" for ending in ("街道", "街道办", "街道办事处", "办事处", "办")
            }
    else:
        kind = "镇" if plain.endswith("镇") else "乡"
        for short in {stem, core}:
            forms |= {f"{short}{ending}" for ending in (kind, f"{kind}政府", f"{kind}人民政府")}
    return frozenset(forms)


def community_short_name(name: str) -> str:
    """Return how people call a community: 老城社区居委会 is 老城社区, 平庄村委会 is 平庄村."""
    for suffix, kept in (
        ("社区居民委员会", "社区"),
        ("社区居委会", "社区"),
        ("居民委员会", ""),
        ("居委会", ""),
        ("村民委员会", "村"),
        ("村委会", "村"),
    ):
        if name.endswith(suffix):
            return name.removesuffix(suffix) + kept
    return name


def community_stem(text: str) -> str:
    """Return the core of a community's name: 老城社区居委会, 老城社区 and 老城 are 老城."""
    return _without_ending(folded(text), _COMMUNITY_ENDINGS)


# --- Estates --------------------------------------------------------------------------------------


def _arabic(found: re.Match[str]) -> str:
    """Return a Chinese numeral up to 99 in digits; longer strings of digits one by one."""
    word = found[0]
    if "十" not in word:
        return "".join(str(_DIGITS[c]) for c in word)
    tens, _, ones = word.partition("十")
    if len(tens) > 1 or len(ones) > 1:
        return word
    return str(_DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0))


def estate_key(name: str) -> str:
    """Return the form in which two spellings of one estate's name are equal.

    Width, case, blanks, brackets, dashes, 〇/零 and 二期/2期 make no difference; 一期 and 二期,
    花园 and 小区 do.
    """
    plain = _CLUTTER.sub("", folded(name)).casefold()
    return _NUMERAL.sub(_arabic, plain)


def estate_stem(text: str) -> str:
    """Return the core of an estate's name, by which near names are found.

    兴华二期, 兴华小区 and 兴华花园东院 are 兴华.
    """
    stem = estate_key(text)
    while True:
        shorter = _without_ending(_PARTS.sub("", stem) or stem, _ESTATE_ENDINGS)
        if shorter == stem or len(shorter) < 2:
            return stem
        stem = shorter


def change_percent(before: int, after: int) -> float:
    """Return by how many percent a household number changes; 100 from nothing."""
    if not before:
        return 100.0 if after else 0.0
    return abs(after - before) * 100 / before


def figure_after(figure: int, listed_before: int, listed_after: int) -> int:
    """Return an estate's figure (buildings, units) after its list of buildings has changed.

    A list that was complete carries the figure with it. One that has only begun (2 of 6
    buildings) leaves the figure until it outgrows it.
    """
    if listed_before == figure:
        return listed_after
    return max(figure, listed_after)
