"""Official papers and the office's tables; importing it registers the papers' jobs."""

from .draws import draw_context
from .papers import notice_context, recheck_context
from .tables import ledger_form, summary_form, write_summary

__all__ = [
    "draw_context",
    "ledger_form",
    "notice_context",
    "recheck_context",
    "summary_form",
    "write_summary",
]
