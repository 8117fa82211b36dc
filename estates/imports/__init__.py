"""The office's ledgers of estates: 小区台账, 老旧小区台账, 新型农村社区台账; the survey's table."""

from .columns import PROVIDER_COLUMNS
from .companions import CompanionPlan, CompanionRow, LedgerCompanion, register_ledger_companion
from .ledgers import register_ledgers
from .survey import survey_rows

__all__ = [
    "PROVIDER_COLUMNS",
    "CompanionPlan",
    "CompanionRow",
    "LedgerCompanion",
    "register_ledger_companion",
    "register_ledgers",
    "survey_rows",
]
