"""Addresses that are taken apart, and those that are refused."""

from __future__ import annotations

import pytest

from anysense.server.http.fetching.urls import FetchError, WebAddress

PORTS = frozenset({80, 443})


@pytest.mark.parametrize(
    ("url", "parts", "netloc"),
    [
        ("http://Example.com", ("http", "example.com", 80, "/"), "example.com"),
        ("HTTPS://a.example/b?c=d#e", ("https", "a.example", 443, "/b?c=d"), "a.example"),
        ("http://a.example:443/", ("http", "a.example", 443, "/"), "a.example:443"),
        ("https://a.example:443", ("https", "a.example", 443, "/"), "a.example"),
        ("http://[2606:4700::1]/x", ("http", "2606:4700::1", 80, "/x"), "[2606:4700::1]"),
        ("http://bücher.example/ä", ("http", "xn--bcher-kva.example", 80, "/%C3%A4"), None),
        ("http://ⓛocalhost/", ("http", "localhost", 80, "/"), "localhost"),
        ("http://a.example/%41%2e", ("http", "a.example", 80, "/%41%2e"), "a.example"),
    ],
)
def test_an_address_is_taken_apart(
    url: str, parts: tuple[str, str, int, str], netloc: str | None
) -> None:
    address = WebAddress.parse(url)
    assert (address.scheme, address.host, address.port, address.target) == parts
    assert netloc in (None, address.netloc)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://a.example/", "begin with http"),
        ("file:///etc/passwd", "begin with http"),
        ("//a.example/", "begin with http"),
        ("http://", "name a server"),
        ("http:///x", "name a server"),
        ("http://user@a.example/", "user name"),
        ("http://user:pass@a.example/", "user name"),
        ("http://@a.example/", "user name"),
        ("http://a.example\\@b.example/", "backslashes"),
        ("http://a.example/\r\nx: y", "control characters"),
        ("http://a.example/ HTTP/1.1", "spaces"),
        ("http://a.example/\x00", "control characters"),
        ("http://a.example:22/", "port"),
        ("http://a.example:0/", "port"),
        ("http://a.example:99999/", "can be read"),
        ("http://a.example:x/", "can be read"),
        ("http://[::1/", "can be read"),
        ("http://[fe80::1%25eth0]/", "name a server"),
        ("http://a%2eexample/", "name a server"),
        ("http://a..b\u3002/", "can be read"),
        ("http://a.example/" + "x" * 5000, "4,096 characters"),
    ],
)
def test_what_is_no_address_to_fetch_is_refused(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        WebAddress.parse(url)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/c", ("https", "a.example", 443, "/c")),
        ("c?d", ("https", "a.example", 443, "/b/c?d")),
        ("//c.example/d", ("https", "c.example", 443, "/d")),
        ("https://c.example:80/", ("https", "c.example", 80, "/")),
    ],
)
def test_a_redirect_is_followed(location: str, expected: tuple[str, str, int, str]) -> None:
    there = WebAddress.parse("https://a.example/b/a").follow(location, PORTS)
    assert (there.scheme, there.host, there.port, there.target) == expected


@pytest.mark.parametrize(
    "location",
    [
        "http://a.example/",
        "file:///etc/passwd",
        "gopher://a/",
        "https://u@a/",
        "https://a:22/",
        "https://a b/",
    ],
)
def test_a_redirect_elsewhere_is_not(location: str) -> None:
    with pytest.raises(FetchError):
        WebAddress.parse("https://a.example/").follow(location, PORTS)
