"""Credit: what the apps above tell of a provider, kept once each."""

import datetime as dt

from accounts.models import User
from enterprises.choices import CREDIT_FAULTS, CreditEventKind
from enterprises.models import CreditEvent, Provider
from estates.models import Estate
from xingyang_pm.common import clock
from xingyang_pm.common.audit import record
from xingyang_pm.common.guarding import guarded


def credit_event_record(
    *,
    provider: Provider,
    estate: Estate,
    kind: CreditEventKind,
    text: str,
    happened_on: dt.date,
    source_key: str,
    actor: User,
) -> CreditEvent:
    """Keep one event; told again by the same ``source_key`` it is the one that stands.

    Asks for no role: the act from which the event follows has asked for its own.
    """
    with guarded():
        known = CreditEvent.objects.filter(source_key=source_key).first()
        if known is not None:
            return known
        event = CreditEvent(
            provider=provider,
            estate=estate,
            kind=kind,
            text=text[:300],
            happened_on=happened_on,
            source_key=source_key,
            recorded_by=actor,
            recorded_at=clock.now(),
        )
        event.full_clean()
        event.save()
        record(
            actor=actor,
            verb="credit.record",
            target=event,
            subjects=[provider, estate],
            summary=f"记入信用记录：{event.get_kind_display()}，{event.text}",
            tag="信用",
            tone="a" if kind in CREDIT_FAULTS else "g",
        )
    return event
