"""The columns of contracts in the ledgers of estates: who serves, since when, for how much.

They come in with the estate's own row, in the same check and the same transaction.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from accounts.choices import REGISTRY_EDITORS
from enterprises.calculations import fee_sentence
from enterprises.choices import FeeUnit, ProviderKind, SelectionMode
from enterprises.models import Engagement, ProjectManager, Provider
from enterprises.services import ContractEntry, engagements_load
from estates.calculations import estate_key
from estates.choices import EstateKind
from estates.imports import PROVIDER_COLUMNS, CompanionPlan, CompanionRow
from estates.models import Estate
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.ledgers.cells import squeezed
from xingyang_pm.common.ledgers.columns import comparison_key
from xingyang_pm.common.ledgers.plans import BLANK, FieldChange, display
from xingyang_pm.common.models import ImportBatch

from .matching import Providers, Unknown, is_nobody

REGISTER, REVISE = "登记服务合同", "修改服务合同"
_NO_RIGHT = "服务单位和合同由房管中心科室负责人登记，这几列没有读取，小区的其他内容照常入库。"
_PAID = "户数已核定的，从下一次开账起计入补贴"
_PAID_LATER = "户数核定后计入补贴"
# A take-over may be announced; one further ahead is a slip of the pen.
_AHEAD = dt.timedelta(days=366)
_CHUNK = 500
# How the provider was chosen follows from what it is; of a firm the ledger does not say it.
_MODES = {
    ProviderKind.COMMUNITY_CENTRE: SelectionMode.ENTRUSTED,
    ProviderKind.VILLAGE_COMMITTEE: SelectionMode.VILLAGE,
}


@dataclass(frozen=True)
class _Part:
    """The payload: a contract without its estate, which may not be registered yet."""

    provider: Provider
    engagement: int | None
    values: dict[str, Any]


@dataclass
class _Draft:
    """The plan of one row while it is made."""

    asked: CompanionRow
    errors: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    fields: list[FieldChange] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    part: _Part | None = None
    note: str = ""
    act: str = ""

    def __getitem__(self, name: str) -> Any:
        return self.asked.values.get(name)

    def refuse(self, column: str, sentence: str) -> None:
        self.errors.append((column, sentence))

    def warn(self, column: str, sentence: str) -> None:
        self.warnings.append((column, sentence))

    def plan(self) -> CompanionPlan:
        if self.errors:
            return CompanionPlan(errors=self.errors, warnings=self.warnings)
        return CompanionPlan(self.fields, (), self.warnings, self.part, self.note, self.act)

    @property
    def start(self) -> dt.date | None:
        """The first day of service: 接管日期, else the start of 合同起止."""
        period = self["contract_period"]
        return self["since"] or (period[0] if period else None)

    @property
    def end(self) -> dt.date | None:
        period = self["contract_period"]
        return period[1] if period else None

    @property
    def start_column(self) -> str:
        """The column whose cell says, or should say, when the service starts."""
        stated = ("since", "contract_period")
        return next(
            (name for name in stated if self[name] is not None),
            next((name for name in stated if self.asked.row.has(name)), "provider"),
        )


class ContractCompanion:
    """Takes in the contract's columns of one ledger; ``kind`` is that of its estates."""

    columns = PROVIDER_COLUMNS

    def __init__(self, kind: EstateKind) -> None:
        self.kind = kind
        self.fee_unit = FeeUnit.HOUSEHOLD if kind == EstateKind.OLD else FeeUnit.AREA

    def plan(self, rows: Sequence[CompanionRow], actor: Any) -> Sequence[CompanionPlan]:
        if not holds(actor, REGISTRY_EDITORS):
            return list(_turned_down(rows))
        return _Planner(self, actor).run(rows)

    def commit(
        self, parts: Sequence[tuple[Estate, Any]], actor: Any, batch: ImportBatch
    ) -> Iterable[models.Model]:
        return engagements_load(
            entries=[
                ContractEntry(estate, part.provider, part.engagement, part.values)
                for estate, part in parts
            ],
            batch=batch,
            actor=actor,
        )


def _turned_down(rows: Sequence[CompanionRow]) -> Iterator[CompanionPlan]:
    """Answer a clerk who may not register contracts: once a sheet, and the row goes on."""
    told: set[str] = set()
    for asked in rows:
        stated = [name for name in _IN_ORDER if asked.values.get(name) is not None]
        if stated and asked.row.sheet not in told:
            told.add(asked.row.sheet)
            yield CompanionPlan(warnings=[(stated[0], _NO_RIGHT)])
        else:
            yield CompanionPlan()


