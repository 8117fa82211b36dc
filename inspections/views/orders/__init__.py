"""Rectification: the ledger, the orders, the record with its evidence, and each act on it."""

from .acts import OrderArrange, OrderIssue, OrderRecheck, OrderReply, OrderServe
from .appeals import ExtensionDecide, ObjectionDecide, OrderExtension, OrderObjection
from .escalation import (
    CircularIssue,
    CircularPaper,
    CircularPrint,
    HandoverFeedback,
    HandoverMake,
    HandoverPaper,
    HandoverPrint,
    InterviewCall,
    InterviewMinutes,
    InterviewNotice,
    InterviewPrint,
    InterviewRecord,
    MinutesPrint,
)
from .links import OrderLink, OrderLinkRenew, OrderLinkRevoke
from .lists import LedgerList, LedgerPhotos, OrderList
from .papers import OrderNotice, OrderPrint, RecheckOpinion, RecheckPrint
from .public import LinkExtension, LinkObjection, LinkPage, LinkPhoto, LinkReply
from .record import OrderDetail

__all__ = [
    "CircularIssue",
    "CircularPaper",
    "CircularPrint",
    "ExtensionDecide",
    "HandoverFeedback",
    "HandoverMake",
    "HandoverPaper",
    "HandoverPrint",
    "InterviewCall",
    "InterviewMinutes",
    "InterviewNotice",
    "InterviewPrint",
    "InterviewRecord",
    "LedgerList",
    "LedgerPhotos",
    "LinkExtension",
    "LinkObjection",
    "LinkPage",
    "LinkPhoto",
    "LinkReply",
    "MinutesPrint",
    "ObjectionDecide",
    "OrderArrange",
    "OrderDetail",
    "OrderExtension",
    "OrderIssue",
    "OrderLink",
    "OrderLinkRenew",
    "OrderLinkRevoke",
    "OrderList",
    "OrderNotice",
    "OrderObjection",
    "OrderPrint",
    "OrderRecheck",
    "OrderReply",
    "OrderServe",
    "RecheckOpinion",
    "RecheckPrint",
]
