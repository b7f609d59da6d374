"""Every request seen from outside: its id, its duration, its line in the log, its span."""

from __future__ import annotations

import logging
import time
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from anysense.embed.stages import observed_by
from anysense.server.http.monitoring.record import (
    REQUEST_ID,
    RequestRecord,
    as_request,
    request_id_of,
)
from anysense.server.http.monitoring.routes import is_probe, route_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from anysense.server.http.monitoring.metrics import Metrics
    from anysense.server.http.monitoring.tracing import RequestSpan, Tracing

__all__ = ["RequestMonitor"]

logger = logging.getLogger(__name__)
access_log = logging.getLogger("anysense.access")
CLIENT_LEFT = 499
"""The status, in logs and metrics, of a request whose client did not wait for its answer."""


class RequestMonitor:
    """Around the whole application, so that no answer lacks an id and no request is missed.

    Args:
        app: the application, with its own handling of errors.
        metrics: where requests and their stages are noted.
        tracing: where spans go; None for nowhere.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, tracing: Tracing | None = None) -> None:
        self.app = app
        self.metrics = metrics
        self.tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = Exchange(scope, send, RequestRecord(request_id_of(scope["headers"])))
        with ExitStack() as around:
            around.enter_context(as_request(exchange.record))
            around.enter_context(observed_by(self._stage))
            around.enter_context(self.metrics.in_flight.track_inprogress())
            span = around.enter_context(self._span(exchange))
            try:
                await self.app(scope, receive, exchange.send)
            except Exception:
                # The application has answered it with 500 where it could; the server's own report
                # of it would lack the id.
                logger.exception("A request failed")
                if not exchange.is_complete:
                    raise
            finally:
                self._note(exchange, span)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        span = nullcontext() if self.tracing is None else self.tracing.stage(name)
        with self.metrics.stage(name), span:
            yield

    def _span(self, exchange: Exchange) -> AbstractContextManager[RequestSpan | None]:
        if self.tracing is None or is_probe(exchange.scope):
            return nullcontext()
        return self.tracing.request(exchange.scope, exchange.record.id)

    def _note(self, exchange: Exchange, span: RequestSpan | None) -> None:
        seconds = time.perf_counter() - exchange.start
        scope, record, status = exchange.scope, exchange.record, exchange.status
        route = route_template(scope)
        self.metrics.observe_request(scope["method"], route, status, seconds)
        if record.code is not None:
            self.metrics.reject(record.code)
        if span is not None:
            span.end(route, status)
        if is_probe(scope) or not access_log.isEnabledFor(logging.INFO):
            return
        client = (scope.get("client") or ("-",))[0]
        key = scope.get("state", {}).get("key_name")
        facts = {
            "method": scope["method"],
            "route": route,
            "status": status,
            "duration_ms": round(seconds * 1000, 1),
            "client": client,
            "key": key,
            "code": record.code,
        }
        line = "%s %s %s %s %.1f ms key=%s code=%s"
        about = (key or "-", record.code or "-")
        values = (client, scope["method"], route, status, seconds * 1000, *about)
        access_log.info(line, *values, extra=facts)


class Exchange:
    """A request and how far its answer has come."""

    def __init__(self, scope: Scope, send: Send, record: RequestRecord) -> None:
        self.scope = scope
        self.record = record
        self.start = time.perf_counter()
        self.status = CLIENT_LEFT
        self.is_complete = False
        self._send = send

    async def send(self, message: Message) -> None:
        """Send a part of the answer; its head gets the request's id."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)[REQUEST_ID] = self.record.id
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.is_complete = True
