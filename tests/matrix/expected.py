"""Who may do what, as the office wants it: every address of the portal, every role.

``"name": Rule(get, post, scope)``. ``get`` and ``post`` name the parties that the portal serves;
``NOBODY`` where the address does not know the method. ``scope`` says who sees the object that
the address names; for all others it does not exist (404):

``page``     names no object: who is not served is told so (403)
``street``   the bureau and the object's own street; the other street meets 404
``city``     every reader of the business
``bureau``   the bureau's readers
``own``      its owner alone (``owner=``)
``staff``    as ``sees=`` says
``public``   before the sign-in

A new address fails the test until its line stands here. The table of roles is design §3; a line
that differs from it is a decision, and the reason stands beside it.
"""

from dataclasses import dataclass, field

Parties = frozenset[str]


def parties(*names: str) -> Parties:
    return frozenset(names)


CLERK, LEADER = parties("street_clerk"), parties("street_leader")
INSPECTOR, MANAGER = parties("inspector"), parties("bureau_manager")
HEAD, FINANCE = parties("bureau_leader"), parties("finance_officer")
ADMIN, AUDITOR = parties("system_admin"), parties("auditor")
BUREAU = INSPECTOR | MANAGER | HEAD | FINANCE | AUDITOR
STREETS = CLERK | LEADER
READERS = BUREAU | STREETS
SIGNED_IN = READERS | ADMIN | parties("outsider")
NOBODY: Parties = frozenset()
SITE = INSPECTOR | CLERK  # who works on site
ORDERS = INSPECTOR | MANAGER


@dataclass(frozen=True)
class Rule:
    get: Parties
    post: Parties
    scope: str = "page"
    owner: str = ""
    sees: Parties = field(default=NOBODY)
    # The role is asked before the object: who lacks it is refused, seeing it or not.
    role_first: bool = False


def listing(roles: Parties = READERS, scope: str = "page") -> Rule:
    """A list: its POST keeps conditions and starts long exports."""
    return Rule(roles, roles, scope)


def reading(roles: Parties = READERS, scope: str = "street") -> Rule:
    return Rule(roles, NOBODY, scope)


def act(roles: Parties, scope: str = "street") -> Rule:
    """A form or a confirmation: shown by GET, done by POST."""
    return Rule(roles, roles, scope)


def post_only(roles: Parties, scope: str = "street") -> Rule:
    return Rule(NOBODY, roles, scope)


def public(get: Parties = SIGNED_IN, post: Parties = NOBODY) -> Rule:
    return Rule(get, post, "public")


OVERSEERS = ADMIN | AUDITOR

