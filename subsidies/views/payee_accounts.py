"""The payees' accounts: the list by last digits, one account, entering, confirming, showing."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from enterprises.models import Provider
from subsidies import services
from subsidies.choices import ACCOUNT_KEEPERS, ACCOUNT_READERS, AccountStatus
from subsidies.filters import AccountFilterSet
from subsidies.forms import (
    AccountConfirmForm,
    AccountForm,
    AccountRejectForm,
    AccountRevealForm,
)
from subsidies.models import PayeeAccount
from subsidies.selectors.payee_accounts import accounts_to_confirm, same_number
from subsidies.tables import AccountTable, account_pill
from xingyang_pm.common import clock
from xingyang_pm.common.access import holds
from xingyang_pm.common.formats import moment_label
from xingyang_pm.common.paging import whole
from xingyang_pm.common.views.generic import (
    Action,
    ActionPage,
    Fact,
    FormPage,
    ListPage,
    Notice,
    Pill,
    RecordPage,
    SavedChip,
)

LIST = "subsidies:account-list"
SAME_PERSON = "登记人不能确认自己登记的账户，请换一人办理"
keeps_number_to_itself = method_decorator(
    [sensitive_post_parameters("number"), never_cache], name="dispatch"
)


class AccountList(ListPage):
    model, table_class, filterset_class = PayeeAccount, AccountTable, AccountFilterSet
    title, unit = "收款账户", "个账户"
    views = [
        SavedChip(
            "等我确认",
            "status=entered",
            count=lambda view: accounts_to_confirm(view.user).count(),
            roles=ACCOUNT_KEEPERS,
        ),
        SavedChip("已确认", "status=confirmed"),
    ]
    actions = [
        Action(
            "登记账户", "subsidies:account-create", icon="plus", primary=True, roles=ACCOUNT_KEEPERS
        ),
    ]
    empty_text = "还没有收款账户。登记并由另一人确认后才能拨付。"


class _Account:
    """Reads an account with whose it is and who had to do with it."""

    def get_rows(self) -> QuerySet:
        rows = super().get_rows()
        return rows.select_related("provider", "entered_by", "decided_by")


class AccountDetail(_Account, RecordPage):
    model = PayeeAccount
    list_url, facts_title = LIST, "账户"
    object: PayeeAccount

    def get_title(self) -> str:
        return f"{self.object.provider} 收款账户"

    def get_pills(self) -> list[Pill]:
        return [account_pill(self.object)]

    def get_meta(self) -> str:
        return self.object.label

    def get_actions(self) -> list[Action]:
        account, pk = self.object, [self.object.pk]
        actions = [
            Action(
                "查看完整账号",
                "subsidies:account-reveal",
                icon="eye",
                args=pk,
                roles=ACCOUNT_READERS,
            )
        ]
        if account.status != AccountStatus.ENTERED:
            return actions
        locked = SAME_PERSON if account.entered_by_id == self.user.pk else ""
        if not locked:
            actions.append(
                Action("不予确认", "subsidies:account-reject", args=pk, roles=ACCOUNT_KEEPERS)
            )
        return [
            *actions,
            Action(
                "确认账户",
                "subsidies:account-confirm",
                icon="check",
                args=pk,
                primary=not locked,
                locked=locked,
                roles=ACCOUNT_KEEPERS,
            ),
        ]

    def notices(self) -> Sequence[Notice]:
        account = self.object
        told = []
        if account.status == AccountStatus.ENTERED:
            told.append(Notice("另一人照原件核对确认以前，不会向这个账户拨付。"))
        if account.status == AccountStatus.REJECTED:
            told.append(Notice(f"不予确认：{account.opinion}", "a", "alert-triangle"))
        if holds(self.user, ACCOUNT_KEEPERS):
            told += [
                Notice(f"账号与{other.provider}的相同，请核对。", "a", "alert-triangle")
                for other in same_number(account)[:3]
            ]
        return told

    def facts(self) -> Sequence[Fact]:
        account = self.object
        decided = (
            f"{account.decided_by}　{moment_label(account.decided_at)}"
            if account.decided_by and account.decided_at
            else "待确认"
        )
        return [
            Fact("收款单位", account.provider.name, url=account.provider.get_absolute_url()),
            Fact("户名", account.holder),
            Fact("开户银行", account.bank),
            Fact("账号", f"尾号 {account.tail}", note="完整账号加密保存"),
            Fact("启用日期", account.effective_from),
            Fact("登记", f"{account.entered_by}　{moment_label(account.entered_at)}"),
            Fact("确认", decided, note=account.opinion),
            Fact("依据材料", account.basis, wide=True),
        ]


@keeps_number_to_itself
class AccountCreate(FormPage):
    form_class, roles = AccountForm, ACCOUNT_KEEPERS
    title, submit_label, list_url = "登记收款账户", "登记账户", LIST
    intro = "登记后由另一人照原件确认才能使用。账户变更也在这里登记新的账户，原来的保留不改。"

    def get_initial(self) -> dict[str, Any]:
        asked = whole(self.request.GET.get("provider"), 0)
        provider = Provider.objects.visible_to(self.user).filter(pk=asked).first()
        return {
            "provider": provider,
            "holder": provider.name if provider else "",
            "effective_from": clock.today(),
        }

    def perform(self, form: AccountForm) -> PayeeAccount:
        return services.account_enter(actor=self.user, **form.cleaned_data)

    def done_message(self, result: PayeeAccount) -> str:
        return f"{result.provider} 的账户（尾号 {result.tail}）已登记，等另一人确认。"


class _Decide(_Account, ActionPage):
    model, roles, list_url = PayeeAccount, ACCOUNT_KEEPERS, LIST
    object: PayeeAccount

    def refusal(self) -> str:
        if self.object.status != AccountStatus.ENTERED:
            return f"这个账户{self.object.get_status_display()}，不用再办。"
        return f"{SAME_PERSON}。" if self.object.entered_by_id == self.user.pk else ""

    def facts(self) -> Sequence[Fact]:
        account = self.object
        return [
            Fact("收款单位", account.provider.name),
            Fact("户名", account.holder),
            Fact("开户银行", account.bank),
            Fact("尾号", account.tail),
            Fact("启用日期", account.effective_from),
            Fact("依据材料", account.basis),
            Fact("登记", f"{account.entered_by}　{moment_label(account.entered_at)}"),
        ]


@keeps_number_to_itself
class AccountConfirm(_Decide):
    form_class = AccountConfirmForm
    title, submit_label = "确认收款账户", "确认账户"

    def sentence(self) -> str:
        account = self.object
        return (
            f"确认后，{account.effective_from.isoformat()} 起拨给 {account.provider} 的补贴"
            f"付到{account.bank}尾号 {account.tail}。确认后不能修改。"
        )

    def perform(self, form: AccountConfirmForm) -> PayeeAccount:
        return services.account_confirm(account=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: PayeeAccount) -> str:
        return f"{result.provider} 的收款账户（尾号 {result.tail}）已确认。"


class AccountReject(_Decide):
    form_class = AccountRejectForm
    title, submit_label = "不予确认收款账户", "不予确认"

    def sentence(self) -> str:
        account = self.object
        return f"{account.provider} 的账户（尾号 {account.tail}）不予确认，可以重新登记。"

    def perform(self, form: AccountRejectForm) -> PayeeAccount:
        return services.account_reject(account=self.object, actor=self.user, **form.cleaned_data)

    def done_message(self, result: PayeeAccount) -> str:
        return f"{result.provider} 的账户（尾号 {result.tail}）不予确认。"


@method_decorator(never_cache, name="dispatch")
class AccountReveal(_Account, ActionPage):
    """Shows the whole number once, on the answer to a recorded question for it."""

    model, roles, list_url = PayeeAccount, ACCOUNT_READERS, LIST
    form_class = AccountRevealForm
    title, submit_label = "查看完整账号", "查看并记入日志"
    template_name = "subsidies/account_reveal.html"
    object: PayeeAccount
    number = ""

    def sentence(self) -> str:
        account = self.object
        return (
            f"查看 {account.provider} {account.bank}尾号 {account.tail} 的完整账号。"
            "谁在什么时候为什么查看，会记入操作日志。"
        )

    def perform(self, form: AccountRevealForm) -> PayeeAccount:
        self.number = services.account_reveal(
            account=self.object, actor=self.user, **form.cleaned_data
        )
        return self.object

    def succeed(self, result: PayeeAccount) -> HttpResponse:
        grouped = " ".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))
        return self.render(form=None, number=grouped)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render(form=self.make_form())
