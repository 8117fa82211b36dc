"""What a deduction of an estate may rest on."""

from typing import Any

from estates.models import Estate
from inspections.models import Inspection, RectificationOrder

SHOWN = 20


def deduction_bases(estate: Estate, user: Any) -> dict[str, RectificationOrder | Inspection]:
    """Return the latest orders and the inspections with failed items of ``estate`` that ``user``
    sees, by the value of the form's field; two queries."""
    orders = (
        RectificationOrder.objects.visible_to(user)
        .filter(inspection__estate=estate)
        .select_related("inspection")
        .order_by("-issued_at")[:SHOWN]
    )
    found = (
        Inspection.objects.visible_to(user)
        .counted()
        .filter(estate=estate, failed_count__gt=0)
        .order_by("-inspected_on", "-pk")[:SHOWN]
    )
    bases: dict[str, RectificationOrder | Inspection] = {f"o{row.pk}": row for row in orders}
    return bases | {f"i{row.pk}": row for row in found}


def basis_label(basis: RectificationOrder | Inspection) -> str:
    if isinstance(basis, RectificationOrder):
        return f"{basis.number}　{basis.get_kind_display()}"
    return f"{basis.number}　{basis.inspected_on.isoformat()} 检查，{basis.failed_count} 项不合格"
