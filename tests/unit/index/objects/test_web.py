from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from anysense.embed.errors import AccessError, AnysenseError, ServiceUnreachableError, UsageError
from anysense.index.objects.addresses import Address
from anysense.index.objects.web import WebStorage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PHOTO = Address("https", "example.org", "photos/a%20b.jpg")
DATA = bytes(range(200))


def storage(answer: Callable[[httpx.Request], httpx.Response]) -> WebStorage:
    return WebStorage(httpx.MockTransport(answer), retries=0)


def test_an_object_is_looked_at_by_its_head() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert (request.method, str(request.url)) == ("HEAD", str(PHOTO))
        assert request.headers["accept-encoding"] == "identity"
        return httpx.Response(200, headers={"Content-Length": "200", "ETag": '"one"'})

    found = storage(answer).look(PHOTO)
    assert (found.key, found.size) == (PHOTO.key, 200)
    assert found.stamp > 0
    assert list(storage(answer).pages(PHOTO)) == []


@pytest.mark.parametrize("has_ranges", [True, False])
def test_no_more_is_taken_than_was_asked_for(has_ranges: bool) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield DATA

    async def parts() -> AsyncIterator[bytes]:
        yield DATA[150:]
        yield DATA[:50]

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["range"] == "bytes=150-249"
        if has_ranges:
            return httpx.Response(206, content=parts())
        return httpx.Response(200, content=endless())

    assert storage(answer).read(PHOTO, 150, 250) == DATA[150:] + DATA[:50]
    assert taken <= 3


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (httpx.Response(404), FileNotFoundError, "example.org"),
        (httpx.Response(403), AccessError, "refuses access (403)"),
        (httpx.Response(501), ServiceUnreachableError, "its server fails (501)"),
        (
            httpx.Response(302, headers={"Location": "http://10.0.0.1/"}),
            UsageError,
            "leads to another",
        ),
        (httpx.Response(200), UsageError, "how long it is"),
    ],
)
def test_what_cannot_be_had_is_said(
    answer: httpx.Response, error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as raised:
        storage(lambda request: answer).look(PHOTO)
    assert words in str(raised.value)
    assert "10.0.0.1" not in str(raised.value)


def test_a_server_that_does_not_answer_is_said() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("with a secret in it")

    with pytest.raises(AnysenseError) as raised:
        storage(refuse).look(PHOTO)
    assert "cannot be reached (ConnectError)" in str(raised.value)
    assert "secret" not in str(raised.value)
