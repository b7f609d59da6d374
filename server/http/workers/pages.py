"""The metrics of all processes of a service as one page."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping

    from anysense.server.http.workers.worker import Worker

__all__ = ["merged_page", "page_sender", "read_pages"]

logger = logging.getLogger(__name__)
PAGE_SECONDS = 3.0
"""How long a process may take to tell its metrics; one that takes longer is left out."""


def page_sender(
    read: Callable[[], Coroutine[None, None, bytes]],
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]:
    """What sends a process's metrics to whoever connects to its socket, and hangs up."""

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(await read())
            await writer.drain()
        except OSError:
            pass  # who asked has gone
        finally:
            writer.close()

    return send


async def read_pages(worker: Worker) -> dict[str, str]:
    """The metrics of every process that tells them, by its name."""
    pages = await asyncio.gather(*(_read_page(worker, name) for name in worker.names))
    return {name: page for name, page in zip(worker.names, pages, strict=True) if page}


async def _read_page(worker: Worker, name: str) -> str:
    try:
        return await asyncio.wait_for(_receive(worker, name), PAGE_SECONDS)
    except (OSError, asyncio.TimeoutError):
        logger.warning("The process %s does not tell its metrics.", name)
        return ""


async def _receive(worker: Worker, name: str) -> str:
    reader, writer = await asyncio.open_unix_connection(str(worker.metrics_socket(name)))
    try:
        return (await reader.read(-1)).decode("utf-8")
    finally:
        writer.close()


def merged_page(pages: Mapping[str, str], accept: str) -> tuple[bytes, str]:
    """Pages in the text format of Prometheus as one, in which `worker` says whose each figure is.

    Args:
        pages: by the name of the process.
        accept: the header that says which format is wanted.

    Returns:
        The page and its type.
    """
    registry = CollectorRegistry()
    registry.register(_Merged(pages))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Merged(Collector):
    """Families of several pages, each once."""

    def __init__(self, pages: Mapping[str, str]) -> None:
        self._pages = pages

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for name, page in self._pages.items():
            for family in text_string_to_metric_families(page):
                merged = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    labels = {**sample.labels, "worker": name}
                    merged.add_sample(sample.name, labels, sample.value)
        yield from families.values()
