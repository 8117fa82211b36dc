"""拨付与到账: where each payment is, and one page for each thing that becomes of it."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property

from accounts.choices import STREET_ROLES
from subsidies import services
from subsidies.choices import PAYERS, RECEIVERS, PaymentRoute, TransitPlace
from subsidies.filters import PaymentFilterSet
from subsidies.forms import (
    PaymentForm,
    PaymentResultForm,
    ReceiptForm,
    StreetArrivalForm,
    TransitReasonForm,
)
from subsidies.imports.bank import LEDGER
from subsidies.models import PayeeAccount, Payment, PaymentReceipt, TransitReason
from subsidies.selectors.payee_accounts import accounts_at_approval, accounts_in_force
from subsidies.selectors.transit import Transit, transit_of, transit_summary
from subsidies.tables import PaymentTable, ReasonTable, ReceiptTable, place_pill
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.chain import Stage
from xingyang_pm.common.errors import NotPermitted
from xingyang_pm.common.formats import month_day
from xingyang_pm.common.money import capital_yuan, fen, money
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Download,
    DownloadPage,
    Fact,
    ListPage,
    Notice,
    Panel,
    Pill,
    RecordPage,
    SavedChip,
    TablePanel,
)

LIST = "subsidies:payment-list"
EXPLAINERS = STREET_ROLES | PAYERS


class PaymentList(ListPage):
    model, table_class, filterset_class = Payment, PaymentTable, PaymentFilterSet
    title, unit = "拨付与到账", "笔拨付"
    template_name = "subsidies/payment_list.html"
    views = [
        SavedChip("在途", "open=1", count=lambda view: view.get_rows().under_way().count()),
        SavedChip(
            "超期未到账",
            "overdue=1",
            count=lambda view: (
                view.get_rows().overdue(clock.today(), settings.TRANSIT_RED_DAYS).count()
            ),
        ),
        SavedChip(
            "退回待重付",
            "place=returned",
            count=lambda view: view.get_rows().filter(place=TransitPlace.RETURNED).count(),
            or_none=True,
        ),
    ]
    actions = [
        Action(
            "导入银行回单",
            "common:import-upload",
            icon="file-spreadsheet",
            args=[LEDGER],
            roles=PAYERS,
        ),
    ]
    empty_text = "还没有拨付。申报审批后，由财务在申报页登记，或导入银行回单。"

    def get_rows(self) -> QuerySet:
        return super().get_rows().with_transit()

    def get_context(self, **extra: Any) -> dict[str, Any]:
        visible = Payment.objects.visible_to(self.user)
        return super().get_context(
            transit=transit_summary(visible), red_days=settings.TRANSIT_RED_DAYS, **extra
        )


class _Payment:
    """Reads a payment with its way and whose it is."""

    def get_rows(self) -> QuerySet:
        rows = super().get_rows().with_transit()
        return rows.select_related("claim__street__office", "payee", "account", "recorded_by")

    @cached_property
    def way(self) -> Transit:
        return transit_of(self.object)

    @property
    def is_own_street(self) -> bool:
        return self.user.office_id == self.object.claim.street.office_id

    @property
    def rest(self) -> Any:
        return fen(self.object.amount - self.object.received)


class PaymentDetail(_Payment, RecordPage):
    """Stages, facts, what the bank and the payee said, and what is to be done now."""

    model, list_url = Payment, LIST
    facts_title = "拨付"
    object: Payment

    def get_title(self) -> str:
        payment = self.object
        return f"{payment.payee} {clock.chinese_month(payment.claim.month)}补贴拨付"

    def get_pills(self) -> list[Pill]:
        return [place_pill(self.object)]

    def get_meta(self) -> str:
        payment = self.object
        again = f"　第 {payment.attempt} 次拨付" if payment.attempt > 1 else ""
        return f"{money(payment.amount)} 元　凭证 {payment.voucher_number}{again}"

    @cached_property
    def results(self) -> list:
        return list(self.object.results.select_related("recorded_by"))

    def stages(self) -> Sequence[Stage]:
        payment, way = self.object, self.way
        paid = Stage("拨付", "done", [payment.recorded_by.name, month_day(payment.paid_on)])
        return [paid, self._bank_stage(), *self._street_stage(), self._arrival_stage(way)]

    def _bank_stage(self) -> Stage:
        failed = next((row for row in self.results if row.outcome == "failed"), None)
        if failed is not None:
            return Stage("银行结果", "back", ["退回", month_day(failed.happened_on)], failed.reason)
        if self.results:
            return Stage("银行结果", "done", ["成功", month_day(self.results[0].happened_on)])
        return Stage("银行结果", "todo", ["待回单", "—"])

    def _street_stage(self) -> list[Stage]:
        payment = self.object
        if payment.route != PaymentRoute.STREET:
            return []
        if payment.arrived_on:
            days = f"财政 {self.way.treasury} 天"
            return [Stage("街道收款", "done", [month_day(payment.arrived_on), days])]
        state: Any = "now" if self.way.place == TransitPlace.TREASURY else "todo"
        return [Stage("街道收款", state, ["待街道登记", f"已 {self.way.days} 天"])]

    def _arrival_stage(self, way: Transit) -> Stage:
        if way.place == TransitPlace.ARRIVED:
            return Stage("到账", "done", [month_day(self.object.received_on), f"共 {way.days} 天"])
        waits = way.place == TransitPlace.STREET or (
            way.place == TransitPlace.TREASURY and self.object.route == PaymentRoute.DIRECT
        )
        told = f"已到 {money(self.object.received)} 元" if self.object.received else "待回执"
        return Stage("到账", "now" if waits else "todo", [told, f"已 {way.days} 天"])

    def get_actions(self) -> list[Action]:
        payment, place = self.object, self.way.place
        actions = []
        open_ = place in {TransitPlace.TREASURY, TransitPlace.STREET}
        if self.way.is_under_way and (holds(self.user, PAYERS) or self.is_own_street):
            actions.append(
                Action("说明滞留原因", "subsidies:payment-reason", by_pk=True, roles=EXPLAINERS)
            )
        if place == TransitPlace.RETURNED:
            actions.append(
                Action(
                    "重新拨付", "subsidies:payment-repay", by_pk=True, primary=True, roles=PAYERS
                )
            )
        elif not self.results or open_:
            actions.append(
                Action("登记银行结果", "subsidies:payment-result", by_pk=True, roles=PAYERS)
            )
        if open_ and self.is_own_street:
            needs_street = payment.route == PaymentRoute.STREET and not payment.arrived_on
            name = "payment-arrival" if needs_street else "payment-receipt"
            label = "登记街道收款" if needs_street else "登记到账回执"
            actions.append(
                Action(label, f"subsidies:{name}", by_pk=True, primary=True, roles=RECEIVERS)
            )
        return actions

    def notices(self) -> Sequence[Notice]:
        way, payment = self.way, self.object
        if way.is_overdue:
            last = payment.last_reason
            told = f"滞留原因：{last}" if last else "还没有写明滞留原因，请街道或财务登记。"
            text = f"已 {way.days} 天没有到账，超过 {settings.TRANSIT_RED_DAYS} 天的期限。{told}"
            return [Notice(text, "r", "alert-circle")]
        if way.place == TransitPlace.REPLACED:
            return [Notice("这笔拨付被退回，已另行重新拨付。")]
        return []

    def facts(self) -> Sequence[Fact]:
        payment, way = self.object, self.way
        return [
            Fact("收款单位", payment.payee.name, url=payment.payee.get_absolute_url()),
            Fact("申报", str(payment.claim), url=payment.claim.get_absolute_url()),
            Fact("金额", f"{money(payment.amount)} 元", note=capital_yuan(payment.amount)),
            Fact("收款账户", payment.account.label if payment.account else "没有登记"),
            Fact("拨付路径", payment.get_route_display()),
            Fact("支付凭证号", payment.voucher_number),
            Fact("拨付日期", payment.paid_on),
            Fact("在途", f"{way.days} 天", note=f"财政 {way.treasury} 天，街道 {way.street} 天"),
            Fact("没有到账", f"{money(way.open_amount)} 元" if way.is_under_way else "无"),
            Fact("登记", payment.recorded_by.name),
        ]

    def panels(self) -> Sequence[Panel]:
        receipts = PaymentReceipt.objects.visible_to(self.user).filter(payment=self.object)
        reasons = TransitReason.objects.visible_to(self.user).filter(payment=self.object)
        return [
            TablePanel(
                "到账回执",
                ReceiptTable,
                receipts,
                empty_text="还没有到账回执。由街道经办凭收款单位的回执登记。",
                user=self.user,
            ),
            TablePanel(
                "滞留原因", ReasonTable, reasons, empty_text="没有登记滞留原因。", user=self.user
            ),
        ]


class _Act(_Payment):
    """What all acts on a payment show, and whose they are."""

    model = Payment
    list_url = LIST
    own_street = False

    def check_access(self) -> None:
        if self.own_street and not self.is_own_street:
            raise NotPermitted("这笔拨付由它所在的街道（乡镇）登记。")

    def get_title(self) -> str:
        return f"{self.title}　{self.object.payee}"

    def facts(self) -> Sequence[Fact]:
        payment = self.object
        return [
            Fact("收款单位", payment.payee.name),
            Fact("申报", str(payment.claim)),
            Fact("金额", f"{money(payment.amount)} 元", note=capital_yuan(payment.amount)),
            Fact("收款账户", payment.account.label if payment.account else "没有登记"),
            Fact("拨付", f"{payment.paid_on.isoformat()}　凭证 {payment.voucher_number}"),
            Fact("在何处", f"{self.way.place.label}，已 {self.way.days} 天"),
        ]

    def get_success_url(self, result: Any) -> str:
        return self.object.get_absolute_url()


class PaymentResultPage(_Act, ActionPage):
    form_class, roles = PaymentResultForm, PAYERS
    title, submit_label = "登记银行结果", "登记银行结果"

    def get_initial(self) -> dict[str, Any]:
        return {"happened_on": clock.today()}

    def sentence(self) -> str:
        return "照银行或国库的回单登记。退回的，这个收款单位列为待重付，登记后不能修改。"

    def refusal(self) -> str:
        payment = self.object
        if payment.failed_on:
            return "这笔拨付已记为退回。"
        if payment.succeeded_on and self.way.place == TransitPlace.ARRIVED:
            return "这笔拨付已经成功并到账。"
        return ""

    def perform(self, form: PaymentResultForm) -> Any:
        return services.payment_result_record(
            payment=self.object, actor=self.user, **form.cleaned_data
        )

    def done_message(self, result: Any) -> str:
        return f"已登记银行结果：{result.get_outcome_display()}。"


class PaymentRepay(_Act, ActionPage):
    form_class, roles = PaymentForm, PAYERS
    title, submit_label = "重新拨付", "登记重新拨付"

    @cached_property
    def account(self) -> PayeeAccount | None:
        payee = self.object.payee_id
        return accounts_in_force([payee], clock.today()).get(payee)

    @cached_property
    def is_changed(self) -> bool:
        payee = self.object.payee_id
        shown = accounts_at_approval(self.object.claim, [payee]).get(payee)
        return self.account is not None and self.account != shown

    def get_initial(self) -> dict[str, Any]:
        return {"paid_on": clock.today()}

    def get_form_kwargs(self) -> dict[str, Any]:
        changed = self.account.label if self.account and self.is_changed else ""
        return {**super().get_form_kwargs(), "changed": changed}

    def sentence(self) -> str:
        payment = self.object
        account = self.account.label if self.account else ""
        return (
            f"{payment.payee} 的 {money(payment.amount)} 元被银行退回，现向{account}重新拨付，"
            "用新的凭证号登记。原来的一笔保留。"
        )

    def refusal(self) -> str:
        if self.way.place != TransitPlace.RETURNED:
            return "这笔拨付没有退回，或已经重新拨付。"
        if self.account is None:
            return "这个收款单位没有已确认的收款账户，请先登记账户并由另一人确认。"
        return ""

    def perform(self, form: PaymentForm) -> Payment:
        seen = self.account if form.cleaned_data.get("account_seen") else None
        entry = services.PaymentEntry(
            self.object.payee,
            form.cleaned_data["voucher_number"],
            form.cleaned_data["paid_on"],
            seen,
        )
        return services.payment_repay(payment=self.object, entry=entry, actor=self.user)

    def get_success_url(self, result: Payment) -> str:
        return reverse("subsidies:payment-detail", args=[result.pk])

    def done_message(self, result: Payment) -> str:
        return f"已登记重新拨付 {money(result.amount)} 元，凭证 {result.voucher_number}。"


class ArrivalPage(_Act, ActionPage):
    form_class, roles, own_street = StreetArrivalForm, RECEIVERS, True
    title, submit_label = "登记街道收款", "登记街道收款"

    def get_initial(self) -> dict[str, Any]:
        return {"arrived_on": clock.today()}

    def sentence(self) -> str:
        return (
            f"{money(self.object.amount)} 元已到街道（乡镇）账上，待转拨给 {self.object.payee}。"
            "从这一天起按街道滞留计算天数。"
        )

    def refusal(self) -> str:
        if self.object.route != PaymentRoute.STREET:
            return "这笔拨付直达收款单位，不经街道。"
        if self.object.arrived_on:
            return f"已登记，{self.object.arrived_on.isoformat()} 收到。"
        return "" if self.way.is_under_way and not self.object.failed_on else "这笔拨付已经退回。"

    def perform(self, form: StreetArrivalForm) -> Any:
        return services.street_arrival_record(
            payment=self.object, actor=self.user, **form.cleaned_data
        )

    def done_message(self, result: Any) -> str:
        return "街道收款已登记，请尽快转拨并登记到账回执。"


class ReceiptPage(_Act, ActionPage):
    form_class, roles, own_street = ReceiptForm, RECEIVERS, True
    title, submit_label = "登记到账回执", "登记到账"

    def get_initial(self) -> dict[str, Any]:
        return {"received_on": clock.today(), "amount": self.rest}

    def sentence(self) -> str:
        return (
            f"{self.object.payee} 应收 {money(self.object.amount)} 元，还有 {money(self.rest)} 元"
            "没有到账。凭收款单位的回执登记，登记后不能修改。"
        )

    def refusal(self) -> str:
        payment = self.object
        if payment.failed_on:
            return "这笔拨付已经退回，不能登记到账。"
        if self.way.place == TransitPlace.ARRIVED:
            return "这笔拨付已经全部到账。"
        if payment.route == PaymentRoute.STREET and not payment.arrived_on:
            return "经街道拨付的，请先登记街道收款。"
        return ""

    def perform(self, form: ReceiptForm) -> Any:
        return services.receipt_record(payment=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: Any) -> str:
        return f"已登记到账 {money(result.amount)} 元，回执 {result.receipt_number}。"


class ReasonPage(_Act, ActionPage):
    form_class, roles = TransitReasonForm, EXPLAINERS
    title, submit_label = "说明滞留原因", "登记原因"

    def sentence(self) -> str:
        return (
            f"写明 {money(self.way.open_amount)} 元为什么还没有到账。登记后不能修改，可以再登记。"
        )

    def refusal(self) -> str:
        return "" if self.way.is_under_way else "这笔拨付已经到账或已重新拨付，不用再说明。"

    def perform(self, form: TransitReasonForm) -> Any:
        return services.transit_reason_record(
            payment=self.object, actor=self.user, **form.cleaned_data
        )

    def done_message(self, result: Any) -> str:
        return "滞留原因已登记。"


class ReceiptScan(DownloadPage):
    model, inline = PaymentReceipt, True

    def get_download(self) -> Download | None:
        return Download(self.object.scan_name, self.object.scan)

    def audit_subjects(self) -> Sequence[Any]:
        return [self.object.payment]
