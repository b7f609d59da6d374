from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from anysense.embed.errors import AbandonedError
from anysense.embed.pipeline.threads import Workers
from anysense.index.objects.requests import await_request

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs in a thread."""
    made = asyncio.new_event_loop()
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join()
    made.close()


class Endless:
    """A request that is never answered, and tells when it has begun and was given up."""

    def __init__(self) -> None:
        self.begun, self.given_up = threading.Event(), threading.Event()

    async def run(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.given_up.set()


def test_a_request_gives_what_it_gives(loop: asyncio.AbstractEventLoop) -> None:
    async def answer() -> int:
        return 7

    async def fail() -> int:
        raise ConnectionError("no")

    assert await_request(answer(), loop, 60.0) == 7
    with pytest.raises(ConnectionError):
        await_request(fail(), loop, 60.0)


def test_a_request_in_flight_ends_with_the_threads_that_wait_for_it(
    loop: asyncio.AbstractEventLoop,
) -> None:
    request, pool = Endless(), Workers(1, "test")
    future = pool.submit(await_request, request.run(), loop, 3600.0)
    assert request.begun.wait(60)
    pool.stop()
    assert isinstance(future.exception(), AbandonedError)
    assert request.given_up.wait(60)


def test_a_request_takes_no_longer_than_it_may(loop: asyncio.AbstractEventLoop) -> None:
    request = Endless()
    with pytest.raises(TimeoutError):
        await_request(request.run(), loop, 0.0)
    assert request.given_up.wait(60)
