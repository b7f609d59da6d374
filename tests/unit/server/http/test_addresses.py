"""Hosts, origins and networks."""

from __future__ import annotations

import pytest

from anysense.server.http.addresses import is_loopback, origin_host


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::", False),
        ("10.0.0.1", False),
        ("fe80::1%eth0", False),
    ],
)
def test_loopback(address: str, local: bool) -> None:
    assert is_loopback(address) is local


def test_the_host_of_an_origin() -> None:
    assert origin_host("https://A.example:8443") == ("a.example:8443", ":443")
    assert origin_host("http://[::1]") == ("[::1]", ":80")
    assert origin_host("null") == ("", "")
    assert origin_host("http://[") == ("", "")
