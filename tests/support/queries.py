"""Counting queries, since a page that asks once per row is slow only in the office."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

Counter = Callable[[], AbstractContextManager[CaptureQueriesContext]]


def _normal(sql: str) -> str:
    return " ".join(sql.split())[:300]


@pytest.fixture
def count_queries(db: None) -> Counter:
    """Count the queries of a block::

    with count_queries() as queries:
        client.get(url)
    assert len(queries) <= 12
    """

    @contextmanager
    def counting() -> Iterator[CaptureQueriesContext]:
        with CaptureQueriesContext(connection) as captured:
            yield captured

    return counting


@pytest.fixture
def assert_constant_queries(count_queries: Counter) -> Callable[..., int]:
    """Assert that ``act()`` costs the same number of queries before and after ``grow()``.

    ``act`` runs once beforehand, so that what is cached for good (content types, say) does
    not count. Returns the number of queries.
    """

    def check(act: Callable[[], object], grow: Callable[[], object]) -> int:
        act()
        with count_queries() as counted:
            act()
        # Read now: the next request empties the log from which the counter reads.
        few = [_normal(query["sql"]) for query in counted.captured_queries]
        grow()
        act()
        with count_queries() as counted:
            act()
        many = [_normal(query["sql"]) for query in counted.captured_queries]
        if len(many) > len(few):
            extra = [sql for sql in many if sql not in few]
            pytest.fail(
                f"{len(few)} queries before, {len(many)} after more rows came; new ones:\n  "
                + "\n  ".join(extra[:15])
            )
        return len(many)

    return check
