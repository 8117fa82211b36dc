"""One object of every model in the street, and one in the other street, for URLs to name.

``build(world, side, label)`` gives the object of a model; what a model needs beyond the plain
values that are found by themselves (a text, a day, a first choice) stands in ``FACTS``, one
function a model, and what a URL needs beyond ``pk`` in ``KWARGS``. Names of the street's objects
hold ``MARK["street"]``, so that a page of the other street that shows one is found out.
"""

import datetime as dt
import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.core.files.base import ContentFile
from django.db import models

from accounts.models import User
from estates.models import Street
from inspections.selectors.links import link_secret, link_token, secret_hash
from subsidies import services
from tests.support.environment import PROJECT
from tests.support.people import Cast
from tests.support.territory import make_street
from xingyang_pm.common import clock

SIDES = ("street", "other")
MARK = {"street": "甲界", "other": "乙界"}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@dataclass
class World:
    """The fixed cast, two streets, and what has been built so far."""

    cast: Cast
    built: dict[tuple[str, str], models.Model] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def clerk(self, side: str) -> User:
        return self.cast.street_clerk if side == "street" else self.cast.other_clerk

    def leader(self, side: str) -> User:
        return self.cast.street_leader if side == "street" else self.cast.other_leader

    def report(self, side: str) -> Any:
        """Return the inspection of ``side`` with its failed item, as reported."""
        found = self.get("inspections.ItemResult", side).inspection
        if found.status == "draft":
            type(found).objects.filter(pk=found.pk).update(
                status="submitted", submitted_at=clock.now(), failed_count=1, score=Decimal(99)
            )
            found.refresh_from_db()
        return found

    def draft(self, side: str) -> Any:
        """Return an inspection that its inspector has begun and not reported."""
        if ("draft", side) not in self.built:
            self.built["draft", side] = _build(self, "inspections.Inspection", side, number=None)
        return self.built["draft", side]

    def get(self, label: str, side: str = "street") -> Any:
        """Return the object of the model ``label`` on ``side``, built once."""
        if (label, side) not in self.built:
            self.built[label, side] = _build(self, label, side)
        return self.built[label, side]


Facts = Callable[[World, str], dict[str, Any]]
FACTS: dict[str, Facts] = {}


def facts(label: str) -> Callable[[Facts], Facts]:
    """Register what ``label`` needs beyond plain values."""

    def register(function: Facts) -> Facts:
        FACTS[label] = function
        return function

    return register


def _plain(world: World, side: str, model_field: models.Field) -> Any:
    """Return a plain value for a required field, or the object of its key."""
    number = next(world.numbers)
    if isinstance(model_field, models.ForeignKey):
        label = model_field.related_model._meta.label
        return world.cast.city_manager if label == "accounts.User" else world.get(label, side)
    if model_field.choices:
        return model_field.flatchoices[0][0]
    if isinstance(model_field, models.FileField):
        return ContentFile(PIXEL, name=f"{side}-{number}.png")
    if isinstance(model_field, models.UUIDField):
        return uuid.uuid4()
    if isinstance(model_field, models.DateTimeField):
        return clock.now()
    if isinstance(model_field, models.DateField):
        return clock.month_start(clock.today())
    if isinstance(model_field, models.DecimalField):
        return Decimal(1)
    if isinstance(model_field, models.BooleanField):
        return True
    if isinstance(model_field, models.IntegerField):
        return clock.today().year if model_field.name == "year" else number
    if isinstance(model_field, models.JSONField):
        return {}
    text = f"{MARK[side]}{number}"
    return text[: model_field.max_length] if model_field.max_length else text


def _build(world: World, label: str, side: str, **also: Any) -> models.Model:
    model = apps.get_model(label)
    given = {**(FACTS[label](world, side) if label in FACTS else {}), **also}
    if given.get("__object__") is not None:
        return given["__object__"]
    made = model()
    for model_field in model._meta.concrete_fields:
        if model_field.name in given or model_field.primary_key:
            continue
        is_file = isinstance(model_field, models.FileField)
        if not is_file and (model_field.has_default() or model_field.null or model_field.blank):
            continue
        value = _plain(world, side, model_field)
        if is_file:
            getattr(made, model_field.name).save(value.name, value, save=False)
        else:
            setattr(made, model_field.name, value)
    for name, value in given.items():
        setattr(made, name, value)
    made.save()
    return made


