"""What processes of a service tell each other of a request, in headers that no client can send."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from anysense.server.http.monitoring.record import current_request
from anysense.server.http.monitoring.routes import NO_ROUTE, route_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["ANSWER", "REQUEST", "FactsReader", "pack", "take"]

REQUEST = b"anysense-request"
"""Of a request: its client and scheme, the name of the service that a proxy has told, its key."""
ANSWER = b"anysense-answer"
"""Of an answer: its route as a template, and the code of its error."""

STATE = ("public_host", "key_name", "key_scopes")
"""Of the facts, those that guards have put into the state of a request."""

Headers = list[tuple[bytes, bytes]]


def pack(facts: Mapping[str, Any]) -> bytes:
    """Facts as the value of a header."""
    return json.dumps(facts).encode("ascii")


def take(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> tuple[dict[str, Any], Headers]:
    """The facts in a header, and the other headers."""
    rest = [(key, value) for key, value in headers if key.lower() != name]
    values = [value for key, value in headers if key.lower() == name]
    facts: dict[str, Any] = json.loads(values[0]) if values else {}
    return facts, rest


class FactsReader:
    """Around the application of the process that writes: believes what readers say of requests.

    It answers by a socket that only processes of this service reach.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        facts, scope["headers"] = take(scope["headers"], REQUEST)
        if facts.get("client"):
            scope["client"] = tuple(facts["client"])
        scope["scheme"] = facts.get("scheme", "http")
        state = {name: facts[name] for name in STATE if facts.get(name) is not None}
        scope.setdefault("state", {}).update(state)

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (ANSWER, pack(answer_facts(scope)))]
            await send(message)

        await self.app(scope, receive, telling)


def answer_facts(scope: Scope) -> dict[str, str]:
    """What the log and the metrics of the process that was asked will say of an answer."""
    route, record = route_template(scope), current_request()
    facts = {} if route == NO_ROUTE else {"route": route}
    return facts if record is None or record.code is None else {**facts, "code": record.code}
