"""The SQL that the rules of several tables share, put together from the enums of this app."""

# ruff: noqa: S608  as said
from collections.abc import Collection

from subsidies.choices import RETURNABLE, SETTLED, VOIDABLE, ClaimStatus


def quoted(values: Collection[str]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(values))


SETTLED_STATES = quoted(SETTLED)
UNDER_WAY = quoted((ClaimStatus.SUBMITTED, ClaimStatus.CHECKED))
VOIDABLE_STATES = quoted(VOIDABLE)


def claim_status(row: str) -> str:
    """Return SQL for the state of the row's claim, read so that the claim cannot move on before
    the writer commits."""
    return f"(SELECT status FROM subsidies_subsidyclaim WHERE id = {row}.claim_id {{row_lock}})"


def void_proposed() -> str:
    """Return SQL that is true while somebody has proposed that the new row's claim be void."""
    return "EXISTS (SELECT 1 FROM subsidies_claimvoid void WHERE void.claim_id = NEW.claim_id)"


def holds_role(person: str, stage: str) -> str:
    """Return SQL that is true when ``person`` holds, as an active account and where the stage
    is the street's own in the street's office, the role that the claim's procedure asks for at
    ``stage``."""
    return (
        "EXISTS (SELECT 1 FROM accounts_user person"
        " JOIN accounts_userrole held ON held.user_id = person.id"
        " JOIN subsidies_subsidyclaim claim ON claim.id = NEW.claim_id"
        " JOIN estates_street street ON street.id = claim.street_id"
        " JOIN subsidies_schemestage rule ON rule.scheme_id = claim.scheme_id"
        f" AND rule.stage = {stage} AND rule.role = held.role"
        f" WHERE person.id = {person} AND person.is_active"
        " AND (NOT rule.own_street OR person.office_id = street.office_id))"
    )


def holds_any(person: str, roles: Collection[str]) -> str:
    """Return SQL that is true when ``person`` is an active account with one of ``roles``."""
    return (
        "EXISTS (SELECT 1 FROM accounts_user person"
        " JOIN accounts_userrole held ON held.user_id = person.id"
        f" WHERE person.id = {person} AND person.is_active AND held.role IN ({quoted(roles)}))"
    )


def in_turn() -> str:
    """Return SQL that is true when the new act fits the state of its claim.

    A stage takes as many persons as its procedure says; what was sent on is taken back only
    while nobody of the next stage has acted.
    """
    return (
        "EXISTS (SELECT 1 FROM subsidies_subsidyclaim claim"
        " JOIN subsidies_schemestage rule ON rule.scheme_id = claim.scheme_id"
        " AND rule.stage = NEW.stage WHERE claim.id = NEW.claim_id"
        " AND claim.version = NEW.version AND ABS(claim.total - NEW.total) <= 0.001 AND ("
        "(NEW.decision = 'pass' AND rule.source = claim.status AND rule.persons > ("
        "SELECT COUNT(*) FROM {table} done WHERE done.claim_id = NEW.claim_id"
        " AND done.version = NEW.version AND done.stage = NEW.stage AND done.decision = 'pass'))"
        " OR (NEW.decision = 'return' AND rule.source = claim.status AND rule.may_return)"
        " OR (NEW.decision = 'withdraw' AND rule.target = claim.status"
        f" AND claim.status IN ({quoted(RETURNABLE)}) AND EXISTS ("
        "SELECT 1 FROM {table} own WHERE own.claim_id = NEW.claim_id"
        " AND own.version = NEW.version AND own.stage = NEW.stage"
        " AND own.decision = 'pass' AND own.actor_id = NEW.actor_id)"
        " AND NOT EXISTS (SELECT 1 FROM {table} after JOIN subsidies_schemestage next"
        " ON next.scheme_id = claim.scheme_id AND next.stage = after.stage"
        " WHERE after.claim_id = NEW.claim_id AND after.version = NEW.version"
        " AND next.source = claim.status))))"
        " AND NOT EXISTS (SELECT 1 FROM {table} ended WHERE ended.claim_id = NEW.claim_id"
        " AND ended.version = NEW.version AND ended.decision <> 'pass')"
    )


def moved_by_acts() -> str:
    """Return SQL that is true when acts of enough persons let the claim go from its old state to
    its new one."""
    return (
        "(NEW.status = 'draft' AND EXISTS (SELECT 1 FROM subsidies_claimact act"
        " WHERE act.claim_id = NEW.id AND act.version = OLD.version"
        " AND act.decision IN ('return', 'withdraw')))"
        " OR (NEW.status = 'void' AND EXISTS (SELECT 1 FROM subsidies_claimvoid void"
        " WHERE void.claim_id = NEW.id AND void.confirmed_by_id IS NOT NULL))"
        " OR EXISTS (SELECT 1 FROM subsidies_schemestage rule"
        " WHERE rule.scheme_id = OLD.scheme_id AND rule.source = OLD.status"
        " AND rule.target = NEW.status AND rule.persons <= ("
        "SELECT COUNT(DISTINCT act.actor_id) FROM subsidies_claimact act"
        " WHERE act.claim_id = NEW.id AND act.version = OLD.version"
        " AND act.decision = 'pass' AND act.stage = rule.stage))"
    )
