"""The signed link by which the firm opens its order: issued, renewed, revoked, used."""

import datetime as dt
import uuid

from django.conf import settings

from accounts.models import User
from inspections.choices import ORDER_ISSUERS, REVIEWERS
from inspections.models import RectificationOrder, ReplyLink
from inspections.selectors.links import link_secret, secret_hash
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds, require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.scoping import assert_in_scope

from .base import TAG, locked, subjects_of


def expiry_of(deadline: dt.date) -> dt.datetime:
    """Return when the link of an order with this deadline ends: so many days after, at 24:00."""
    last = deadline + dt.timedelta(days=settings.REPLY_LINK_DAYS + 1)
    return dt.datetime.combine(last, dt.time(), tzinfo=clock.SHANGHAI)


def make_link(order: RectificationOrder, actor: User) -> ReplyLink:
    """Make the link of ``order``; inside the transaction of the act that calls for it."""
    key = uuid.uuid4()
    link = ReplyLink(
        order=order,
        key=key,
        secret_hash=secret_hash(link_secret(key)),
        issued_by=actor,
        created_at=clock.now(),
        expires_at=max(expiry_of(order.deadline), expiry_of(clock.today())),
    )
    link.full_clean()
    link.save()
    return link


def follow_deadline(order: RectificationOrder) -> None:
    """Let the live link of ``order`` last as long after its new deadline as after the old."""
    end = expiry_of(order.deadline)
    order.links.filter(revoked_at__isnull=True, expires_at__lt=end).update(expires_at=end)


def _own(order: RectificationOrder, actor: User) -> RectificationOrder:
    order = locked(order, actor)
    if order.issued_by_id != actor.pk and not holds(actor, REVIEWERS):
        raise NotPermitted(f"签名链接由签发人 {order.issued_by} 或科室负责人收回、另发。")
    return order


def reply_link_revoke(*, order: RectificationOrder, actor: User, reason: str = "") -> None:
    """Make the order's address open nothing from now on."""
    require(actor, ORDER_ISSUERS, "签名链接由检查员或科室负责人收回。")
    with guarded():
        order = _own(order, actor)
        if not _revoke(order, actor):
            raise BusinessError("没有有效的签名链接。", code="stale")
        record(
            actor=actor,
            verb="order.link_revoke",
            target=order,
            subjects=subjects_of(order),
            summary="收回签名链接",
            reason=reason.strip(),
            tag=TAG,
        )


def reply_link_renew(*, order: RectificationOrder, actor: User) -> ReplyLink:
    """Issue another address for the order; the one before opens nothing from now on."""
    require(actor, ORDER_ISSUERS, "签名链接由检查员或科室负责人另发。")
    with guarded():
        order = _own(order, actor)
        if not order.is_open:
            raise BusinessError(f"整改单{order.get_status_display()}，不用再发链接。", code="stale")
        _revoke(order, actor)
        link = make_link(order, actor)
        assert_in_scope(link, actor)
        record(
            actor=actor,
            verb="order.link_renew",
            target=order,
            subjects=subjects_of(order),
            summary="另发签名链接，原来的不再能用",
            after={"expires_at": link.expires_at},
            tag=TAG,
        )
    return link


def _revoke(order: RectificationOrder, actor: User) -> int:
    live = order.links.filter(revoked_at__isnull=True)
    return live.update(revoked_at=clock.now(), revoked_by=actor)


def reply_link_opened(*, link: ReplyLink) -> None:
    """Note that somebody opened the order by its link: the first time on its timeline, each time
    in the audit log."""
    with guarded():
        first = link.last_used_at is None
        ReplyLink.objects.filter(pk=link.pk).update(last_used_at=clock.now())
        record(
            actor=None,
            verb="order.link_open",
            target=link.order if first else link,
            summary="打开整改单" if first else f"再次打开 {link.order}",
            tag=TAG,
        )
