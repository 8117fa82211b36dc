"""What the verification of the books tells."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it must be: what, where, what was expected and what was found."""

    what: str
    where: str
    expected: str
    found: str
