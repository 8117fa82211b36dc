"""The signed link of one order: what its address says, and what it opens.

The address holds the link's id and a secret, signed together. The secret is derived from the
link's random key with the portal's own key and kept only as a hash: an address can be printed
again, but not be made from what the database holds.
"""

import base64
import hashlib
from typing import Any

from django.conf import settings
from django.core import signing
from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from inspections.choices import PhotoStage
from inspections.models import EvidencePhoto, RectificationItem, RectificationOrder, ReplyLink

_SALT = "inspections.reply-link"
_SECRET_LENGTH = 22
PAGE = "replies:page"


def link_secret(key: Any) -> str:
    """Return the secret of the link with the random ``key``: 22 characters, 132 bits."""
    digest = salted_hmac(_SALT, key.hex, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode()[:_SECRET_LENGTH]


def secret_hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _signer() -> signing.Signer:
    return signing.Signer(salt=_SALT, sep=".")


def link_token(link: ReplyLink) -> str:
    """Return what stands in the address of ``link``; empty once the portal's key has changed,
    since the secret can then not be derived again."""
    secret = link_secret(link.key)
    if not constant_time_compare(secret_hash(secret), link.secret_hash):
        return ""
    return _signer().sign(f"{link.pk}~{secret}")


def link_path(link: ReplyLink) -> str:
    token = link_token(link)
    return reverse(PAGE, args=[token]) if token else ""


def link_address(link: ReplyLink) -> str:
    """Return the whole address as papers print it; empty where the portal knows none of its own."""
    path = link_path(link)
    return f"{settings.PORTAL_URL}{path}" if path and settings.PORTAL_URL else ""


def link_of_token(token: str) -> ReplyLink | None:
    """Return the link whose address says ``token``, live or not; None for any other text."""
    try:
        pk, _, secret = _signer().unsign(token).partition("~")
        number = int(pk)
    except (signing.BadSignature, ValueError):
        return None
    link = (
        ReplyLink.objects.filter(pk=number)
        .select_related("order__estate__street", "order__provider", "order__inspection")
        .first()
    )
    if link is None or not constant_time_compare(secret_hash(secret), link.secret_hash):
        return None
    return link


def live_link(order: RectificationOrder) -> ReplyLink | None:
    """Return the link of ``order`` that has not been revoked; it may have expired."""
    return order.links.filter(revoked_at__isnull=True).select_related("issued_by").first()


def _photos_of(order: RectificationOrder) -> Any:
    """Return the photos of the order's items: as found, and as this order's replies show them."""
    own = Q(reply_item__isnull=True, stage=PhotoStage.FOUND)
    return EvidencePhoto.objects.filter(own | Q(reply_item__reply__order=order))


def items_by_link(link: ReplyLink) -> list[RectificationItem]:
    """Return the items of the link's order with their photos, replies and rechecks."""
    return list(
        link.order.items.select_related("result__item")
        .prefetch_related(
            Prefetch("result__photos", _photos_of(link.order).select_related("estate")),
            "replies__photos",
            "replies__reply",
            "rechecks__recheck",
        )
        .order_by("result__item__position")
    )


def photo_by_link(link: ReplyLink, pk: int) -> EvidencePhoto | None:
    """Return the photo ``pk`` if it is of the link's order."""
    rows = _photos_of(link.order).filter(result__rectifications__order=link.order)
    return rows.filter(pk=pk).first()
