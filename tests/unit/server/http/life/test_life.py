from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from http_client import client_of

from anysense.server.http.life.guard import StopGuard
from anysense.server.http.life.life import Life

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from anysense.index.collection import Collection


def test_a_hook_that_fails_keeps_none_from_being_called(caplog: pytest.LogCaptureFixture) -> None:
    life, called = Life(), []

    def broken() -> None:
        raise ValueError("no keys in keys.txt")

    life.on_reload += [lambda: called.append(1), broken, lambda: called.append(2)]
    asyncio.run(life.reload())
    assert called == [1, 2]
    assert "no keys in keys.txt" in caplog.text


def test_the_time_that_is_left_goes_down_to_nothing() -> None:
    life = Life()
    assert (life.is_stopping, life.seconds_left(7.0)) == (False, 7.0)
    life.stop(0.01)
    time.sleep(0.02)
    assert (life.is_stopping, life.seconds_left(7.0)) == (True, 0.0)


def requested(life: Life, *, begins: bool) -> list[Message]:
    """What is sent for a request that the end of the service breaks off."""
    messages: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if begins:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(60)

    async def send(message: Message) -> None:
        messages.append(message)

    async def main() -> None:
        guarded = StopGuard(app, life)
        receive: Any = None
        task = asyncio.create_task(guarded({"type": "http"}, receive, send))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        life.end_requests()
        await task

    asyncio.run(main())
    return messages


def test_what_is_broken_off_is_answered_unless_an_answer_has_begun() -> None:
    start, body = requested(Life(), begins=False)
    assert start["status"] == 503
    assert b'"stopping"' in body["body"]
    assert len(requested(Life(), begins=True)) == 1


def test_a_request_that_somebody_else_cancels_stays_cancelled() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        nothing: Any = None
        task = asyncio.create_task(StopGuard(app, Life())({"type": "http"}, nothing, nothing))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_a_service_that_stops_is_not_ready(collection: Collection) -> None:
    with client_of(collection) as client:
        client.app.state.service.life.stop(10.0)  # type: ignore[attr-defined]
        answer = client.get("/ready")
        assert (answer.status_code, answer.json()["status"]) == (503, "stopping")
        assert client.get("/health").status_code == 200
