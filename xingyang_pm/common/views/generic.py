"""The pages that apps declare: import from here. ``templates/README.md`` shows the pattern."""

from xingyang_pm.common.menu import EVERYONE
from xingyang_pm.common.tables import Pill

from .acts import ActionPage, Download, DownloadPage, FormPage, put_error
from .base import Action, Crumb, PageHead, PortalView, Tab, TemplatePage
from .lists import Listing, ListPage, SavedChip, count_line
from .records import (
    Fact,
    FactsPanel,
    KeyPanel,
    Notice,
    Panel,
    RecordPage,
    TablePanel,
    TimelineItem,
    facts_of,
)

__all__ = [
    "EVERYONE",
    "Action",
    "ActionPage",
    "Crumb",
    "Download",
    "DownloadPage",
    "Fact",
    "FactsPanel",
    "FormPage",
    "KeyPanel",
    "ListPage",
    "Listing",
    "Notice",
    "PageHead",
    "Panel",
    "Pill",
    "PortalView",
    "RecordPage",
    "SavedChip",
    "Tab",
    "TablePanel",
    "TemplatePage",
    "TimelineItem",
    "count_line",
    "facts_of",
    "put_error",
]
