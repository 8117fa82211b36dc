"""From what a ledger writes for a provider to the provider, in one query for any ledger."""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from enterprises.choices import ProviderKind
from enterprises.models import Provider
from estates.models import Community, Street
from xingyang_pm.common.ledgers.cells import squeezed
from xingyang_pm.common.ledgers.columns import comparison_key

_CODE = re.compile(r"(?<![0-9A-Z])[0-9A-HJ-NPQRTUWXY]{18}(?![0-9A-Z])")
# Written where nobody serves.
_NOBODY = frozenset(map(comparison_key, (
    "无", "暂无", "没有", "无物业", "无物业公司", "无物业管理", "无物业企业", "无主管", "无人管理",
    "自管", "自治", "自我管理", "业主自管", "业主自治", "居民自管", "居民自治", "单位自管",
    "产权单位自管", "业委会自管", "业委会自治", "弃管", "失管", "未接管", "未聘请", "未选聘",
    "未聘用", "待定", "待聘", "待选聘", "不详", "空",
)))  # fmt: skip
# The kind of a provider written for the provider: that of the row's own community.
_KINDS = {
    comparison_key(word): kind
    for kind, words in (
        (
            ProviderKind.COMMUNITY_CENTRE,
            ("社区物业服务中心", "社区物业中心", "社区服务中心", "社区中心", "物业服务中心", "社区",
             "社区代管", "社区托管"),
        ),
        (ProviderKind.VILLAGE_COMMITTEE, ("村委", "村委会", "村民委员会", "村委自管")),
    )
    for word in words
}  # fmt: skip
# What says nothing of which provider it is; the rest is held against the rest of others.
_COMMON = re.compile(
    "有限责任公司|股份有限公司|有限公司|分公司|公司|物业|服务|管理|企业|中心|社区|居委会|村委会|"
    "荥阳市?|郑州市?|河南省?"
)
_LOCAL = re.compile("社区|居委会|村委会|村|政府|办事处")
# Guessing costs a pass over all names: so many different unknown names get a guess.
_GUESSES = 100
_CLOSE = 0.5


class Unknown(Exception):
    """No such provider, or several; ``message`` says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def is_nobody(text: str) -> bool:
    """Whether the cell says that nobody serves (无, 自管, 弃管 …)."""
    return comparison_key(text) in _NOBODY


def _key(text: str) -> str:
    key = comparison_key(text)
    return key.replace("村民委员会", "村委会").replace("居民委员会", "居委会")


class Providers:
    """The providers that ``actor`` sees, by every form of their names; one query."""

    def __init__(self, actor: Any) -> None:
        rows = list(Provider.objects.visible_to(actor).select_related("street").order_by("code"))
        self._by_code = {row.credit_code: row for row in rows if row.credit_code}
        self._by_name = _listed((_key(row.name), row) for row in rows)
        self._by_short = _listed((_key(row.short_name), row) for row in rows if row.short_name)
        self._of_community = _listed(
            ((row.community_id, row.kind), row) for row in rows if row.community_id
        )
        self._stems = [(row, _stem(row.name)) for row in rows if row.is_active]
        self._guesses: dict[tuple[str, int], str] = {}

    def find(self, text: str, street: Street, community: Community | None) -> Provider:
        """Return the provider that the row of an estate names.

        Raises :class:`Unknown` with the sentence for the cell.
        """
        code = _CODE.search(squeezed(text).upper())
        if code is not None:
            found = self._by_code.get(code[0])
            if found is None:
                raise Unknown(
                    f"名录里没有统一社会信用代码为 {code[0]} 的服务主体。请核对代码，"
                    "或先导入物业服务企业台账。"
                )
            return found
        key = _key(text)
        kind = _KINDS.get(key)
        if kind is not None:
            return self._own(kind, community)
        rows = self._by_name.get(key) or [
            row for row in self._by_short.get(key, []) if row.street_id in (None, street.pk)
        ]
        if len(rows) == 1:
            return rows[0]
        if rows:
            names = "、".join(f"{row.name}（{row.code}）" for row in rows[:3])
            raise Unknown(
                f"名录里有 {len(rows)} 个“{text}”：{names}。请改写全称或统一社会信用代码。"
            )
        near = self._near(text, street)
        # Only firms have a ledger of their own.
        remedy = "在服务主体里登记。"
        if not _LOCAL.search(key):
            remedy = f"导入物业服务企业台账，或{remedy}"
        if near:
            raise Unknown(f"名录里没有“{text}”。是不是“{near}”？是的请改写名称；不是的请先{remedy}")
        raise Unknown(f"名录里没有“{text}”。请先{remedy}")

    def _own(self, kind: ProviderKind, community: Community | None) -> Provider:
        if community is None:
            raise Unknown(f"只写了{kind.label}，看不出是哪一个。请写全称，或填好社区（村）一列。")
        rows = self._of_community.get((community.pk, kind), [])
        if len(rows) != 1:
            told = f"登记了 {len(rows)} 个" if rows else "还没有登记"
            raise Unknown(
                f"{community.short_name}{told}{kind.label}。请写全称，或先在服务主体里登记。"
            )
        return rows[0]

    def _near(self, text: str, street: Street) -> str:
        place = (text, street.pk)
        if place not in self._guesses:
            if len(self._guesses) >= _GUESSES:
                return ""
            self._guesses[place] = self._nearest(_stem(text), street)
        return self._guesses[place]

    def _nearest(self, stem: str, street: Street) -> str:
        matcher = difflib.SequenceMatcher(b=stem, autojunk=False)
        best, name = _CLOSE, ""
        for row, other in self._stems:
            if not stem or not other or row.street_id not in (None, street.pk):
                continue
            matcher.set_seq1(other)
            close = matcher.ratio() if matcher.real_quick_ratio() >= best else 0.0
            if close > best or (close == best and not name):
                best, name = close, row.name
        return name


def _stem(name: str) -> str:
    return _COMMON.sub("", _key(name))


def _listed(pairs: Iterable[tuple[Any, Provider]]) -> dict[Any, list[Provider]]:
    found: dict[Any, list[Provider]] = defaultdict(list)
    for key, row in pairs:
        found[key].append(row)
    return found