# --- places and people ------------------------------------------------------


@facts("estates.Street")
def _street(world: World, side: str) -> dict[str, Any]:
    code, name, office = {
        "street": ("410182001", "索河街道", world.cast.street_office),
        "other": ("410182002", "京城路街道", world.cast.other_office),
    }[side]
    found = Street.objects.filter(code=code).first()
    return {"__object__": found or make_street(code, name, office)}


@facts("estates.Estate")
def _estate(world: World, side: str) -> dict[str, Any]:
    return {
        "name": f"{MARK[side]}家属院",
        "code": "L9001" if side == "street" else "L9002",
        "kind": "old",
        "household_count": 96,
        "building_count": 3,
    }


@facts("accounts.Office")
def _office(world: World, side: str) -> dict[str, Any]:
    office = world.cast.street_office if side == "street" else world.cast.other_office
    return {"__object__": office}


@facts("accounts.User")
def _user(world: World, side: str) -> dict[str, Any]:
    return {"__object__": world.leader(side)}


@facts("accounts.UserSession")
def _session(world: World, side: str) -> dict[str, Any]:
    # Not the session that the test itself rides on.
    return {"user": world.clerk(side), "session_key": f"{side}-elsewhere"}


@facts("accounts.ApiToken")
def _token(world: World, side: str) -> dict[str, Any]:
    return {"user": world.cast.city_manager, "rights": ["registry"], "key_hash": uuid.uuid4().hex}


# --- registry ------------------------------------------------------


@facts("estates.HouseholdCount")
def _count(world: World, side: str) -> dict[str, Any]:
    return {"entered_by": world.clerk(side), "evidence_name": f"{MARK[side]}清册.png"}


@facts("enterprises.Provider")
def _provider(world: World, side: str) -> dict[str, Any]:
    return {
        "kind": "community_centre",
        "name": f"{MARK[side]}社区物业服务中心",
        "street": world.get("estates.Street", side),
    }


@facts("enterprises.ResponsibilityAgreement")
def _agreement(world: World, side: str) -> dict[str, Any]:
    return {
        "party": "street",
        "street": world.get("estates.Street", side),
        "scan_name": f"{MARK[side]}责任书.png",
    }


@facts("enterprises.Engagement")
def _engagement(world: World, side: str) -> dict[str, Any]:
    return {"contract_name": f"{MARK[side]}合同.png", "signed_on": clock.today()}


# --- inspections ------------------------------------------------------


@facts("inspections.Checklist")
def _checklist(world: World, side: str) -> dict[str, Any]:
    return {"version": 901 if side == "street" else 902, "title": "老旧小区检查表"}


@facts("inspections.InspectionRound")
def _round(world: World, side: str) -> dict[str, Any]:
    return {
        "title": "城乡清洁行动",
        "start_date": clock.today(),
        "end_date": clock.today() + dt.timedelta(days=30),
    }


@facts("inspections.RoundDraw")
def _draw(world: World, side: str) -> dict[str, Any]:
    return {"share": 1, "pool": {"streets": [], "inspectors": []}, "result": []}


@facts("inspections.Inspection")
def _inspection(world: World, side: str) -> dict[str, Any]:
    return {
        "inspector": world.cast.inspector,
        "entered_by": world.cast.inspector,
        "number": f"J9{MARK[side]}",
    }


@facts("inspections.ItemResult")
def _result(world: World, side: str) -> dict[str, Any]:
    return {"outcome": "fail", "note": f"{MARK[side]}楼道堆物", "deduction": Decimal(1)}


@facts("inspections.RectificationOrder")
def _order(world: World, side: str) -> dict[str, Any]:
    return {
        "inspection": world.report(side),
        "serial": 901 if side == "street" else 902,
        "provider": world.get("enterprises.Provider", side),
        "deadline": clock.today() + dt.timedelta(days=7),
        "original_deadline": clock.today() + dt.timedelta(days=7),
        "legal_basis": "《河南省物业管理条例》第三十九条",
        "served_on": clock.month_start(clock.today()),
        "served_to": f"{MARK[side]}签收人",
        "issued_by": world.cast.inspector,
    }


