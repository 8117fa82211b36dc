"""What a person reads when the database refuses: the constraint's own sentence."""

import pytest
from django.db import IntegrityError

from estates.models import Estate, OwnersCommittee
from tests.estates.conftest import TODAY
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded

pytestmark = pytest.mark.both_databases


def test_a_unique_constraint_says_its_sentence(estate: Estate) -> None:
    OwnersCommittee.objects.create(estate=estate, term=1, start_date=TODAY)
    with pytest.raises(BusinessError, match="这一届业委会已经登记过。") as told, guarded():
        OwnersCommittee.objects.create(estate=estate, term=1, start_date=TODAY)
    assert told.value.code == "conflict"
    assert isinstance(told.value.__cause__, IntegrityError)


def test_a_check_says_its_sentence(estate: Estate) -> None:
    with pytest.raises(BusinessError, match="任期结束不能早于任期开始。"), guarded():
        OwnersCommittee.objects.create(
            estate=estate, term=1, start_date=TODAY, end_date=TODAY.replace(year=2020)
        )


def test_what_has_no_sentence_is_told_in_general(estate: Estate) -> None:
    with pytest.raises(BusinessError, match="数据与已有记录冲突，没有保存。"), guarded():
        Estate.objects.filter(pk=estate.pk).update(code=None)


@pytest.mark.usefixtures("db")
def test_another_error_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError), guarded():
        raise ZeroDivisionError
