"""The order is issued over failed items, printed, and served."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from django.conf import settings

from accounts.models import User
from inspections.calculations import citation
from inspections.choices import (
    ORDER_ISSUERS,
    OrderKind,
    OrderStatus,
    Outcome,
    ServiceMethod,
    Severity,
)
from inspections.models import (
    Inspection,
    ItemResult,
    RectificationItem,
    RectificationOrder,
)
from xingyang_pm.common import clock, jobs
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.numbers import next_number
from xingyang_pm.common.scoping import assert_in_scope

from .base import NOTICE_PDF, TAG, locked, subjects_of
from .links import make_link


def issuable_results(inspection: Inspection) -> list[ItemResult]:
    """Return the failed items of ``inspection`` that no order covers yet, without those that
    were put right on the spot."""
    return list(
        inspection.results.filter(outcome=Outcome.FAIL, fixed_on_site=False)
        .exclude(rectifications__withdrawn=False)
        .select_related("item__section", "inspection")
        .prefetch_related("item__bases")
        .order_by("item__position")
    )


def legal_basis_of(results: Iterable[ItemResult]) -> str:
    """Return the legal bases of ``results`` as a notice cites them, each once: what was the law
    on the day of the inspection."""
    return citation(
        basis for row in results for basis in row.item.bases_on(row.inspection.inspected_on)
    )


def proposed_kind(results: Iterable[ItemResult]) -> OrderKind:
    """Return the paper that the gravest of ``results`` calls for."""
    grave = any(row.item.severity == Severity.FORMAL for row in results)
    return OrderKind.FORMAL if grave else OrderKind.TRACKED


# Each kind has numbers of its own, and its word in them.
_SERIES = {
    OrderKind.FORMAL: ("rectification", "责改"),
    OrderKind.TRACKED: ("rectification-tracked", "整改"),
}


def rectification_order_issue(
    *,
    inspection: Inspection,
    results: Sequence[ItemResult],
    actor: User,
    legal_basis: str = "",
    kind: OrderKind = OrderKind.FORMAL,
    deadline: dt.date | None = None,
    demand: str = "",
    requirements: Mapping[int, str] | None = None,
) -> RectificationOrder:
    """Issue an order over failed items of one reported inspection, with its signed link.

    A formal one needs an addressee and its legal basis. ``deadline`` is the last day (until
    24:00); without one the latest of the items' own, at least tomorrow. ``requirements`` maps
    ids of results to what is demanded on each.
    """
    require(actor, ORDER_ISSUERS, "整改通知书由检查员或科室负责人下达。")
    today = clock.today()
    with guarded():
        inspection = (
            Inspection.objects.visible_to(actor)
            .select_for_update(of=("self",))
            .select_related("estate", "provider")
            .get(pk=inspection.pk)
        )
        if not inspection.is_counted:
            raise BusinessError("检查记录还没有上报，不能下达整改通知书。", code="not_reported")
        kind = OrderKind(kind)
        formal = kind == OrderKind.FORMAL
        if formal and inspection.provider is None:
            raise BusinessError(
                f"{inspection.estate} 没有登记服务主体，通知书没有送达对象。请先登记服务合同。",
                code="no_addressee",
            )
        open_pks = {row.pk for row in issuable_results(inspection)}
        chosen = [row for row in results if row.pk in open_pks]
        if not chosen:
            raise BusinessError("请至少选一个不合格项。", field="results")
        if len(chosen) != len(results):
            raise BusinessError("所选项目中有的不是不合格项，或已经下达整改，请刷新后再选。")
        own = [row.deadline for row in chosen if row.deadline]
        last = deadline or max([*own, today + dt.timedelta(days=1)])
        if last < today:
            raise BusinessError("整改期限不能早于今天。", field="deadline")
        if formal and not legal_basis.strip():
            raise BusinessError("责令限期整改通知书须写明依据。", field="legal_basis")
        series, word = _SERIES[kind]
        serial = next_number(series, today.year)
        order = RectificationOrder(
            kind=kind,
            year=today.year,
            serial=serial,
            number=f"{settings.OFFICE_DOCUMENT_PREFIX}{word}〔{today.year}〕{serial}号",
            inspection=inspection,
            estate=inspection.estate,
            provider=inspection.provider,
            legal_basis=legal_basis.strip() if formal else "",
            demand=demand.strip(),
            deadline=last,
            original_deadline=last,
            issued_by=actor,
            issued_at=clock.now(),
        )
        order.full_clean()
        order.save()
        wanted = requirements or {}
        items = [
            RectificationItem(
                order=order, result=row, requirement=wanted.get(row.pk, "").strip()[:200]
            )
            for row in chosen
        ]
        RectificationItem.objects.bulk_create(items)
        make_link(order, actor)
        assert_in_scope(order, actor)
        record(
            actor=actor,
            verb="order.issue",
            target=order,
            subjects=subjects_of(order),
            summary=f"签发{order.get_kind_display()} {order.number}，{len(items)} 项，"
            f"限{clock.chinese_date(last)}前改正",
            after={"kind": kind, "items": [row.pk for row in chosen], "deadline": last},
            tag=TAG,
            tone="b",
        )
        enqueue_notice(order=order, actor=actor)
    return order


def enqueue_notice(*, order: RectificationOrder, actor: User) -> jobs.Job:
    """Have the notice of ``order`` printed as it stands now."""
    return jobs.enqueue(
        NOTICE_PDF,
        owner=actor,
        params={"order": order.pk},
        dedupe_key=f"{NOTICE_PDF}:{order.pk}:{order.served_on or ''}:{order.deadline}",
        title=f"{order.number} {order.get_kind_display()}",
    )


def rectification_serve(
    *,
    order: RectificationOrder,
    actor: User,
    served_on: dt.date,
    served_to: str,
    served_by: str,
    service_method: str,
) -> RectificationOrder:
    """Record that the order was served: when, how, who took it, who brought it."""
    require(actor, ORDER_ISSUERS, "送达由检查员或科室负责人登记。")
    with guarded():
        order = locked(order, actor)
        if not order.is_formal:
            raise BusinessError("限期整改单下达即告知，不用登记送达。", code="stale")
        if order.status != OrderStatus.ISSUED:
            raise BusinessError(
                f"这份通知书{order.get_status_display()}，不能再登记送达。", code="stale"
            )
        if order.served_on:
            raise BusinessError("这份通知书的送达已经登记。", code="stale")
        if served_on > clock.today():
            raise BusinessError("送达日期不能晚于今天。", field="served_on")
        if served_on < order.issued_at.astimezone(clock.SHANGHAI).date():
            raise BusinessError("送达日期不能早于下达日期。", field="served_on")
        if service_method not in ServiceMethod.values:
            raise BusinessError("请选送达方式。", field="service_method")
        for name, value, label in (
            ("served_to", served_to, "签收人"),
            ("served_by", served_by, "送达人"),
        ):
            if not value.strip():
                raise BusinessError(f"请写明{label}。", field=name)
        order.served_on, order.service_method = served_on, service_method
        order.served_to, order.served_by = served_to.strip(), served_by.strip()
        order.full_clean()
        order.save(update_fields=["served_on", "service_method", "served_to", "served_by"])
        record(
            actor=actor,
            verb="order.serve",
            target=order,
            subjects=subjects_of(order),
            summary=f"登记送达，{order.get_service_method_display()}，签收人 {order.served_to}",
            after={"served_on": served_on, "served_by": order.served_by},
            tag=TAG,
        )
        enqueue_notice(order=order, actor=actor)
    return order