@facts("inspections.ReplyLink")
def _link(world: World, side: str) -> dict[str, Any]:
    key = uuid.uuid4()
    return {
        "key": key,
        "secret_hash": secret_hash(link_secret(key)),
        "issued_by": world.cast.inspector,
        "expires_at": clock.now() + dt.timedelta(days=30),
    }


@facts("inspections.ExtensionRequest")
def _extension(world: World, side: str) -> dict[str, Any]:
    order = world.get("inspections.RectificationOrder", side)
    return {
        "order": order,
        "requested_by": world.clerk(side),
        "deadline_before": order.deadline,
        "wished_day": order.deadline + dt.timedelta(days=7),
    }


@facts("inspections.Objection")
def _objection(world: World, side: str) -> dict[str, Any]:
    return {"filed_by": world.clerk(side)}


@facts("inspections.Interview")
def _interview(world: World, side: str) -> dict[str, Any]:
    return {"serial": 901 if side == "street" else 902}


@facts("inspections.Circular")
def _circular(world: World, side: str) -> dict[str, Any]:
    return {"serial": 901 if side == "street" else 902}


@facts("inspections.Handover")
def _handover(world: World, side: str) -> dict[str, Any]:
    late = clock.today() + dt.timedelta(days=60)
    return {"serial": 901 if side == "street" else 902, "handed_on": late}


@facts("inspections.RectificationReply")
def _reply(world: World, side: str) -> dict[str, Any]:
    return {"reported_by": world.clerk(side)}


@facts("inspections.Recheck")
def _recheck(world: World, side: str) -> dict[str, Any]:
    return {"serial": 901 if side == "street" else 902, "checked_by": world.cast.inspector}


@facts("inspections.AnnouncedPhoto")
def _announced(world: World, side: str) -> dict[str, Any]:
    return {"inspection": world.draft(side), "sha256": uuid.uuid4().hex * 2}


@facts("inspections.DraftConflict")
def _conflict(world: World, side: str) -> dict[str, Any]:
    return {
        "inspection": world.report(side),
        "content": {"items": {}, "visit": {}},
        "by": world.cast.inspector,
        "digest": uuid.uuid4().hex * 2,
    }


@facts("inspections.ConflictPhoto")
def _conflict_photo(world: World, side: str) -> dict[str, Any]:
    return {"sha256": uuid.uuid4().hex * 2, "source_sha256": uuid.uuid4().hex * 2}


@facts("inspections.EvidencePhoto")
def _photo(world: World, side: str) -> dict[str, Any]:
    return {
        "sha256": uuid.uuid4().hex * 2,
        "source_sha256": uuid.uuid4().hex * 2,
        "uploaded_by": world.clerk(side),
    }


@facts("inspections.PhotoRedaction")
def _redaction(world: World, side: str) -> dict[str, Any]:
    # Of a repair: what was found is made fit for publication once its record is confirmed.
    reply_item = _build(world, "inspections.ReplyItem", side, measure=f"{MARK[side]}已清理")
    repair = _build(world, "inspections.EvidencePhoto", side, reply_item=reply_item, stage="fixed")
    return {"photo": repair}


# --- money ------------------------------------------------------


@facts("subsidies.SubsidyClaim")
def _claim(world: World, side: str) -> dict[str, Any]:
    return {"number": f"B9{'1' if side == 'street' else '2'}"}


@facts("subsidies.SubsidyRate")
def _rate(world: World, side: str) -> dict[str, Any]:
    months = 0 if side == "street" else 1
    return {
        "amount": Decimal("10.00"),
        "effective_from": clock.add_months(dt.date(2017, 1, 1), months),
    }


@facts("subsidies.ClaimScheme")
def _scheme(world: World, side: str) -> dict[str, Any]:
    """The one that stands from the beginning, and one without a notice for all months."""
    if ("scheme",) not in world.built:
        world.built["scheme",] = services.scheme_register(
            effective_from=dt.date(2017, 4, 1),
            document_title="办理规程",
            notice_days=0,
            actor=world.cast.city_manager,
        )
    return {"__object__": world.built["scheme",]}


@facts("subsidies.CoefficientTable")
def _coefficients(world: World, side: str) -> dict[str, Any]:
    return {"effective_from": dt.date(2099, 1, 1)}


