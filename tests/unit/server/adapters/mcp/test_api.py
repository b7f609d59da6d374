"""What is asked of a service, where it answers as no service of ours does."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from anysense.adapters.mcp.api import Api
from anysense.embed.errors import (
    DeadlineError,
    MediaTooLargeError,
    ServiceError,
    ServiceUnreachableError,
)
from anysense.server.http.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def api_of(
    answer: Callable[[httpx.Request], httpx.Response], collection: str | None = None
) -> AsyncIterator[Api]:
    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://x.example/base/") as client:
        yield Api(client, collection, "The service at x.example")


async def test_every_address_is_below_the_one_that_was_given() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.raw_path.decode()}")
        return httpx.Response(200, json={"status": "ready"})

    for collection in (None, "a b/c"):
        async with api_of(answer, collection) as api:
            await api.about()
            await api.item("é/..?#")
            await api.search({"text": "x"})
    assert asked == [
        "GET /base/v1/collections/current",
        "GET /base/v1/items/%C3%A9%2F..%3F%23",
        "GET /base/ready",
        "POST /base/v1/search",
        "GET /base/v1/collections/a%20b%2Fc",
        "GET /base/v1/collections/a%20b%2Fc/items/%C3%A9%2F..%3F%23",
        "GET /base/ready",
        "POST /base/v1/collections/a%20b%2Fc/search",
    ]


async def test_an_answer_of_something_else_is_told_as_that() -> None:
    for response in (
        httpx.Response(502, html="<h1>Bad gateway</h1>"),
        httpx.Response(200, text="hello"),
        httpx.Response(404, json={"error": "not found"}),
        httpx.Response(301, headers={"location": "http://y.example"}),
    ):
        async with api_of(lambda request, response=response: response) as api:
            with pytest.raises(ServiceError) as told:
                await api.about()
        status = f"answered with {response.status_code} and not as anysense does"
        assert str(told.value).startswith(f"The service at x.example {status}")


async def test_what_a_service_refuses_is_told_in_its_words() -> None:
    error = {"message": "Not now.", "code": "busy", "param": None}
    async with api_of(lambda request: httpx.Response(429, json={"error": error})) as api:
        with pytest.raises(RequestError, match=r"^Not now\.$") as refused:
            await api.search({"text": "x"})
    assert (refused.value.status, refused.value.code) == (429, "busy")


async def test_no_answer_is_an_error_of_ours() -> None:
    def wait(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    def break_off(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("", request=request)

    async with api_of(wait) as api:
        with pytest.raises(DeadlineError, match=r"x\.example did not answer in time\."):
            await api.about()
    async with api_of(break_off) as api:
        with pytest.raises(ServiceUnreachableError, match=r"cannot be reached: ReadError\."):
            await api.about()


async def test_a_file_is_read_up_to_a_limit_whatever_its_length_is_said_to_be() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1000
            yield b"x" * 1000

    async with api_of(lambda request: httpx.Response(200, content=endless())) as api:
        with pytest.raises(MediaTooLargeError, match="a: has over 5,000 bytes"):
            await api.file("a", 5000)
        with pytest.raises(ServiceError, match="does not tell how long the file of the item is"):
            await api.file_facts("a")
    assert read < 10_000
