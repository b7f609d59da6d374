"""Traces of OpenTelemetry: one for each search, off unless asked for, and no cost without."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from http_client import TestClient, client_of, png, search

from anysense.embed.errors import UsageError
from anysense.server.http.monitoring import tracing
from anysense.server.http.monitoring.tracing import find_tracing
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan

    from anysense.index.collection import Collection

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


class Spans:
    """The spans of a service that have ended, and a client of it."""

    def __init__(self, client: TestClient, exporter: Any) -> None:
        self.client = client
        self.exporter = exporter

    def named(self, name: str) -> ReadableSpan:
        span: ReadableSpan
        (span,) = [span for span in self.exporter.get_finished_spans() if span.name == name]
        return span

    def names(self) -> list[str]:
        return sorted(span.name for span in self.exporter.get_finished_spans())


@pytest.fixture
def spans(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    # What sends spans over the network is replaced by what keeps them.
    monkeypatch.setattr(tracing, "_provider", lambda environment: provider)
    with client_of(collection, Settings(tracing=True)) as client:
        yield Spans(client, exporter)


def test_a_search_is_one_trace_with_its_stages(spans: Spans) -> None:
    search(spans.client, text="red")
    assert spans.names() == ["POST /v1/search", "encode", "index", "parse", "queue"]
    whole = spans.named("POST /v1/search")
    for stage in ("parse", "queue", "encode", "index"):
        span = spans.named(stage)
        assert span.context.trace_id == whole.context.trace_id
        assert span.parent is not None
        assert span.parent.span_id == whole.context.span_id
    assert whole.attributes is not None
    assert whole.attributes["http.route"] == "/v1/search"
    assert whole.attributes["http.response.status_code"] == 200


def test_a_search_by_media_is_one_too(spans: Spans) -> None:
    spans.client.post("/v1/search", files={"image": ("a.png", png("red"))})
    assert spans.names() == ["POST /v1/search", "encode", "index", "parse", "queue"]


def test_the_trace_of_the_client_goes_on(spans: Spans) -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    headers = {"traceparent": f"00-{trace}-{parent}-01", "x-request-id": "mine"}
    spans.client.post("/v1/search", json={"text": "red"}, headers=headers)
    whole = spans.named("POST /v1/search")
    assert f"{whole.context.trace_id:032x}" == trace
    assert whole.parent is not None
    assert f"{whole.parent.span_id:016x}" == parent
    assert whole.attributes is not None
    assert whole.attributes["anysense.request_id"] == "mine"


@pytest.mark.parametrize(
    "bad", ["", "x", "00-0-0-0", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "ÿ"]
)
def test_a_damaged_traceparent_begins_a_new_trace(spans: Spans, bad: str) -> None:
    headers = [(b"traceparent", bad.encode("latin-1")), (b"tracestate", b"\xff=" * 300)]
    assert spans.client.get("/v1/items/red", headers=headers).status_code == 200
    assert spans.named("GET /v1/items/{item_id}").parent is None


def test_failures_are_told_and_probes_are_not(
    spans: Spans, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a secret")

    for probe in ("/health", "/ready", "/metrics"):
        spans.client.get(probe)
    monkeypatch.setattr(collection, "info", broken)
    assert spans.client.get("/v1/collections/current").status_code == 500
    assert spans.names() == ["GET /v1/collections/{collection}"]
    span = spans.named("GET /v1/collections/{collection}")
    assert not span.status.is_ok


@pytest.mark.parametrize(
    ("wanted", "environment", "is_on"),
    [
        (None, {}, False),
        (True, {}, True),
        (False, ENDPOINT, False),
        (None, ENDPOINT, True),
        (None, {"OTEL_TRACES_EXPORTER": "otlp"}, True),
        (None, {**ENDPOINT, "OTEL_SDK_DISABLED": "true"}, False),
        (None, {**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
    ],
)
def test_traces_are_off_unless_asked_for(
    wanted: bool | None, environment: dict[str, str], is_on: bool
) -> None:
    assert (find_tracing(wanted, environment) is not None) == is_on


def test_the_setting_without_the_package_is_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(UsageError, match=r"pip install 'anysense\[otel\]'"):
        find_tracing(True, {})
    assert find_tracing(None, ENDPOINT) is None  # the variables may be meant for others
    assert "nothing is traced" in caplog.text


def test_nothing_of_it_is_imported_unless_asked_for() -> None:
    script = (
        "import sys; from anysense.server.http import app; "
        "from anysense.server.http.monitoring.tracing import find_tracing; "
        "find_tracing(None, {}); "
        # Starlette itself imports the API where that is installed.
        "names = ('opentelemetry.sdk', 'opentelemetry.exporter'); "
        "print([m for m in sys.modules if m.startswith(names)])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_receiver_that_does_not_answer_holds_the_end_up_no_longer() -> None:
    class Provider:
        def get_tracer(self, name: str) -> None: ...

        def force_flush(self) -> None:
            time.sleep(60)

    start = time.monotonic()
    tracing.Tracing(Provider()).stop(0.1)  # type: ignore[arg-type]
    assert time.monotonic() - start < 10
