"""What the service counts and times, for Prometheus: one registry for each application."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.registry import Collector

__all__ = ["Metrics"]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counters, gauges and histograms of one service. Safe to use from many threads.

    Labels have few values, whatever clients send: no ids, no paths, no methods that nobody knows.
    """

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # memory, processor time, descriptors, start
        self._requests = Histogram(
            "anysense_request_duration_seconds",
            "From the head of a request to the last byte of its answer.",
            ["method", "route", "status"],
            buckets=SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "anysense_requests_in_flight", "Requests being answered.", registry=registry
        )
        self._rejections = Counter(
            "anysense_rejections",
            "Requests answered with an error, by its code.",
            ["reason"],
            registry=registry,
        )
        self._stages = Histogram(
            "anysense_stage_duration_seconds",
            "What requests do, by stage: parse, queue, encode, index.",
            ["stage"],
            buckets=SECONDS,
            registry=registry,
        )
        self._in_stage = Gauge(
            "anysense_stage_in_progress",
            "Requests in each stage; in `queue`, those that wait for their turn.",
            ["stage"],
            registry=registry,
        )
        self._queue_depth = Gauge(
            "anysense_queue_depth", "What waits in a queue.", ["queue"], registry=registry
        )
        self._queue_wait = Histogram(
            "anysense_queue_wait_seconds",
            "How long it waited there.",
            ["queue"],
            buckets=SECONDS,
            registry=registry,
        )
        self._batch_sizes = Histogram(
            "anysense_batch_size",
            "Inputs that a model encoded at once.",
            ["encoder", "modality"],
            buckets=SIZES,
            registry=registry,
        )
        self._batch_seconds = Histogram(
            "anysense_batch_duration_seconds",
            "How long the model took for them.",
            ["encoder", "modality"],
            buckets=SECONDS,
            registry=registry,
        )

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note a request that was answered, by the template of its route."""
        method = method if method in METHODS else "other"
        self._requests.labels(method, route, str(status)).observe(seconds)

    def reject(self, reason: str) -> None:
        """Count a request that was refused or failed; `reason` is one of few words."""
        self._rejections.labels(reason).inc()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage of a request: what `anysense.embed.stages.observed_by` takes."""
        start = time.perf_counter()
        with self._in_stage.labels(name).track_inprogress():
            try:
                yield
            finally:
                self._stages.labels(name).observe(time.perf_counter() - start)

    def watch_queue(self, queue: str, depth: Callable[[], int]) -> None:
        """Ask how many wait in a queue, whenever the metrics are read."""
        self._queue_depth.labels(queue).set_function(depth)

    def observe_wait(self, queue: str, seconds: float) -> None:
        """Note how long something waited in a queue."""
        self._queue_wait.labels(queue).observe(seconds)

    def observe_batch(self, encoder: str, modality: str, size: int, seconds: float) -> None:
        """Note a batch that a model encoded, and how long it took for it."""
        self._batch_sizes.labels(encoder, modality).observe(size)
        self._batch_seconds.labels(encoder, modality).observe(seconds)

    def watch(self, collector: Collector) -> None:
        """Ask something else too, whenever the metrics are read."""
        self._registry.register(collector)

    def page(self, accept: str = "") -> tuple[bytes, str]:
        """All metrics as text, in the format that an `Accept` header asks for, and its type."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type
