"""An explanation with the links to the papers behind it."""

from django.urls import reverse

from subsidies.calculations import LineExplanation, LineReason, Paper
from xingyang_pm.common.chain import Explanation, Reason

_PAGES = {
    Paper.COUNT: ("estates:count-detail", "paperclip"),
    Paper.RATE: ("subsidies:rate-detail", "file-text"),
    Paper.SERVICE: ("enterprises:engagement-detail", "signature"),
    Paper.ORDER: ("inspections:order-detail", "tools"),
    Paper.INSPECTION: ("inspections:inspection-detail", "clipboard-check"),
}


def _shown(reason: LineReason) -> Reason:
    if reason.paper is None:
        return Reason(reason.label, reason.text)
    name, icon = _PAGES[reason.paper]
    url = reverse(name, args=[reason.record])
    return Reason(reason.label, reason.text, url, reason.link, icon)


def shown(explanation: LineExplanation) -> Explanation:
    """Return the explanation as ``partials/_tree.html`` draws it."""
    return Explanation(explanation.equation, [_shown(reason) for reason in explanation.reasons])
