"""What is kept of menu, chips and choices: for one person with one set of rights, until an act."""

from itertools import count

from accounts.models import Office, User, UserRole
from tests.support.people import Cast
from xingyang_pm.common.kept import forget, kept


def as_next_request(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_the_same_person_is_told_the_same_until_he_acts(cast: Cast) -> None:
    numbers, user = count(1), cast.street_clerk
    assert kept(user, "menu", lambda: next(numbers)) == 1
    assert kept(as_next_request(user), "menu", lambda: next(numbers)) == 1
    assert kept(user, "chips /estates/", lambda: next(numbers)) == 2
    forget(user)
    assert kept(user, "menu", lambda: next(numbers)) == 3
    assert kept(as_next_request(user), "menu", lambda: next(numbers)) == 3


def test_nobody_is_told_what_another_was(cast: Cast) -> None:
    kept(cast.street_clerk, "choices", lambda: ["索河"])
    assert kept(cast.other_clerk, "choices", lambda: ["京城路"]) == ["京城路"]


def test_who_changes_office_or_role_is_told_anew(cast: Cast, other_office: Office) -> None:
    user = cast.street_clerk
    kept(user, "choices", lambda: ["索河"])
    User.objects.filter(pk=user.pk).update(office=other_office)
    moved = as_next_request(user)
    assert kept(moved, "choices", lambda: ["京城路"]) == ["京城路"]
    UserRole.objects.create(user=moved, role="street_leader")
    assert kept(as_next_request(user), "choices", lambda: ["负责人"]) == ["负责人"]