RULES: dict[str, Rule] = {
    # --- the desk -----------------------------------------------------------------------
    "dashboard:desk": Rule(SIGNED_IN, NOBODY),
    "dashboard:statistics": Rule(READERS, NOBODY),
    # --- accounts -----------------------------------------------------------------------
    "accounts:login": public(SIGNED_IN, SIGNED_IN),
    "accounts:logout": Rule(NOBODY, SIGNED_IN),
    "accounts:second-factor": act(SIGNED_IN, "page"),
    "accounts:second-factor-bind": act(SIGNED_IN, "page"),
    "accounts:profile": Rule(SIGNED_IN, NOBODY),
    "accounts:password-change": act(SIGNED_IN, "page"),
    "accounts:large-text": post_only(SIGNED_IN, "page"),
    "accounts:session-list": listing(SIGNED_IN),
    "accounts:session-end": Rule(CLERK | ADMIN, CLERK | ADMIN, "staff", sees=CLERK | ADMIN),
    "accounts:user-list": listing(OVERSEERS),
    "accounts:user-create": act(ADMIN, "page"),
    "accounts:user-detail": Rule(OVERSEERS, NOBODY, "staff", sees=OVERSEERS | STREETS),
    **{
        f"accounts:user-{verb}": Rule(ADMIN, ADMIN, "staff", sees=OVERSEERS | STREETS)
        for verb in (
            "update",
            "roles",
            "reset",
            "disable",
            "leave",
            "enable",
            "unlock",
            "device-reset",
        )
    },
    "accounts:office-list": listing(OVERSEERS),
    "accounts:office-detail": Rule(OVERSEERS, NOBODY, "staff", sees=OVERSEERS | STREETS),
    "accounts:office-update": Rule(ADMIN, ADMIN, "staff", sees=OVERSEERS | STREETS),
    "accounts:token-list": listing(ADMIN),
    "accounts:token-create": act(ADMIN, "page"),
    "accounts:token-revoke": Rule(MANAGER | ADMIN, MANAGER | ADMIN, "staff", sees=MANAGER | ADMIN),
    # --- registry -----------------------------------------------------------------------
    "estates:estate-list": listing(),
    "estates:estate-create": act(MANAGER, "page"),
    "estates:estate-detail": reading(),
    "estates:estate-update": act(MANAGER),
    "estates:estate-name": act(MANAGER),
    "estates:estate-buildings": act(MANAGER),
    "estates:estate-rename": act(MANAGER),
    "estates:name-remove": act(MANAGER),
    "estates:building-create": act(MANAGER),
    "estates:building-update": act(MANAGER),
    "estates:building-remove": act(MANAGER),
    "estates:committee-create": act(MANAGER),
    "estates:committee-update": act(MANAGER),
    "estates:committee-remove": act(MANAGER),
    "estates:estate-merge": act(MANAGER),
    "estates:estate-remove": act(MANAGER),
    "estates:estate-card": post_only(READERS),
    "estates:count-create": act(MANAGER | CLERK),
    "estates:count-list": listing(),
    "estates:count-detail": reading(),
    "estates:count-verify": act(MANAGER | LEADER),
    "estates:count-reject": act(MANAGER | LEADER),
    "estates:count-evidence": reading(),
    "estates:count-withdraw": act(MANAGER | CLERK),
    "estates:count-verify-many": post_only(MANAGER | LEADER, "page"),
    "estates:assignment-list": listing(),
    "estates:assign": act(MANAGER, "page"),
    "estates:assign-chosen": post_only(MANAGER, "page"),
    "estates:assignment-end": act(MANAGER),
    "estates:survey-list": listing(),
    "estates:survey-create": act(MANAGER | CLERK, "page"),
    "estates:survey-source": reading(),
    "estates:survey-detail": Rule(READERS, READERS, "street"),
    "estates:survey-accept": post_only(MANAGER),
    "estates:survey-reject": post_only(MANAGER),
    "estates:survey-close": act(MANAGER),
    # --- who serves whom ------------------------------------------------------------------
    "enterprises:provider-list": listing(),
    "enterprises:provider-create": act(MANAGER, "page"),
    "enterprises:provider-detail": reading(),
    "enterprises:provider-update": act(MANAGER),
    "enterprises:manager-create": act(MANAGER),
    "enterprises:manager-leave": act(MANAGER),
    "enterprises:engagement-list": listing(),
    "enterprises:engagement-create": act(MANAGER, "page"),
    "enterprises:engagement-detail": reading(),
    "enterprises:engagement-update": act(MANAGER),
    "enterprises:engagement-file": act(MANAGER),
    "enterprises:engagement-end": act(MANAGER),
    "enterprises:engagement-contract": reading(),
    "enterprises:agreement-list": listing(),
    "enterprises:agreement-create": act(MANAGER, "page"),
    "enterprises:agreement-detail": reading(),
    "enterprises:agreement-update": act(MANAGER),
    "enterprises:agreement-scan": reading(),
    "enterprises:agreement-scan-add": act(MANAGER),
    "enterprises:agreement-void": act(MANAGER),
    # --- inspections ------------------------------------------------------------------------
    "inspections:inspection-mine": Rule(SITE, NOBODY),
    "inspections:entry-new": act(SITE, "page"),
    # A draft is its inspector's alone until it is reported.
    **{
        f"inspections:{name}": Rule(get, INSPECTOR, "own", owner="inspector", role_first=True)
        for name, get in (
            ("entry", INSPECTOR),
            ("entry-draft", NOBODY),
            ("entry-photo", NOBODY),
            ("entry-photo-remove", NOBODY),
            ("entry-discard", INSPECTOR),
            ("entry-sync", NOBODY),
        )
    },
    # Asked by its key; of what is another's, or nowhere, it says alike that it has no state.
    "inspections:entry-status": Rule(SITE, NOBODY),
    "inspections:sending": Rule(SITE, NOBODY),
    "inspections:sending-file": Rule(SITE, NOBODY),
    "inspections:field-worker": public(),
    "inspections:field-shell": public(),
    "inspections:field-session": Rule(SITE, NOBODY),
    "inspections:field-work": Rule(SITE, NOBODY),
    # The manager, and the inspector who entered the record.
    "inspections:conflict-keep": act(ORDERS),
    "inspections:conflict-take": act(INSPECTOR),
    "inspections:conflict-photo": reading(),
    "inspections:conflict-photo-thumbnail": reading(),
    "inspections:entry-table-home": Rule(SITE, NOBODY),
    "inspections:entry-table": act(SITE, "city"),
    "inspections:entry-table-cell": post_only(SITE, "city"),
    "inspections:inspection-receipt": reading(),
    "inspections:inspection-list": listing(),
    "inspections:inspection-detail": reading(),
    "inspections:inspection-confirm": act(MANAGER),
    "inspections:inspection-return": act(MANAGER),
    "inspections:inspection-confirm-many": post_only(MANAGER, "page"),
    "inspections:order-issue": act(ORDERS),
    "inspections:photo-full": reading(),
    "inspections:photo-thumbnail": reading(),
    "inspections:photo-flag-judge": act(MANAGER),
    "inspections:finding-list": listing(),
    "inspections:statistics": reading(scope="page"),
    "inspections:statistics-workbook": reading(scope="page"),
    "inspections:photo-redact": act(MANAGER),
    "inspections:redaction-image": reading(),
    "inspections:redaction-thumbnail": reading(),
    "inspections:inspection-versions": reading(),
    "inspections:round-list": listing(),
    "inspections:round-create": act(MANAGER, "page"),
    "inspections:round-detail": reading(scope="city"),
    "inspections:round-assign": act(MANAGER, "city"),
    "inspections:round-draw": act(MANAGER, "city"),
    "inspections:round-draw-print": act(MANAGER, "city"),
    "inspections:round-draw-paper": reading(BUREAU, "bureau"),  # names the estates of all streets
    "inspections:round-remind": act(MANAGER, "city"),
    "inspections:round-close": act(MANAGER, "city"),
    "inspections:round-summary": reading(scope="city"),
    "inspections:checklist-list": listing(),
    "inspections:checklist-create": act(MANAGER, "page"),
    "inspections:checklist-detail": reading(scope="city"),
    "inspections:checklist-preview": reading(scope="city"),
    "inspections:checklist-update": act(MANAGER, "city"),
    "inspections:checklist-activate": act(MANAGER, "city"),
    "inspections:checklist-retire": act(MANAGER, "city"),
    "inspections:checklist-copy": act(MANAGER, "city"),
    "inspections:checklist-discard": act(MANAGER, "city"),
    "inspections:checklist-compare": reading(scope="city"),
    "inspections:checklistheading-create": act(MANAGER, "city"),
    "inspections:checklistheading-update": act(MANAGER, "city"),
    "inspections:checklistheading-remove": act(MANAGER, "city"),
    "inspections:checklistheading-move": post_only(MANAGER, "city"),
    "inspections:checklistitem-create": act(MANAGER, "city"),
    "inspections:checklistitem-update": act(MANAGER, "city"),
    "inspections:checklistitem-remove": act(MANAGER, "city"),
    "inspections:checklistitem-move": post_only(MANAGER, "city"),
    "inspections:ledger-list": listing(),
    "inspections:ledger-photos": reading(),
    "inspections:order-list": listing(),
    "inspections:order-detail": reading(),
    "inspections:order-serve": act(ORDERS),
    "inspections:order-reply": act(CLERK),
    "inspections:order-arrange": act(ORDERS),
    "inspections:order-recheck": act(ORDERS),
    "inspections:order-print": act(ORDERS),
    "inspections:order-notice": reading(),
    "inspections:recheck-print": act(ORDERS),
    "inspections:recheck-opinion": reading(),
    # The link is shown to who issued the order and to a manager; here the inspector issued it.
    "inspections:order-link": reading(ORDERS),
    "inspections:order-link-renew": act(ORDERS),
    "inspections:order-link-revoke": act(ORDERS),
    "inspections:order-extension": act(CLERK),
    "inspections:order-objection": act(CLERK),
    "inspections:extension-decide": act(ORDERS),
    "inspections:objection-decide": act(MANAGER),
    "inspections:interview-call": act(MANAGER),
    "inspections:circular-issue": act(MANAGER),
    "inspections:handover-make": act(MANAGER),
    "inspections:interview-record": act(MANAGER),
    "inspections:interview-notice": reading(),
    "inspections:interview-minutes": reading(),
    "inspections:interview-print": act(MANAGER),
    "inspections:minutes-print": act(MANAGER),
    "inspections:circular-paper": reading(),
    "inspections:circular-print": act(MANAGER),
    "inspections:handover-paper": reading(),
    "inspections:handover-print": act(MANAGER),
    "inspections:handover-feedback": act(MANAGER),
    # The firm's signed link is its own key: whoever holds it is served, without an account.
    "replies:page": public(),
    "replies:reply": public(post=SIGNED_IN),
    "replies:extension": public(post=SIGNED_IN),
    "replies:objection": public(post=SIGNED_IN),
    "replies:photo": public(),
    # --- money ------------------------------------------------------------------------------
    "subsidies:claim-list": listing(),
    "subsidies:claim-open": act(CLERK | MANAGER, "page"),
    "subsidies:claim-detail": reading(),
    "subsidies:claim-recompute": act(CLERK | MANAGER),
    "subsidies:claim-submit": act(CLERK),
    "subsidies:claim-review": act(LEADER),
    # A procedure may give the check to an inspector.
    "subsidies:claim-check": act(INSPECTOR | MANAGER),
    "subsidies:claim-approve": act(HEAD),
    "subsidies:claim-return": act(LEADER | INSPECTOR | MANAGER | HEAD),
    "subsidies:claim-withdraw": act(CLERK | LEADER | INSPECTOR | MANAGER),
    "subsidies:claim-void": act(MANAGER | HEAD),
    "subsidies:claim-void-confirm": act(MANAGER | HEAD),
    "subsidies:claim-void-back": act(MANAGER | HEAD),
    "subsidies:claim-pay": act(FINANCE),
    "subsidies:claim-pay-many": act(FINANCE),
    "subsidies:claim-workbook": reading(),
    "subsidies:claim-print": post_only(READERS),
    "subsidies:month-workbook": Rule(READERS, NOBODY),
    "subsidies:month-print": post_only(READERS, "page"),
    "subsidies:line-detail": reading(),
    "subsidies:line-deduct": act(CLERK | INSPECTOR | MANAGER),
    "subsidies:line-exclude": act(CLERK | INSPECTOR | MANAGER),
    "subsidies:line-include": act(CLERK | INSPECTOR | MANAGER),
    "subsidies:gap-list": listing(),
    "subsidies:payment-list": listing(),
    "subsidies:payment-detail": reading(),
    "subsidies:payment-result": act(FINANCE),
    "subsidies:payment-repay": act(FINANCE),
    # The street's clerk records for the payee; the bureau's finance pays and does not attest it.
    "subsidies:payment-arrival": act(CLERK),
    "subsidies:payment-receipt": act(CLERK),
    "subsidies:payment-reason": act(CLERK | LEADER | FINANCE),
    "subsidies:receipt-scan": reading(),
    "subsidies:claim-fund": act(MANAGER | FINANCE),
    "subsidies:claim-payout": reading(FINANCE),
    "subsidies:budget-list": listing(),
    "subsidies:budget-create": act(FINANCE, "page"),
    "subsidies:budget-document": reading(scope="city"),
    "subsidies:budget-workbook": Rule(READERS, NOBODY),
    "subsidies:funding-list": listing(),
    "subsidies:funding-create": act(FINANCE, "page"),
    "subsidies:funding-detail": reading(scope="city"),
    "subsidies:funding-route": act(FINANCE, "city"),
    "subsidies:account-list": listing(),
    "subsidies:account-create": act(FINANCE | MANAGER, "page"),
    "subsidies:account-detail": reading(),
    "subsidies:account-confirm": act(FINANCE | MANAGER),
    "subsidies:account-reject": act(FINANCE | MANAGER),
    "subsidies:account-reveal": act(FINANCE),
    "subsidies:notice-list": listing(),
    "subsidies:notice-detail": reading(),
    "subsidies:objection-create": act(CLERK | MANAGER),
    "subsidies:objection-answer": act(MANAGER),
    # Public money on public notice: everybody may read it, without an account.
    "notices:public": public(SIGNED_IN),
    "subsidies:coefficient-list": listing(),
    "subsidies:coefficient-create": act(MANAGER, "page"),
    "subsidies:coefficient-detail": reading(scope="city"),
    "subsidies:scheme-list": listing(),
    "subsidies:scheme-create": act(MANAGER, "page"),
    "subsidies:scheme-detail": reading(scope="city"),
    "subsidies:checked-workbook": reading(),
    "subsidies:checked-print": post_only(READERS),
    "subsidies:month-notice-workbook": Rule(READERS, NOBODY),
    "subsidies:month-notice-print": post_only(READERS, "page"),
    "subsidies:month-request-print": post_only(MANAGER | FINANCE, "page"),
    "subsidies:line-list": listing(),
    "subsidies:fee-list": listing(),
    "subsidies:fee-entry-home": Rule(CLERK, NOBODY),
    "subsidies:fee-entry": act(CLERK, "page"),
    "subsidies:fee-entry-row": post_only(CLERK, "page"),
    "subsidies:fee-detail": reading(),
    "subsidies:fee-correct": act(CLERK),
    "subsidies:fee-evidence": reading(),
    "subsidies:fee-standard-list": listing(),
    "subsidies:fee-standard-create": act(MANAGER, "page"),
    "subsidies:fee-standard-detail": reading(),
    "subsidies:fee-standard-document": reading(),
    "subsidies:statistics": Rule(READERS, NOBODY),
    "subsidies:statistics-workbook": Rule(READERS, NOBODY),
    "subsidies:income": Rule(READERS, NOBODY),
    "subsidies:income-workbook": Rule(READERS, NOBODY),
    "subsidies:rate-list": listing(),
    "subsidies:rate-create": act(MANAGER, "page"),
    "subsidies:rate-detail": reading(scope="city"),
    "subsidies:rate-document": reading(scope="city"),
    # --- publication ------------------------------------------------------------------------
    "outreach:bulletin-list": listing(),
    "outreach:bulletin-create": act(MANAGER, "page"),
    "outreach:bulletin-detail": reading(BUREAU, "bureau"),
    "outreach:bulletin-preview": reading(BUREAU, "bureau"),
    "outreach:bulletin-pdf": reading(BUREAU, "bureau"),
    "outreach:bulletin-save": post_only(MANAGER, "bureau"),
    "outreach:bulletin-correct": post_only(MANAGER, "bureau"),
    "outreach:bulletin-submit": act(MANAGER, "bureau"),
    "outreach:bulletin-return": act(HEAD, "bureau"),
    "outreach:bulletin-sign": act(HEAD, "bureau"),
    "outreach:bulletin-print": post_only(HEAD | MANAGER, "bureau"),
    "outreach:training-list": listing(),
    "outreach:training-create": act(MANAGER, "page"),
    "outreach:training-update": act(MANAGER, "city"),
    "outreach:publicity-list": listing(),
    "outreach:publicity-create": act(MANAGER, "page"),
    "outreach:publicity-update": act(MANAGER, "city"),
    "outreach:demonstration-list": listing(),
    "outreach:demonstration-create": act(MANAGER, "page"),
    "outreach:demonstration-update": act(MANAGER),
    "outreach:policy-list": listing(),
    "outreach:policy-create": act(MANAGER, "page"),
    "outreach:policy-detail": reading(scope="city"),
    "outreach:policy-update": act(MANAGER, "city"),
    "outreach:policy-file": reading(scope="city"),
    # --- what no domain owns ----------------------------------------------------------------
    "common:search": Rule(READERS, NOBODY),
    # A street's clerk brings in the ledger of the own old estates.
    # Finance brings in the bank's workbook.
    "common:import-list": listing(MANAGER | SITE | FINANCE),
    "common:import-upload": act(MANAGER, "page"),
    "common:import-template": Rule(MANAGER, NOBODY),
    **{
        f"common:import-{verb}": Rule(get, post, "own", owner="bureau_manager")
        for verb, get, post in (
            ("detail", MANAGER, NOBODY),
            ("commit", NOBODY, MANAGER),
            ("abandon", NOBODY, MANAGER),
            ("result", MANAGER, NOBODY),
        )
    },
    "common:job-list": listing(SIGNED_IN),
    **{
        f"common:job-{verb}": Rule(get, post, "own", owner="street_clerk")
        for verb, get, post in (
            ("detail", CLERK, NOBODY),
            ("progress", CLERK, NOBODY),
            ("download", CLERK, NOBODY),
            ("restart", NOBODY, CLERK),
        )
    },
    "common:reminder-list": listing(SIGNED_IN),
    "common:reminder-seen": Rule(NOBODY, SIGNED_IN),
    "common:audit-list": listing(AUDITOR),
    "common:audit-detail": Rule(AUDITOR, NOBODY, "staff", sees=AUDITOR),
    "common:handbook": public(),
    "common:handbook-chapter": public(),
    "common:handbook-picture": public(),
    "common:health-live": public(),
    "common:health-ready": public(),
    # --- API: reads as its user does ----------------------------------------------------------
    **{
        f"api:{name}-{kind}": Rule(READERS, NOBODY, "page" if kind == "list" else "street")
        for name in (
            "street",
            "community",
            "estate",
            "household-count",
            "provider",
            "engagement",
            "inspection",
            "order",
            "subsidy-claim",
            "subsidy-line",
            "subsidy-payment",
        )
        for kind in ("list", "detail")
    },
    # Rounds and the rate are the city's: every street reads them.
    "api:round-list": Rule(READERS, NOBODY),
    "api:round-detail": Rule(READERS, NOBODY, "city"),
    "api:subsidy-rate-list": Rule(READERS, NOBODY),
    "api:subsidy-rate-detail": Rule(READERS, NOBODY, "city"),
    "api-schema": Rule(READERS, NOBODY),
    "api-docs": Rule(READERS, NOBODY),
    # --- Django's own administration: read-only, for the administrator alone --------------------
    "admin:login": public(SIGNED_IN, SIGNED_IN),
}

# Django gives these names, one set a model; the first pattern that fits says the rule.
ADMIN_RULES: dict[str, Rule] = {
    # Django answers a POST to these as it does a GET; nothing is written.
    "admin:index": Rule(ADMIN, ADMIN),
    "admin:app_list": Rule(ADMIN, ADMIN),
    "admin:*_changelist": Rule(ADMIN, ADMIN),
    "admin:*_history": Rule(ADMIN, ADMIN),
    "admin:*_change": Rule(ADMIN, NOBODY),
    "admin:*_add": Rule(NOBODY, NOBODY),
    "admin:*_delete": Rule(NOBODY, NOBODY),
}
