from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from http_client import TestClient

from anysense.server.http.app import create_app
from anysense.server.http.monitoring.record import RequestRecord, as_request
from anysense.server.http.settings import Settings
from anysense.server.http.workers.facts import ANSWER, REQUEST, FactsReader, pack, take

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from anysense.index.collection import Collection


def test_facts_are_taken_out_of_headers() -> None:
    headers = [(b"a", b"1"), (REQUEST, pack({"scheme": "https"})), (b"b", b"2")]
    assert take(headers, REQUEST) == ({"scheme": "https"}, [(b"a", b"1"), (b"b", b"2")])
    assert take(headers[:1], REQUEST) == ({}, [(b"a", b"1")])


def test_a_request_is_as_if_it_had_come_to_the_process_that_writes() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.update(scope)
        scope["route"] = SimpleNamespace(path="/v1/items/{item_id}")
        with as_request(RequestRecord("an-id", code="busy")):
            await send({"type": "http.response.start", "status": 503, "headers": []})

    facts = {"client": ["10.0.0.1", 5], "scheme": "https", "public_host": "a.example"}
    scope = {"type": "http", "path": "/v1/items/a", "headers": [(REQUEST, pack(facts))]}
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nobody reads")

    asyncio.run(FactsReader(app)(scope, receive, send))
    assert (seen["client"], seen["scheme"], seen["headers"]) == (("10.0.0.1", 5), "https", [])
    assert seen["state"] == {"public_host": "a.example"}
    ((name, value),) = sent[0]["headers"]
    assert name == ANSWER
    assert json.loads(value) == {"route": "/v1/items/{item_id}", "code": "busy"}


def test_what_a_key_may_do_is_as_the_process_that_was_asked_has_judged(
    collection: Collection,
) -> None:
    """A key that may only add is not told what others have said of an item."""
    app = create_app(collection, Settings(warm_up=False))
    client = TestClient(FactsReader(app), base_url="http://127.0.0.1")
    for text, scopes, metadata in (
        ("red", ["write"], {}),
        ("blue", ["read", "write"], {"year": 1999}),
    ):
        facts = pack({"key_name": "ada", "key_scopes": scopes})
        body = {"text": text, "metadata": {"year": 1999}}
        added = client.post("/v1/items", json=body, headers={REQUEST.decode(): facts.decode()})
        assert (added.status_code, added.json()["metadata"]) == (201, metadata)
