"""The SQL that the rules of several tables share, put together from the enums of this app."""

# ruff: noqa: S608  as said
from accounts.choices import Role
from subsidies.choices import RETURNABLE, SETTLED, STAGES, ClaimStatus, StageRule


def quoted(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


SETTLED_STATES = quoted(SETTLED)
UNDER_WAY = quoted((ClaimStatus.SUBMITTED, ClaimStatus.CHECKED))


def claim_status(row: str) -> str:
    """Return SQL for the state of the row's claim, read so that the claim cannot move on before
    the writer commits."""
    return f"(SELECT status FROM subsidies_subsidyclaim WHERE id = {row}.claim_id {{row_lock}})"


def holds_role(person: str, rules: tuple[StageRule, ...], stage: str) -> str:
    """Return SQL that is true when ``person`` holds, as an active account and where the stage
    is the street's own in the street's office, the role of the stage ``stage``."""
    parts = " OR ".join(
        f"({stage} = '{rule.stage.value}' AND held.role = '{rule.role.value}'"
        + (" AND person.office_id = street.office_id)" if rule.own_street else ")")
        for rule in rules
    )
    return (
        "EXISTS (SELECT 1 FROM accounts_user person"
        " JOIN accounts_userrole held ON held.user_id = person.id"
        " JOIN subsidies_subsidyclaim claim ON claim.id = NEW.claim_id"
        " JOIN estates_street street ON street.id = claim.street_id"
        f" WHERE person.id = {person} AND person.is_active AND ({parts}))"
    )


def in_turn() -> str:
    """Return SQL that is true when the new act fits the state of its claim."""
    passing = " OR ".join(
        f"(NEW.stage = '{rule.stage.value}' AND claim.status = '{rule.source.value}'"
        + ("" if rule.may_return else " AND NEW.decision = 'pass'")
        + ")"
        for rule in STAGES
    )
    taking_back = " OR ".join(
        f"(NEW.stage = '{rule.stage.value}' AND claim.status = '{rule.target.value}')"
        for rule in STAGES
        if rule.target in RETURNABLE
    )
    return (
        "EXISTS (SELECT 1 FROM subsidies_subsidyclaim claim WHERE claim.id = NEW.claim_id"
        " AND claim.version = NEW.version AND ABS(claim.total - NEW.total) <= 0.001 AND ("
        f"(NEW.decision IN ('pass', 'return') AND ({passing}))"
        f" OR (NEW.decision = 'withdraw' AND ({taking_back}) AND EXISTS ("
        "SELECT 1 FROM {table} own WHERE own.claim_id = NEW.claim_id"
        " AND own.version = NEW.version AND own.stage = NEW.stage"
        " AND own.decision = 'pass' AND own.actor_id = NEW.actor_id))))"
        " AND NOT EXISTS (SELECT 1 FROM {table} ended WHERE ended.claim_id = NEW.claim_id"
        " AND ended.version = NEW.version AND ended.decision <> 'pass')"
    )


def has_role(person: str, roles: frozenset[Role]) -> str:
    """Return SQL that is true when ``person`` holds, as an active account, one of ``roles``."""
    return (
        "EXISTS (SELECT 1 FROM accounts_user person"
        " JOIN accounts_userrole held ON held.user_id = person.id"
        f" WHERE person.id = {person} AND person.is_active"
        f" AND held.role IN ({quoted(tuple(sorted(roles)))}))"
    )
