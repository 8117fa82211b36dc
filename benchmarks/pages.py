"""The estate list against Django admin's changelist over the same rows, a hundred on a page."""

from collections.abc import Iterator

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.choices import Role
from accounts.models import User
from estates.choices import EstateKind
from estates.models import Estate, Street
from xingyang_pm.common.admin import site

from .city import person
from .measuring import Pair, medians

_BACKEND = "accounts.backends.OfficeBackend"
LIST, ADMIN = "/estates/", "/admin/estates/estate/"
LIMIT = 0.6
ROWS = 100  # the admin's own page


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=_BACKEND)
    return client


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        answer = client.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")
    return len(caught)


def measure() -> Iterator[Pair]:
    manager, admin = person(Role.BUREAU_MANAGER), _signed_in(person(Role.SYSTEM_ADMIN))
    # The portal's own read-only admin, which already joins its columns and does not count the
    # unfiltered rows: the harder one to beat.
    shown = site.get_model_admin(Estate)
    shown.list_per_page = ROWS
    alike = f"&size={ROWS}&cols=" + "-".join(shown.list_display)
    street = Street.objects.get(code="410182001").pk
    old = EstateKind.OLD
    filters = [
        ("street and kind", f"street={street}&kind={old}",
         f"street__id__exact={street}&kind__exact={old}&status__exact=active"),
        ("kind", f"kind={old}", f"kind__exact={old}&status__exact=active"),
        ("search of a word", "q=家属院", "q=家属院&status__exact=active"),
        ("twentieth page", f"kind={old}&page=20", f"kind__exact={old}&status__exact=active&p=20"),
        ("no filter", "", "status__exact=active"),
    ]  # fmt: skip
    cases = [(f"list, {what}", LIMIT, ours + alike, theirs) for what, ours, theirs in filters]
    what, ours, theirs = filters[0]
    cases += [
        (f"list with its facts, {what}", None, f"{ours}&size={ROWS}", theirs),
        (f"list as it opens, {what}", LIMIT, ours, theirs),
    ]
    for what, limit, ours, theirs in cases:
        ours, theirs = f"{LIST}?{ours}", f"{ADMIN}?{theirs}"
        portal = _signed_in(manager)  # chosen columns are a cookie
        # Once for the caches that a portal of this morning has filled.
        portal.get(ours)
        counted = [_queries(portal, ours), _queries(portal, ours + "&size=50")]
        if counted[0] != counted[1]:
            raise RuntimeError(f"{ours}: {counted} queries for {ROWS} and 50 rows")
        _queries(admin, theirs)
        times = medians(
            lambda client=portal, address=ours: client.get(address),
            lambda address=theirs: admin.get(address),
            times=25,
            warm=2,
        )
        yield Pair(what, *times, limit, f"{counted[0]} queries")
