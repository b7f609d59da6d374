"""Traces of OpenTelemetry, which the extra `anysense[otel]` brings: one for each request.

Nothing of it is imported unless traces are asked for, by a setting or by the standard variables.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span
    from starlette.types import Scope

__all__ = ["SENDING", "RequestSpan", "Tracing", "find_tracing"]

logger = logging.getLogger(__name__)
SENDING = "traces"
"""What the thread is called that sends the last ones."""

SWITCHES = (
    "OTEL_TRACES_EXPORTER",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)
NO_PACKAGE = "Traces need OpenTelemetry, which is not here: pip install 'anysense[otel]'."


def find_tracing(
    wanted: bool | None, environment: Mapping[str, str] = os.environ
) -> Tracing | None:
    """Where traces go; None if nobody asks for them.

    Args:
        wanted: by the setting; None leaves it to the variables.
        environment: ``OTEL_EXPORTER_OTLP_ENDPOINT`` and the like.

    Raises:
        UsageError: the setting asks for them, and the package is not installed.
    """
    if not (_is_asked(environment) if wanted is None else wanted):
        return None
    try:
        return Tracing(_provider(environment))
    except ImportError:
        if wanted:
            raise UsageError(NO_PACKAGE) from None
        logger.warning("OTEL_ variables are set, but nothing is traced. %s", NO_PACKAGE)
        return None


def _is_asked(environment: Mapping[str, str]) -> bool:
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if environment.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return False
    return any(environment.get(name, "").strip() for name in SWITCHES)


def _provider(environment: Mapping[str, str]) -> TracerProvider:
    """What makes spans and sends them by OTLP over HTTP, as the standard variables say."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    is_named = "OTEL_SERVICE_NAME" in environment
    resource = Resource.create({} if is_named else {"service.name": "anysense"})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class Tracing:
    """Makes the spans of requests and of their stages.

    Args:
        provider: where they go.
    """

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("anysense")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def request(self, scope: Scope, request_id: str) -> Iterator[RequestSpan]:
        """The span of a request, in the trace that its `traceparent` names, if it has one."""
        from opentelemetry.trace import SpanKind

        # Latin-1 takes every byte; what is no traceparent starts a trace of its own.
        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in (b"traceparent", b"tracestate")
        }
        attributes = {
            "http.request.method": scope["method"],
            "url.scheme": scope["scheme"],
            "anysense.request_id": request_id,
        }
        with self._tracer.start_as_current_span(
            scope["method"],
            self._propagator.extract(carrier),
            SpanKind.SERVER,
            attributes,
        ) as span:
            yield RequestSpan(span, scope["method"])

    def stage(self, name: str) -> AbstractContextManager[Any]:
        """The span of a stage, below that of its request."""
        return self._tracer.start_as_current_span(name)

    def stop(self, seconds: float) -> None:
        """Send what has not been sent, for at most so long.

        The provider takes a limit too, but does not keep to it where nobody answers.
        """
        flush = Thread(target=self._provider.force_flush, name=SENDING, daemon=True)
        flush.start()
        flush.join(seconds)
        if flush.is_alive():
            logger.warning("Some traces could not be sent before the end")


class RequestSpan:
    """The span of one request."""

    def __init__(self, span: Span, method: str) -> None:
        self._span = span
        self._method = method

    def end(self, route: str, status: int) -> None:
        """Say what is known at the end: the route, as a template, and the status."""
        from opentelemetry.trace import Status, StatusCode

        self._span.update_name(f"{self._method} {route}")
        self._span.set_attribute("http.route", route)
        self._span.set_attribute("http.response.status_code", status)
        if status >= 500:
            self._span.set_status(Status(StatusCode.ERROR))