@facts("subsidies.CoefficientBand")
def _band(world: World, side: str) -> dict[str, Any]:
    return {"minimum": Decimal(0) if side == "street" else Decimal(60)}


@facts("subsidies.SchemeStage")
def _scheme_stage(world: World, side: str) -> dict[str, Any]:
    return {"__object__": world.get("subsidies.ClaimScheme", side).stages.first()}


@facts("subsidies.ChainLink")
def _chain_link(world: World, side: str) -> dict[str, Any]:
    act = _paid(world, side).acts.first()
    return {
        "__object__": apps.get_model("subsidies.ChainLink").objects.get(record=act.pk, kind="act")
    }


@facts("subsidies.PublicNotice")
def _notice(world: World, side: str) -> dict[str, Any]:
    """A notice as it stands while its claim is checked and waits."""
    if ("notice", side) not in world.built:
        paid = _paid(world, side)
        world.get("subsidies.ClaimScheme", side)
        services.scheme_register(
            effective_from=dt.date(2017, 4, 1),
            document_title="办理规程",
            notice_days=5,
            actor=world.cast.city_manager,
        )
        claim = services.claim_open(
            street=paid.street, month=clock.add_months(clock.today(), -1).replace(day=1)
        )
        services.claim_submit(claim=claim, actor=world.clerk(side))
        services.claim_review(claim=claim, actor=world.leader(side))
        services.claim_check(claim=claim, actor=world.cast.city_manager)
        world.built["notice", side] = claim.notices.get()
    return {"__object__": world.built["notice", side]}


@facts("subsidies.NoticeObjection")
def _notice_objection(world: World, side: str) -> dict[str, Any]:
    return {"notice": world.get("subsidies.PublicNotice", side)}


def _paid(world: World, side: str) -> Any:
    """Return a claim of the month before last, taken to its payment by the right people: its
    lines, acts and payments cannot be made in any other way."""
    if ("paid", side) not in world.built:
        world.built["paid", side] = _taken_to_payment(world, side, months_back=2)
    return world.built["paid", side]


def _served(world: World, side: str) -> None:
    """Make one old estate with a verified count and one without, both in service."""
    if ("served", side) in world.built:
        return
    world.get("subsidies.SubsidyRate", "street")
    # Without a notice: an approval would wait for its end.
    world.get("subsidies.ClaimScheme", side)
    served, uncounted = (
        _build(world, "estates.Estate", side, code=f"L9{side[0]}{n}", name=f"{MARK[side]}{n}院")
        for n in (1, 2)
    )
    for estate in (served, uncounted):
        _build(world, "enterprises.Engagement", side, estate=estate, start_date=_LONG_AGO)
    count = _build(world, "estates.HouseholdCount", side, estate=served, effective_month=_LONG_AGO)
    type(count).objects.filter(pk=count.pk).update(
        status="verified", decided_by=world.leader(side), decided_at=clock.now()
    )
    world.built["served", side] = served


def _taken_to_payment(world: World, side: str, *, months_back: int, source: Any = None) -> Any:
    _served(world, side)
    cast, street = world.cast, world.get("estates.Street", side)
    claim = services.claim_open(street=street, month=clock.add_months(clock.today(), -months_back))
    if source is not None:
        services.claim_fund(
            claim=claim, source=source, reason="经街道转拨", actor=cast.city_manager
        )
    services.claim_submit(claim=claim, actor=world.clerk(side))
    services.claim_review(claim=claim, actor=world.leader(side))
    services.claim_check(claim=claim, actor=cast.city_manager)
    services.claim_approve(claim=claim, actor=cast.bureau_leader)
    payee = claim.lines.get().payee
    world.get("subsidies.PayeeAccount", side)
    entry = services.PaymentEntry(
        payee, f"PZ-{side}-{months_back}", clock.today(), payee.payee_accounts.get()
    )
    services.claim_pay(claim=claim, entries=[entry], actor=cast.finance_officer)
    return claim


_LONG_AGO = dt.date(2017, 9, 1)


@facts("subsidies.FeeStandard")
def _fee_standard(world: World, side: str) -> dict[str, Any]:
    return {"estate": world.get("estates.Estate", side)}


