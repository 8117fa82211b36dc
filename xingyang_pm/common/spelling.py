"""The city's name as it is written: 荥阳, which hands and keyboards turn into 荣阳."""

MISSPELT_CITY = "荣阳"


def misspelling(text: str) -> str | None:
    """Return the sentence that refuses ``text`` for the slip in the city's name, or None."""
    return "“荣阳”应写作“荥阳”。请改正。" if MISSPELT_CITY in text else None
