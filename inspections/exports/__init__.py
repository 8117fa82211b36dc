"""Official papers and the office's tables; importing it registers the papers' jobs."""

from .draws import draw_context
from .escalation import circular_context, handover_context, interview_context, minutes_context
from .findings import findings_form
from .papers import notice_context, recheck_context
from .tables import ledger_form, summary_form, write_summary

__all__ = [
    "circular_context",
    "draw_context",
    "findings_form",
    "handover_context",
    "interview_context",
    "ledger_form",
    "minutes_context",
    "notice_context",
    "recheck_context",
    "summary_form",
    "write_summary",
]
