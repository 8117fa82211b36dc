"""Rectification: the ledger, the notices, the record with its evidence, and each act on it."""

from .acts import OrderArrange, OrderIssue, OrderRecheck, OrderReply, OrderServe
from .lists import LedgerList, OrderList
from .papers import OrderNotice, OrderPrint, RecheckOpinion, RecheckPrint
from .record import OrderDetail

__all__ = [
    "LedgerList",
    "OrderArrange",
    "OrderDetail",
    "OrderIssue",
    "OrderList",
    "OrderNotice",
    "OrderPrint",
    "OrderRecheck",
    "OrderReply",
    "OrderServe",
    "RecheckOpinion",
    "RecheckPrint",
]
