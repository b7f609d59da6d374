"""Milvus beside FAISS in one run: publishing, searches, filters, memory.

    unshare -n sh -c 'ip link set lo up; python benchmarks/milvus.py'        (as root, on Linux)

`--constructions 64 100 200` compares graphs that are built with more or less care (efConstruction)
in place of that: what they cost the server, and the effort that they need for the target recall.

The server is that of the package milvus, in a network namespace, since it listens on all
interfaces. Vectors are clusters on a sphere with a gap between modalities
(tests/support/clusters.py), as wide as `--dimension`. Both engines answer the same queries, one
after the other; true neighbours are found by comparing all. Figures are milliseconds a query alone,
and rows a second.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / "support")]

import clusters  # noqa: E402 - found by the path above
from _machine import save  # noqa: E402
from array_reader import ArrayReader  # noqa: E402
from milvus_server import MilvusProcess  # noqa: E402

from anysense.index.segment_set import SegmentSet  # noqa: E402
from anysense.index.types import ArraySource  # noqa: E402
from anysense.index.vectors.faiss.store import FaissStore  # noqa: E402
from anysense.index.vectors.milvus import dialect  # noqa: E402
from anysense.index.vectors.milvus.address import Address  # noqa: E402
from anysense.index.vectors.milvus.store import MilvusStore, sweep  # noqa: E402
from anysense.index.vectors.recall import recall_at_k  # noqa: E402

OWNER = "anysense_benchmark"
QUERIES = 200
SHARES = (0.001, 0.01, 0.1, 0.5)


class Reader(ArrayReader):
    """Ascending ids in memory, found by their place: about as quick as a catalog's pages."""

    def read(self, partition: Any, ids: Any) -> Any:
        known, rows = self._rows[partition]
        return ids, rows[np.searchsorted(known, ids)]

    def batches(self, partition: Any, until: int, allowed: Any = None) -> Any:
        known, rows = self._rows[partition]
        yield (known, rows) if allowed is None else self.read(partition, allowed)


def measure(store: Any, source: ArraySource, gap: int) -> dict[str, Any]:
    """A store's figures for queries of the segments' own modality (0), or of another (1)."""
    effort = store.choose_effort(clusters.IMAGES, clusters.World(draws=2).draw(256, gap))
    queries = clusters.World(draws=1).draw(QUERIES, gap)
    figures = {"effort": effort._asdict(), "all": timed(store, source, queries, effort, None)}
    for share in SHARES:
        size = int(share * source.count)
        rows = np.sort(np.random.default_rng(2).choice(source.count, size, replace=False))
        figures[f"filter {share}"] = timed(store, source, queries[:50], effort, rows)
    return figures


def timed(store: Any, source: ArraySource, queries: Any, effort: Any, rows: Any) -> dict[str, Any]:
    allowed = None if rows is None else SegmentSet.of(source.ids[rows])
    kept = slice(None) if rows is None else rows
    true = clusters.brute_force(source.vectors[kept], source.ids[kept], queries, 10)[1]
    taken, found = [], []
    for query in queries:
        began = time.perf_counter()
        found.append(store.search(clusters.IMAGES, query[None], 10, effort, allowed=allowed)[1][0])
        taken.append(1e3 * (time.perf_counter() - began))
    return {
        "p50_ms": round(float(np.median(taken)), 3),
        "p95_ms": round(float(np.percentile(taken, 95)), 3),
        "recall_at_10": round(recall_at_k(np.array(found), true), 4),
        "complete": bool((np.array(found) >= 0).all()),
    }


def published(
    sources: Any, address: Address, construction: int | None = None
) -> tuple[MilvusStore, dict[str, Any]]:
    """An index in Milvus, and what it took: rows a second as sent, and until they are searched."""
    index = dict(dialect.INDEX)
    if construction is not None:
        dialect.INDEX["efConstruction"] = construction
    began, sent = time.perf_counter(), 0.0

    def note(done: int, total: int) -> None:
        nonlocal sent
        sent = time.perf_counter() - began

    store = MilvusStore.build(sources, Reader(sources), address, OWNER, progress=note)
    seconds = time.perf_counter() - began
    dialect.INDEX.update(index)
    rows = sum(source.count for source in sources.values())
    return store, {
        "build_s": round(seconds, 1),
        "rows_s": round(rows / seconds),
        "sent_rows_s": round(rows / sent),
        "index_mb": store.nbytes / 1e6,
    }


def compare_constructions(
    sources: Any, server: MilvusProcess, constructions: list[int]
) -> list[dict[str, Any]]:
    """What graphs of each efConstruction take to build, and to search."""
    rows = []
    for construction in constructions:
        before = cpu_seconds(server.pid)
        store, figures = published(sources, Address.parse(server.address), construction)
        row = {"construction": construction, **figures}
        row["server_cpu_s"] = round(cpu_seconds(server.pid) - before, 1)
        for gap, route in enumerate(("image -> image", "text -> image")):
            queries = clusters.World(draws=2).draw(256, gap)
            row[route] = store.choose_effort(clusters.IMAGES, queries)._asdict()
        sweep(store.place.address, OWNER, ())
        rows.append(row)
    return rows


def cpu_seconds(pid: int) -> float:
    """What a process has spent so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def compare_engines(sources: Any, server: MilvusProcess) -> dict[str, Any]:
    """The figures of both engines."""
    source, empty = sources[clusters.IMAGES], resident_mb(server.pid)
    remote, milvus = published(sources, Address.parse(server.address))
    began = time.perf_counter()
    local = FaissStore.build(sources)
    building = time.perf_counter() - began
    faiss: dict[str, Any] = {"build_s": round(building, 1), "index_mb": local.nbytes / 1e6}
    for gap, route in enumerate(("image -> image", "text -> image")):
        faiss[route] = measure(local, source, gap)
        milvus[route] = measure(remote, source, gap)
    milvus["server_mb"] = {"empty": empty, "full": resident_mb(server.pid)}
    sweep(remote.place.address, OWNER, ())
    return {"faiss": faiss, "milvus": milvus}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--constructions", type=int, nargs="+", default=[])
    options = parser.parse_args()
    clusters.DIMENSION = options.dimension
    source = ArraySource(np.arange(options.size), clusters.World().draw(options.size))
    sources = {clusters.IMAGES: source}
    result: dict[str, Any] = {**vars(options), "queries": QUERIES}
    with tempfile.TemporaryDirectory() as folder:
        server = MilvusProcess(Path(folder))
        try:
            if options.constructions:
                result["rows"] = compare_constructions(sources, server, options.constructions)
            else:
                result |= compare_engines(sources, server)
        finally:
            server.kill()
    print(save("milvus_graphs" if options.constructions else "milvus", result))


if __name__ == "__main__":
    main()
