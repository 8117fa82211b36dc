"""Pinyin initials for search: 成皋花园 → ``cghy``."""

from pypinyin import Style, lazy_pinyin, load_phrases_dict

# 荥 is xíng in 荥阳 (and yíng in Sichuan's 荥经); 汜 is sì; 峪 is yù.
load_phrases_dict({"荥阳": [["xíng"], ["yáng"]], "汜水": [["sì"], ["shuǐ"]]})


def initials(text: str) -> str:
    """Return the first letters of ``text`` in lower case; digits and Latin letters stay."""
    letters = lazy_pinyin(text, style=Style.FIRST_LETTER, errors="default", strict=False)
    return "".join(
        part[0] if len(part) == 1 else part for part in letters if part[:1].isalnum()
    ).lower()[:60]
