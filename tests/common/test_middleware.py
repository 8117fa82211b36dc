"""The client's address: what the audit log and the administrators' address list rest on."""

import pytest
from django.test import RequestFactory

from xingyang_pm.common.middleware import client_ip

PEER, CLAIMED = "192.0.2.7", "10.1.2.3"


def _request(**headers: str):
    return RequestFactory().get("/", REMOTE_ADDR=PEER, **headers)


def test_nobody_names_his_own_address_without_a_proxy(settings):
    settings.BEHIND_PROXY = False
    assert client_ip(_request(HTTP_X_REAL_IP=CLAIMED)) == PEER


def test_behind_the_proxy_its_word_counts(settings):
    settings.BEHIND_PROXY = True
    assert client_ip(_request(HTTP_X_REAL_IP=CLAIMED)) == CLAIMED
    assert client_ip(_request()) == PEER


@pytest.mark.parametrize("said", ["not an address", "10.0.0.1, 10.0.0.2", "<script>"])
def test_what_is_no_address_is_none(settings, said):
    settings.BEHIND_PROXY = True
    assert client_ip(_request(HTTP_X_REAL_IP=said)) is None
