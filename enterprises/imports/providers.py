"""The ledger of firms: 物业服务企业台账, as the office keeps it (domain §9.1)."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import models

from accounts.choices import REGISTRY_EDITORS
from enterprises.calculations import credit_code_problem
from enterprises.choices import ProviderKind
from enterprises.models import Provider
from enterprises.services import (
    NAMED_AFTER_THE_CITY,
    PROVIDER_FIELDS,
    provider_create,
    provider_update,
)
from xingyang_pm.common import clock
from xingyang_pm.common.ledgers.cells import presentable
from xingyang_pm.common.ledgers.columns import (
    LedgerColumn,
    area,
    capital,
    comparison_key,
    credit_code,
    date,
    integer,
    name,
    phones,
    text,
)
from xingyang_pm.common.ledgers.plans import DuplicateTracker, ImportPlan, differences
from xingyang_pm.common.ledgers.reading import LedgerRow
from xingyang_pm.common.ledgers.registry import LedgerDefinition, register
from xingyang_pm.common.models import ImportBatch
from xingyang_pm.common.spelling import misspelling


def _true_code(code: str) -> str:
    problem = credit_code_problem(code)
    if problem:
        raise ValueError(problem)
    return code


COLUMNS: Sequence[LedgerColumn] = [
    LedgerColumn(
        "name",
        "企业名称",
        ["物业服务企业名称", "物业企业名称", "物业服务企业", "物业企业", "单位名称", "公司名称",
         "名称"],
        name(80),
        required=True,
        example="郑州怡馨物业服务有限公司",
        hint="与营业执照一致。",
    ),
    LedgerColumn("short_name", "简称", ["企业简称"], name(30), example="怡馨物业"),
    LedgerColumn(
        "credit_code",
        "统一社会信用代码",
        ["信用代码", "社会信用代码", "营业执照号"],
        credit_code(_true_code),
        example="91410182MA3X7K2E9Q",
        hint="18 位，先把这一列设为文本格式再填。",
    ),
    LedgerColumn(
        "registered_address", "注册地址", ["注册地", "地址", "住所"], name(120),
        example="荥阳市索河路12号",
    ),
    LedgerColumn("office_address", "办公地址", ["经营地址"], name(120)),
    LedgerColumn(
        "registered_capital",
        "注册资本（万元）",
        ["注册资本", "注册资金", "注册资金（万元）"],
        capital(),
        example="500",
        hint="只写数时按万元读。",
    ),
    LedgerColumn(
        "founded_on", "成立日期", ["成立时间", "注册日期"], date(), example="2010-05-18"
    ),
    LedgerColumn(
        "legal_representative", "法定代表人", ["法人代表", "法人", "企业法人"], name(30),
        example="王志远",
    ),
    LedgerColumn(
        "manager_name", "负责人", ["联系人", "企业负责人", "总经理"], name(30), example="张利民"
    ),
    LedgerColumn(
        "phone", "联系电话", ["电话", "联系方式", "办公电话", "手机"], phones(),
        example="13800000000",
    ),
    LedgerColumn(
        "staff_count", "从业人员数", ["从业人数", "员工人数", "人员数", "职工人数"],
        integer(maximum=99_999, units=["人", "名"]),
        example="86",
    ),
    LedgerColumn(
        "serving", "在管项目数", ["在管项目", "项目数", "在管小区数", "管理项目数"],
        integer(maximum=9999, units=["个"]),
        hint="由服务合同统计，只作核对。",
    ),
    LedgerColumn(
        "area", "在管面积（㎡）", ["在管面积", "管理面积", "服务面积"], area(),
        hint="由服务合同统计，不读取。",
    ),
    LedgerColumn(
        "qualification_grade", "资质等级（2017年前）", ["资质等级", "企业资质", "资质"], text(20),
        example="三级",
    ),
    LedgerColumn(
        "qualification_number", "资质证书编号", ["资质证书号", "证书编号"], text(40)
    ),
    LedgerColumn(
        "agreement_signed_on", "责任书签订日期", ["责任书签订时间", "目标责任书签订日期"], date(),
        hint="在目标责任书里登记，不读取。",
    ),
    LedgerColumn(
        "credit_grade", "信用等级", ["信用评价等级"], text(10), hint="由信用评价得出，不读取。"
    ),
    LedgerColumn("remarks", "备注", ["说明"], text(300)),
]  # fmt: skip

# The columns that are fields of a provider as they stand.
FIELDS = tuple(column.name for column in COLUMNS if column.name in PROVIDER_FIELDS)
_SECRET = frozenset({"phone"})
# What the ledger says and other records keep; told once a sheet.
_ELSEWHERE = {
    "area": "由服务合同统计",
    "agreement_signed_on": "请在目标责任书里登记",
    "credit_grade": "由信用评价得出",
}


class _Planner:
    """Plans the rows of the ledger; reads the registry in one query, writes nothing."""

    def __init__(self, actor: Any) -> None:
        self.plan = ImportPlan()
        providers = list(Provider.objects.visible_to(actor).with_serving(clock.today()))
        self._by_code = {p.credit_code: p for p in providers if p.credit_code}
        self._by_name = {comparison_key(p.name): p for p in providers}
        self._by_short = _single(providers)
        self._met: dict[Any, LedgerRow] = {}
        self._told: set[tuple[str, str]] = set()

    def run(self, rows: Sequence[LedgerRow]) -> ImportPlan:
        for row in rows:
            if not self._misspelt(row):
                self._place(row)
        return self.plan

    def _misspelt(self, row: LedgerRow) -> bool:
        wrong = False
        for column in NAMED_AFTER_THE_CITY:
            sentence = misspelling(row.get(column, ""))
            if sentence:
                self.plan.refuse(row, column, sentence)
                wrong = True
        return wrong

    def _place(self, row: LedgerRow) -> None:
        for column in NAMED_AFTER_THE_CITY:
            if row.get(column):
                row.values[column] = presentable(row[column])
        code = row["credit_code"]
        named = self._by_name.get(comparison_key(row["name"]))
        provider = self._by_code.get(code) if code else None
        if provider is None:
            provider = named or self._by_short.get(comparison_key(row["name"]))
            if self._contradicts(row, provider, code):
                return
        elif named is not None and named.pk != provider.pk:
            self.plan.refuse(
                row,
                "credit_code",
                f"这个代码是 {provider.name} 的，而 {named.name} 是另一家企业。请核对名称和代码。",
            )
            return
        if self._repeats(row, provider, code):
            return
        self._tell(row, provider)
        if provider is None:
            self.plan.create(row, row["name"])
        elif provider.kind != ProviderKind.ENTERPRISE:
            self.plan.refuse(
                row,
                "name",
                f"“{provider.name}”已登记为{provider.get_kind_display()}，"
                "不能当作物业服务企业导入。请删去这一行。",
            )
        else:
            self._compare(row, provider)

    def _contradicts(self, row: LedgerRow, provider: Provider | None, code: str | None) -> bool:
        """Whether the firm of this name has another credit code in the registry."""
        if provider is None or not code or not provider.credit_code:
            return False
        self.plan.refuse(
            row,
            "credit_code",
            f"名录里 {provider.name} 的代码是 {provider.credit_code}，与表中不同。"
            "请核对营业执照；名录有误的，先在企业资料里改正。",
        )
        return True

    def _repeats(self, row: LedgerRow, provider: Provider | None, code: str | None) -> bool:
        """Whether an earlier row is the same firm under another name."""
        keys = [key for key in (provider.pk if provider else None, code) if key]
        earlier = next((self._met[key] for key in keys if key in self._met), None)
        for key in keys:
            self._met.setdefault(key, row)
        if earlier is None:
            return False
        self.plan.refuse(
            row,
            "name",
            f"与第 {earlier.row} 行“{earlier['name']}”是同一家企业。请删去其中一行。",
        )
        return True

    def _compare(self, row: LedgerRow, provider: Provider) -> None:
        current = {field: getattr(provider, field) for field in FIELDS}
        if comparison_key(row["name"]) in {
            comparison_key(provider.name),
            comparison_key(provider.short_name),
        }:
            # Brackets, blanks and the short name are no other name.
            del current["name"]
        found = differences(
            COLUMNS,
            row,
            current,
            secret=_SECRET,
            notes={"name": "代码相同，名称改为表中的写法"},
        )
        self.plan.change(
            row,
            provider.name,
            found,
            code=provider.code,
            url=provider.get_absolute_url(),
            payload=provider,
        )

    def _tell(self, row: LedgerRow, provider: Provider | None) -> None:
        for column, where in _ELSEWHERE.items():
            if row.get(column) is not None and (row.sheet, column) not in self._told:
                self._told.add((row.sheet, column))
                label = next(c.label for c in COLUMNS if c.name == column).partition("（")[0]
                self.plan.warn(row, column, f"“{label}”没有读取，{where}。")
        stated = row["serving"]
        known = provider.serving if provider is not None else 0  # type: ignore[attr-defined]  # annotated
        if stated is not None and stated != known:
            self.plan.warn(
                row,
                "serving",
                f"表中在管 {stated} 个，按服务合同现有 {known} 个。请核对服务合同。",
            )


def _single(providers: Sequence[Provider]) -> dict[str, Provider]:
    """Return the providers by short name, without those names that several share."""
    found: dict[str, Provider | None] = {}
    for provider in providers:
        if provider.short_name:
            key = comparison_key(provider.short_name)
            found[key] = None if key in found else provider
    return {key: provider for key, provider in found.items() if provider is not None}


def plan_enterprises(rows: Sequence[LedgerRow], actor: Any) -> ImportPlan:
    return _Planner(actor).run(rows)


def commit_enterprises(plan: ImportPlan, actor: Any, batch: ImportBatch) -> Iterator[models.Model]:
    """Write the plan by the services that the screens use; yields every provider written."""
    for item in plan.created:
        values = {field: item.row[field] for field in FIELDS if item.row.get(field) is not None}
        yield provider_create(actor=actor, kind=ProviderKind.ENTERPRISE, **values)
    for change in plan.changed:
        values = {field.name: field.value for field in change.fields}
        yield provider_update(provider=change.payload, actor=actor, **values)


def register_provider_ledger() -> None:
    """Make the ledger known to the importer."""
    register(
        LedgerDefinition(
            code="enterprises",
            title="物业服务企业台账",
            columns=COLUMNS,
            plan=plan_enterprises,
            commit=commit_enterprises,
            roles=REGISTRY_EDITORS,
            noun="家企业",
            duplicates=DuplicateTracker(
                key=lambda row: comparison_key(row["name"]) if row["name"] else None,
                column="name",
                sentence=lambda row: f"“{row['name']}”已经写过。请删去一行。",
            ),
            template_notes=["在管项目数、在管面积、信用等级由平台统计，不用填。"],
        )
    )
