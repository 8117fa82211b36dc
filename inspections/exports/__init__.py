"""Official papers and the office's tables; importing it registers the papers' jobs."""

from .papers import notice_context, recheck_context
from .tables import ledger_form, summary_form, write_summary

__all__ = ["ledger_form", "notice_context", "recheck_context", "summary_form", "write_summary"]
