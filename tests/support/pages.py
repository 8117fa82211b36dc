"""What a page of the portal shows and hands out, as a test reads it."""

import io
import re
from collections.abc import Callable
from typing import Any

import openpyxl
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client

from accounts.models import User
from tests.support.people import Cast


def text_of(response: HttpResponse) -> str:
    """Return the words of a page, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def listed(client: Client, url: str, **query: str) -> list[Any]:
    """Return the rows of a list that fits one page; each condition must have been understood."""
    listing = client.get(url, query).context["listing"]
    assert listing.problems == [], query
    assert len(listing.table.rows) == listing.count
    return list(listing.table.rows)


def sheet(response: StreamingHttpResponse) -> list[tuple[Any, ...]]:
    """Return title, conditions, header and rows of a workbook that was handed out."""
    assert response.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response)))
    return list(book.active.iter_rows(values_only=True))


def assert_for_readers_alone(cast: Cast, client_for: Callable[[User], Client], url: str) -> None:
    """Assert that a list and its workbook open to the readers of the business and nobody else."""
    for part, user in cast.people.items():
        expected = 403 if part in {"system_admin", "outsider"} else 200
        client = client_for(user)
        assert client.get(url).status_code == expected, part
        assert client.get(url, {"export": "xlsx"}).status_code == expected, part
    assert Client().get(url).status_code == 302
