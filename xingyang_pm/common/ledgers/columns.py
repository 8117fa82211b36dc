"""Columns of a ledger and the parsers of their cells.

A parser is called with the content of one cell that is not blank and returns its value, a
:class:`~.cells.Warned` value, or ``None`` for nothing; it raises :class:`~.cells.CellError`
with a Chinese sentence that says what to write instead. The functions of this module make
parsers::

    LedgerColumn("households", "户数", aliases=["总户数"], parse=integer(), required=True)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .cells import CellError, Parser, Warned, comparison_key
from .dates import date, month, period, year
from .numbers import area, capital, decimal, fee, integer, money, pair
from .phones import phones
from .words import checked, choice, choice_of, credit_code, name, text, yes_no

__all__ = [
    "CellError", "LedgerColumn", "Parser", "Warned", "area", "capital", "checked", "choice",
    "choice_of", "comparison_key", "credit_code", "date", "decimal", "fee", "integer", "money",
    "month", "name", "pair", "period", "phones", "text", "year", "yes_no",
]  # fmt: skip

_ANY_TEXT = text()


@dataclass(frozen=True)
class LedgerColumn:
    """One column of a ledger.

    ``name`` is the key in a row's values, ``label`` the header of the template and of
    messages, ``aliases`` the other headers that the office uses; ``大类/小类`` in an alias
    means a two-level header. ``parse`` reads a cell. ``required`` cells may not be blank;
    ``default`` stands for blank ones. ``fill_down``: a cell merged downwards counts for all
    its rows; by default so for everything but figures. ``grouping``: so does a cell with blanks
    below it (街道, 社区), until the next value or until a grouping column to its left changes.
    ``typed``: a formula in the cell is refused, since its value follows other cells. ``secret``:
    messages do not repeat what stands in the cell. ``from_sheet_name``: without this column the
    name of the sheet stands for it. ``hint``,
    ``example`` and ``choices`` are for the template.
    """

    name: str
    label: str
    aliases: Sequence[str] = ()
    parse: Parser = field(default_factory=lambda: _ANY_TEXT)
    required: bool = False
    default: Any = None
    fill_down: bool | None = None
    grouping: bool = False
    from_sheet_name: bool = False
    typed: bool = False
    secret: bool = False
    hint: str = ""
    example: str = ""
    choices: Sequence[str] = ()
    width: float | None = None

    @property
    def fills_down(self) -> bool:
        """Whether a cell merged downwards counts for every row that it covers."""
        if self.fill_down is None:
            return self.grouping or not getattr(self.parse, "countable", False)
        return self.fill_down or self.grouping