_IN_ORDER = (
    "provider", "since", "contract_period", "fee", "service_grade", "project_manager",
)  # fmt: skip


class _Planner:
    """Plans all rows of one ledger; reads set by set, writes nothing."""

    def __init__(self, ledger: ContractCompanion, actor: Any) -> None:
        self.ledger = ledger
        self.actor = actor
        self.today = clock.today()
        self.providers = Providers(actor)
        # What the rows above register, by estate: the database would refuse a second one.
        self._taken: dict[Any, list[tuple[dt.date, dt.date, CompanionRow]]] = defaultdict(list)
        self._told: set[tuple[str, str]] = set()

    def run(self, rows: Sequence[CompanionRow]) -> list[CompanionPlan]:
        drafts = [_Draft(asked) for asked in rows]
        found = {id(draft): self._provider(draft) for draft in drafts}
        self._read(rows, [provider for provider in found.values() if provider is not None])
        for draft in drafts:
            provider = found[id(draft)]
            if provider is not None:
                self._examine(draft, provider)
            elif not draft.errors:
                self._without_provider(draft)
        return [draft.plan() for draft in drafts]

    def _provider(self, draft: _Draft) -> Provider | None:
        text = draft["provider"]
        if not text or is_nobody(text):
            return None
        try:
            return self.providers.find(text, draft.asked.street, draft.asked.community)
        except Unknown as unknown:
            draft.refuse("provider", unknown.message)
            return None

    def _read(self, rows: Sequence[CompanionRow], providers: Sequence[Provider]) -> None:
        self.known: dict[int, list[Engagement]] = defaultdict(list)
        keys = [asked.estate.pk for asked in rows if asked.estate is not None]
        for start in range(0, len(keys), _CHUNK):
            for row in (
                Engagement.objects.visible_to(self.actor)
                .filter(estate__in=keys[start : start + _CHUNK])
                .select_related("provider", "project_manager")
                .order_by("start_date", "pk")
            ):
                self.known[row.estate_id].append(row)
        self.people: dict[tuple[int, str], list[ProjectManager]] = defaultdict(list)
        if not any(asked.values.get("project_manager") for asked in rows):
            return
        serving = sorted({provider.pk for provider in providers})
        for start in range(0, len(serving), _CHUNK):
            for person in ProjectManager.objects.visible_to(self.actor).filter(
                provider__in=serving[start : start + _CHUNK], is_active=True
            ):
                self.people[person.provider_id, comparison_key(person.name)].append(person)

    def _contracts(self, asked: CompanionRow) -> list[Engagement]:
        return self.known.get(asked.estate.pk, []) if asked.estate is not None else []

    # --- Rows that name nobody ----------------------------------------------------------------

    def _without_provider(self, draft: _Draft) -> None:
        text = draft["provider"] or _written_nothing(draft.asked)
        if text:
            serving = self._serving(self._contracts(draft.asked))
            if serving is not None:
                draft.warn(
                    "provider",
                    f"表中写“{text}”，名录里现在由{serving.provider}服务，{_until(serving)}，"
                    "名录不变。已经不再服务的，请在服务合同里办理终止。",
                )
            return
        stated = [name for name in _IN_ORDER if draft[name] is not None]
        if not stated:
            return
        if draft.asked.row.has("provider"):
            draft.warn(stated[0], "没有写服务单位，合同的内容没有读取。请补填服务单位。")
        elif (draft.asked.row.sheet, "") not in self._told:
            self._told.add((draft.asked.row.sheet, ""))
            draft.warn(stated[0], "表中没有服务单位一列，合同的内容没有读取。")

    def _serving(self, contracts: Iterable[Engagement]) -> Engagement | None:
        return next((row for row in contracts if row.is_in_force(self.today)), None)

    # --- Rows that name a provider ------------------------------------------------------------

    def _examine(self, draft: _Draft, provider: Provider) -> None:
        asked = draft.asked
        if provider.kind != ProviderKind.ENTERPRISE and provider.street_id != asked.street.pk:
            draft.refuse(
                "provider",
                f"{provider}属于{provider.street}，不能接管{asked.street}的小区。请核对。",
            )
            return
        start, end = draft.start, draft.end
        if start is not None and end is not None and end < start:
            draft.refuse(
                draft.start_column,
                f"接管日期 {start:%Y-%m-%d} 晚于合同到期 {end:%Y-%m-%d}。请核对这两格。",
            )
            return
        contracts = self._contracts(asked)
        met = [row for row in contracts if start is None or _meet(row, start, end)]
        own = [row for row in met if row.provider_id == provider.pk]
        mine = self._serving(own)
        serving = self._serving(contracts)
        if mine is not None:
            self._compare(draft, mine)
        elif serving is not None and serving in met:
            draft.refuse("provider", _served(serving))
        elif start is None:
            coming = [row for row in own if row.start_date > self.today]
            if coming:
                self._compare(draft, coming[0])
            else:
                self._no_start(draft)
        elif own:
            self._over(draft, own[-1])
        elif met:
            draft.refuse(
                draft.start_column,
                f"名录里 {_span(met[0])}由{met[0].provider}服务，与表中的日期重叠。请核对日期。",
            )
        else:
            self._new(draft, provider, start, end)

    def _no_start(self, draft: _Draft) -> None:
        column = draft.start_column
        if column != "provider":
            draft.warn(
                column,
                "写了服务单位，没有写接管日期，服务合同没有登记。请补填日期后再导入，"
                "或在服务合同里登记。",
            )
        elif (draft.asked.row.sheet, column) not in self._told:
            self._told.add((draft.asked.row.sheet, column))
            draft.warn(
                column,
                "表中没有接管日期或合同起止一列，没有登记过的服务合同登记不了。"
                "请加上这一列后再导入。",
            )

    def _over(self, draft: _Draft, contract: Engagement) -> None:
        if contract.start_date > self.today:
            self._compare(draft, contract)
            return
        draft.warn(
            draft.start_column,
            f"名录里{contract.provider}的这份合同（{_span(contract)}）已经结束，名录不变。"
            "续签的请写新合同的起止日期。",
        )

    # --- A new contract -----------------------------------------------------------------------

    def _new(self, draft: _Draft, provider: Provider, start: dt.date, end: dt.date | None) -> None:
        if start > self.today + _AHEAD:
            draft.refuse(draft.start_column, f"接管日期 {start:%Y-%m-%d} 在一年以后。请核对年份。")
            return
        if self._twice(draft, start, end):
            return
        over = end is not None and end < self.today
        period = draft["contract_period"]
        if draft["since"] and period and draft["since"] > period[0]:
            draft.warn(
                "since",
                f"接管日期晚于合同起始 {period[0]:%Y-%m-%d}，按接管日期登记，请核对。",
            )
        if over and end is not None:
            draft.warn(
                "contract_period",
                f"合同已于{clock.chinese_date(end)}到期，只作为过去的合同登记。"
                "还在服务的，请写现在的合同起止。",
            )
        elif not provider.is_active:
            draft.warn("provider", f"{provider}在名录里已停业，请核对。")
        values = {
            "start_date": start,
            "end_date": end,
            "selection_mode": _MODES.get(ProviderKind(provider.kind), SelectionMode.UNKNOWN),
            "fee_unit": self.ledger.fee_unit,
            **self._terms(draft, provider),
        }
        paid = self.ledger.kind == EstateKind.OLD and not over
        draft.part = _Part(provider, None, values)
        draft.act = REGISTER
        draft.fields = [
            FieldChange(
                "provider", "服务主体", BLANK, provider.name, note=_PAID if paid else "",
                tone="a" if paid else "",
            ),
            FieldChange(
                "start_date", "接管日期", BLANK, display(start),
                note="还没有开始" if start > self.today else "",
            ),
        ]  # fmt: skip
        if end is not None:
            draft.fields.append(FieldChange("end_date", "合同到期", BLANK, display(end)))
        draft.fields += self._term_changes(values, None)
        until = f"至{clock.chinese_date(end)}" if end else "起"
        draft.note = f"登记服务合同：{provider.label}，{clock.chinese_date(start)}{until}" + (
            f"，{_PAID_LATER}" if paid else ""
        )

    def _twice(self, draft: _Draft, start: dt.date, end: dt.date | None) -> bool:
        """Whether a row above registers a contract of the same estate for any of the days."""
        asked = draft.asked
        key = asked.estate.pk if asked.estate else (asked.street.pk, estate_key(asked.name))
        last = end or dt.date.max
        for first, until, earlier in self._taken[key]:
            if first <= last and start <= until:
                draft.refuse(
                    "provider",
                    f"与第 {earlier.row.row} 行是同一个小区，同一天只能有一个服务单位。"
                    "请删去其中一行。",
                )
                return True
        self._taken[key].append((start, last, asked))
        return False

    def _terms(self, draft: _Draft, provider: Provider) -> dict[str, Any]:
        """Return the terms that the row states; a person who is not known is told."""
        terms: dict[str, Any] = {}
        if draft["fee"] is not None:
            terms |= {"fee_standard": draft["fee"], "fee_unit": self.ledger.fee_unit}
        if draft["service_grade"]:
            terms["service_grade"] = draft["service_grade"]
        name = draft["project_manager"]
        if name:
            people = self.people.get((provider.pk, comparison_key(name)), [])
            if len(people) == 1:
                terms["project_manager"] = people[0]
            else:
                told = f"有 {len(people)} 个" if people else "没有登记"
                draft.warn(
                    "project_manager",
                    f"{provider.label}{told}叫“{name}”的在岗人员，项目经理没有读取。"
                    "请在服务主体里登记这个人，再在服务合同里选。",
                )
        return terms

    def _term_changes(
        self, terms: dict[str, Any], contract: Engagement | None
    ) -> list[FieldChange]:
        """Return how the stated terms differ from those of ``contract`` (None: a new one)."""
        found = []
        if terms.get("fee_standard") is not None:
            old = _fee(contract.fee_standard, contract.fee_unit) if contract else BLANK
            new = _fee(terms["fee_standard"], terms["fee_unit"])
            if old != new:
                found.append(FieldChange("fee_standard", "收费标准", old, new))
        for name, label in (("service_grade", "服务等级"), ("project_manager", "项目经理")):
            if name not in terms:
                continue
            before = getattr(contract, name) if contract else None
            if before != terms[name]:
                shown = display(str(before) if before else None)
                found.append(FieldChange(name, label, shown, str(terms[name])))
        return found

    # --- A contract that is registered --------------------------------------------------------

    def _compare(self, draft: _Draft, contract: Engagement) -> None:
        """Show what the row changes of a contract; its dates stay, but for an open end.

        They say for which months a subsidy is paid, and paid lines refer to the contract.
        """
        terms = self._terms(draft, contract.provider)
        draft.fields = self._term_changes(terms, contract)
        values = {
            change.name: terms[change.name] for change in draft.fields if change.name in terms
        }
        if "fee_standard" in values:
            values["fee_unit"] = terms["fee_unit"]
        moved = draft.start is not None and draft.start != contract.start_date
        if moved:
            draft.warn(
                draft.start_column,
                f"名录里{contract.provider.label}的接管日期是 {contract.start_date:%Y-%m-%d}，"
                "与表中不同，名录不变。名录有误的，请在服务合同里修改。",
            )
        end = draft.end
        if end is not None and end != contract.end_date:
            if contract.end_date is None and end >= self.today and not moved:
                values["end_date"] = end
                draft.fields.append(FieldChange("end_date", "合同到期", BLANK, display(end)))
            else:
                draft.warn(
                    "contract_period",
                    f"名录里{contract.provider.label}的{_until(contract)}，与表中不同，名录不变。"
                    "续签或改期的，请在服务合同里办理。",
                )
        if values:
            draft.part = _Part(contract.provider, contract.pk, values)
            draft.act = REVISE


def _fee(amount: Any, unit: str) -> str:
    return BLANK if amount is None else fee_sentence(amount, str(FeeUnit(unit).label))


def _written_nothing(asked: CompanionRow) -> str:
    """Return 无 where the cell says so: reading takes the word for a blank."""
    if not asked.row.has("provider"):
        return ""
    content = asked.row.raw["provider"]
    text = squeezed(content) if isinstance(content, str) else ""
    return text if text in {"无", "暂无"} else ""


def _meet(contract: Engagement, start: dt.date, end: dt.date | None) -> bool:
    last = contract.end_date or dt.date.max
    return contract.start_date <= (end or dt.date.max) and start <= last


def _until(contract: Engagement) -> str:
    if contract.end_date is None:
        return "合同没有写明到期"
    return f"合同到{clock.chinese_date(contract.end_date)}"


def _span(contract: Engagement) -> str:
    start = clock.chinese_date(contract.start_date)
    return f"{start}{f'至{clock.chinese_date(contract.end_date)}' if contract.end_date else '起'}"


def _served(contract: Engagement) -> str:
    return (
        f"名录里现在由{contract.provider}服务，{_until(contract)}。换了服务单位的，"
        "请先在服务合同里办理终止，再导入；没有换的，请改正这一格。"
    )
