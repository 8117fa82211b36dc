"""From names in a ledger to streets, communities, estates and officers of the registry.

Everything is read set by set: a ledger of any length costs the same handful of queries and one
pass over the names of its streets.
"""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from estates.calculations import (
    community_stem,
    estate_key,
    estate_stem,
    folded,
    street_aliases,
    street_stem,
)
from estates.choices import ASSIGNABLE
from estates.models import Community, Estate, EstateName, Street

_CHUNK = 500


class Unknown(Exception):
    """No such place; ``message`` says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Territory:
    """The streets and communities, by every form of their names."""

    def __init__(self, actor: Any) -> None:
        streets = list(Street.objects.order_by("code"))
        self._visible = set(Street.objects.visible_to(actor).values_list("pk", flat=True))
        self._by_stem = {street_stem(street.name): street for street in streets}
        self._by_alias = {
            alias: street for street in streets for alias in street_aliases(street.name)
        }
        self._streets: dict[str, Street] = {}
        self._communities: dict[int, dict[str, Community]] = {}
        self._found: dict[tuple[int, str], Community] = {}

    def street(self, text: str) -> Street:
        """Return the street named ``text`` if the actor may write there.

        Raises :class:`Unknown` with the sentence for the cell.
        """
        found = self._streets.get(text)
        if found is None:
            found = self._by_alias.get(folded(text)) or self._by_stem.get(street_stem(text))
            if found is None:
                names = "、".join(street.name for street in list(self._by_stem.values())[:3])
                raise Unknown(f"没有“{text}”这个街道（乡镇）。请改为 {names} 这样的名称。")
            self._streets[text] = found
        if found.pk not in self._visible:
            raise Unknown(
                f"{found} 不属于你所在的街道（乡镇），你只能导入本街道的小区。请删去这一行。"
            )
        return found

    def community(self, street: Street, text: str) -> Community:
        """Return the community of ``street`` named ``text``, in any of its forms."""
        place = (street.pk, text)
        found = self._found.get(place)
        if found is None:
            known = self._of(street)
            found = known.get(folded(text)) or known.get(community_stem(text))
            if found is None:
                raise Unknown(self._no_community(street, text, known))
            self._found[place] = found
        return found

    def _of(self, street: Street) -> dict[str, Community]:
        if street.pk not in self._communities:
            known: dict[str, Community] = {}
            for community in Community.objects.filter(street=street).order_by("code"):
                for form in (
                    folded(community.name),
                    folded(community.short_name),
                    community_stem(community.name),
                ):
                    known.setdefault(form, community)
            self._communities[street.pk] = known
        return self._communities[street.pk]

    def _no_community(self, street: Street, text: str, known: dict[str, Community]) -> str:
        stem = community_stem(text)
        for other in self._by_stem.values():
            elsewhere = self._of(other) if other.pk in self._visible else {}
            if other.pk != street.pk and (folded(text) in elsewhere or stem in elsewhere):
                return f"{text} 属于 {other}，不属于 {street}。请改正街道或社区。"
        near = difflib.get_close_matches(stem, list(known), n=1, cutoff=0.5)
        hint = f"是不是 {known[near[0]]}？" if near else ""
        return f"{street} 没有“{text}”这个社区（村）。{hint}请改正，或空着不填。"


@dataclass(frozen=True)
class Match:
    """An estate found by its name, or (``by``) by a former name or alias."""

    pk: int
    by: str = ""


class Registry:
    """The names of the active estates of one kind in some streets."""

    def __init__(self, kind: str | None, streets: Iterable[Street]) -> None:
        """Read the names; ``kind`` None takes estates of all kinds."""
        rows = Estate.objects.active().filter(street__in={street.pk for street in streets})
        of_kind = rows.of_kind(kind) if kind else rows
        self._names: dict[tuple[int, str], int] = {}
        self._aliases: dict[tuple[int, str], set[tuple[int, str]]] = defaultdict(set)
        self._listed: list[tuple[int, int, str]] = []
        for pk, street, name in of_kind.order_by("code").values_list("pk", "street_id", "name"):
            self._names.setdefault((street, estate_key(name)), pk)
            self._listed.append((pk, street, name))
        names = EstateName.objects.filter(estate__in=of_kind)
        for pk, street, name in names.values_list("estate_id", "estate__street_id", "name"):
            self._aliases[street, estate_key(name)].add((pk, name))
        self._stems: dict[tuple[int, str], list[str]] | None = None
        self._others = rows.exclude(kind=kind) if kind else Estate.objects.none()
        self._other_names: dict[tuple[int, str], str] | None = None

    def find(self, street: Street, name: str) -> Match | None:
        """Return the estate called ``name``: its name first, then former names and aliases.

        Raises :class:`Unknown` where several estates have had the name.
        """
        place = (street.pk, estate_key(name))
        if place in self._names:
            return Match(self._names[place])
        found = self._aliases.get(place, set())
        if len({pk for pk, _ in found}) > 1:
            raise Unknown(f"有 {len(found)} 个小区曾用“{name}”这个名称。请改写现在的名称。")
        for pk, alias in found:
            return Match(pk, by=alias)
        return None

    def near(self, street: Street, name: str) -> list[str]:
        """Return the names of estates that may be the same under another name, at most two."""
        if self._stems is None:
            self._stems = defaultdict(list)
            for _, street_id, known in self._listed:
                self._stems[street_id, estate_stem(known)].append(known)
        return self._stems.get((street.pk, estate_stem(name)), [])[:2]

    def of_other_kind(self, street: Street, name: str) -> str:
        """Return the kind under which the street has an estate of this very name, or ``""``."""
        if self._other_names is None:
            self._other_names = {
                (row.street_id, estate_key(row.name)): row.get_kind_display()
                for row in self._others.only("street_id", "name", "kind")
            }
        return self._other_names.get((street.pk, estate_key(name)), "")


def estates_by_pk(keys: Sequence[int]) -> dict[int, Estate]:
    """Return the estates with their street and community, in a query for every 500."""
    found: dict[int, Estate] = {}
    for start in range(0, len(keys), _CHUNK):
        rows = Estate.objects.filter(pk__in=keys[start : start + _CHUNK])
        found.update({row.pk: row for row in rows.select_related("street", "community")})
    return found


def officers_by_name() -> dict[str, list[User]]:
    """Return who may answer for an estate, by name; two of one name stand together."""
    found: dict[str, list[User]] = defaultdict(list)
    for user in User.objects.active().with_role(*ASSIGNABLE).order_by("pk"):
        found[folded(user.name)].append(user)
    return found