@facts("subsidies.FeeCollection")
def _fee(world: World, side: str) -> dict[str, Any]:
    _paid(world, side)
    return {
        "estate": _build(
            world,
            "estates.Estate",
            side,
            code=f"F9{side[0]}",
            name=f"{MARK[side]}交费院",
            kind="old",
        ),
        "month": clock.add_months(clock.today(), -1),
        "households_billed": 9,
        "households_paid": 9,
        "amount_billed": Decimal(90),
        "amount_received": Decimal(90),
        "amount_recovered": Decimal(0),
        "entered_by": world.clerk(side),
        "evidence": ContentFile(PIXEL, name="依据.png"),
    }


@facts("subsidies.SubsidyLine")
def _line(world: World, side: str) -> dict[str, Any]:
    return {"__object__": _paid(world, side).lines.get()}


@facts("subsidies.ClaimGap")
def _gap(world: World, side: str) -> dict[str, Any]:
    return {"__object__": _paid(world, side).gaps.first()}


@facts("subsidies.ClaimAct")
def _act(world: World, side: str) -> dict[str, Any]:
    return {"__object__": _paid(world, side).acts.first()}


@facts("subsidies.PayeeAccount")
def _account(world: World, side: str) -> dict[str, Any]:
    cast, provider = world.cast, world.get("enterprises.Provider", side)
    number = f"4100150100005000{'3317' if side == 'street' else '0862'}"
    with clock.freeze(_LONG_AGO):
        account = services.account_enter(
            provider=provider,
            holder=provider.name,
            bank="建行荥阳支行",
            number=number,
            effective_from=_LONG_AGO,
            basis="开户许可证",
            actor=cast.finance_officer,
        )
        services.account_confirm(account=account, number=number, actor=cast.city_manager)
    return {"__object__": account}


@facts("subsidies.Payment")
def _payment(world: World, side: str) -> dict[str, Any]:
    return {"__object__": _paid(world, side).payments.get()}


def _scan(name: str) -> ContentFile:
    return ContentFile(PIXEL, name=name)


@facts("subsidies.PaymentResult")
def _payment_result(world: World, side: str) -> dict[str, Any]:
    result = services.payment_result_record(
        payment=world.get("subsidies.Payment", side),
        outcome="success",
        happened_on=clock.today(),
        actor=world.cast.finance_officer,
    )
    return {"__object__": result}


@facts("subsidies.StreetArrival")
def _arrival(world: World, side: str) -> dict[str, Any]:
    """Of a payment that goes by the street: the other ones go to the payee directly."""
    source = world.get("subsidies.FundingSource", "street")
    claim = _taken_to_payment(world, side, months_back=3, source=source)
    arrival = services.street_arrival_record(
        payment=claim.payments.get(),
        arrived_on=clock.today(),
        voucher_number=f"JZ-{side}",
        actor=world.clerk(side),
    )
    return {"__object__": arrival}


@facts("subsidies.PaymentReceipt")
def _receipt(world: World, side: str) -> dict[str, Any]:
    payment = world.get("subsidies.Payment", side)
    receipt = services.receipt_record(
        payment=payment,
        amount=payment.amount / 2,
        received_on=clock.today(),
        receipt_number=f"HZ-{side}",
        scan=_scan(f"{MARK[side]}回执.png"),
        actor=world.clerk(side),
    )
    return {"__object__": receipt}


@facts("subsidies.TransitReason")
def _transit_reason(world: World, side: str) -> dict[str, Any]:
    reason = services.transit_reason_record(
        payment=world.get("subsidies.Payment", side),
        reason=f"{MARK[side]}等财政额度",
        actor=world.clerk(side),
    )
    return {"__object__": reason}


@facts("subsidies.FundingSource")
def _funding(world: World, side: str) -> dict[str, Any]:
    source = services.funding_register(
        name={"street": "市级财政", "other": "街道配套"}[side],
        route="street" if side == "street" else "direct",
        document_title="补贴资金安排",
        actor=world.cast.finance_officer,
    )
    return {"__object__": source}


@facts("subsidies.ClaimFunding")
def _claim_funding(world: World, side: str) -> dict[str, Any]:
    row = services.claim_fund(
        claim=world.get("subsidies.SubsidyClaim", side),
        source=world.get("subsidies.FundingSource", side),
        reason="本月由此支付",
        actor=world.cast.city_manager,
    )
    return {"__object__": row}


