"""Answers that span inspections, rounds, orders and estates, as plain values."""

from .doubts import Doubt, photo_doubts
from .field import (
    EstateToInspect,
    RoundToDo,
    next_to_inspect,
    to_inspect,
)
from .orders import (
    OverdueOrder,
    overdue_count,
    overdue_orders,
)
from .rounds import (
    HeadingFailures,
    MonthScore,
    ProblemCount,
    RankingRow,
    RoundFigures,
    StreetScore,
    live_ranking,
    monthly_scores,
    ranking,
    round_figures,
    scores_by_street,
)
from .standings import (
    EstateScore,
    OpenOrders,
    Standing,
    estate_scores,
    open_orders,
    standings,
)
from .waiting import (
    inspections_to_confirm,
    inspections_waiting,
    order_work_count,
    orders_to_recheck,
    orders_to_reply,
    orders_to_serve,
    orders_waiting,
    uninspected_count,
)

__all__ = [
    "Doubt",
    "EstateScore",
    "EstateToInspect",
    "HeadingFailures",
    "MonthScore",
    "OpenOrders",
    "OverdueOrder",
    "ProblemCount",
    "RankingRow",
    "RoundFigures",
    "RoundToDo",
    "Standing",
    "StreetScore",
    "estate_scores",
    "inspections_to_confirm",
    "inspections_waiting",
    "live_ranking",
    "monthly_scores",
    "next_to_inspect",
    "open_orders",
    "order_work_count",
    "orders_to_recheck",
    "orders_to_reply",
    "orders_to_serve",
    "orders_waiting",
    "overdue_count",
    "overdue_orders",
    "photo_doubts",
    "ranking",
    "round_figures",
    "scores_by_street",
    "standings",
    "to_inspect",
    "uninspected_count",
]