@facts("subsidies.BudgetEntry")
def _budget(world: World, side: str) -> dict[str, Any]:
    entry = services.budget_record(
        source=world.get("subsidies.FundingSource", side),
        year=clock.today().year,
        kind="initial",
        amount=Decimal(100000),
        document_title="预算批复",
        document=_scan("批复.png"),
        actor=world.cast.finance_officer,
    )
    return {"__object__": entry}


# --- what one person owns ------------------------------------------------------


@facts("common.Job")
def _job(world: World, side: str) -> dict[str, Any]:
    return {"owner": world.clerk(side), "status": "done", "result_name": "结果.xlsx"}


@facts("common.ImportBatch")
def _batch(world: World, side: str) -> dict[str, Any]:
    return {"owner": world.cast.city_manager, "ledger": "estates"}


# --- URLs that are named by more than a pk ------------------------------------------------------

KWARGS: dict[str, Callable[[World, str], dict[str, Any]]] = {
    "common:import-upload": lambda world, side: {"ledger": "estates"},
    "common:import-template": lambda world, side: {"ledger": "estates"},
    "common:handbook-chapter": lambda world, side: {"slug": HANDBOOK_CHAPTER},
    "common:handbook-picture": lambda world, side: {"name": HANDBOOK_PICTURE},
    "inspections:entry": lambda world, side: _entry(world, side),
    "inspections:entry-draft": lambda world, side: _entry(world, side),
    "inspections:entry-photo": lambda world, side: _entry(world, side),
    "inspections:entry-discard": lambda world, side: _entry(world, side),
    "inspections:round-draw-paper": lambda world, side: {
        "pk": world.get("inspections.RoundDraw", side).round_id
    },
    "inspections:entry-sync": lambda world, side: _entry(world, side),
    "inspections:entry-status": lambda world, side: _entry(world, side),
    "inspections:entry-photo-remove": lambda world, side: {
        **_entry(world, side),
        "pk": world.get("inspections.EvidencePhoto", side).pk,
    },
    "replies:photo": lambda world, side: {
        "token": _token_of(world, side),
        "pk": _photo_of_order(world, side).pk,
        "size": "small",
    },
    "notices:public": lambda world, side: {"key": world.get("subsidies.PublicNotice", side).key},
    "subsidies:claim-pay": lambda world, side: {
        "pk": _paid(world, side).pk,
        "payee": _paid(world, side).lines.get().payee_id,
    },
    "subsidies:claim-payout": lambda world, side: {"pk": _paid(world, side).pk},
    "subsidies:month-workbook": lambda world, side: {"month": f"{clock.today():%Y-%m}"},
    "subsidies:month-notice-workbook": lambda world, side: {"month": _past_month()},
    "subsidies:month-notice-print": lambda world, side: {"month": _past_month()},
    "subsidies:month-request-print": lambda world, side: {"month": _past_month()},
    "subsidies:fee-entry": lambda world, side: {"month": _past_month()},
    "subsidies:fee-entry-row": lambda world, side: {"month": _past_month()},
    "subsidies:month-print": lambda world, side: {"month": f"{clock.today():%Y-%m}"},
    "admin:app_list": lambda world, side: {"app_label": "estates"},
    "admin:view_on_site": lambda world, side: {"content_type_id": 1, "object_id": 1},
}
for _name in ("page", "reply", "extension", "objection"):
    KWARGS[f"replies:{_name}"] = lambda world, side: {"token": _token_of(world, side)}


def _past_month() -> str:
    return f"{clock.add_months(clock.today(), -1):%Y-%m}"


HANDBOOK_CHAPTER = "01-desk"
HANDBOOK_PICTURE = next(
    (path.name for path in sorted((PROJECT / "docs" / "handbook" / "img").glob("*.png"))),
    "none.png",
)


def _token_of(world: World, side: str) -> str:
    return link_token(world.get("inspections.ReplyLink", side))


def _photo_of_order(world: World, side: str) -> Any:
    world.get("inspections.RectificationItem", side)
    return world.get("inspections.EvidencePhoto", side)


def _entry(world: World, side: str) -> dict[str, Any]:
    return {"key": world.draft(side).client_key}
