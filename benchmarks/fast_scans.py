"""Which codes a fast scan should have: 4-bit product quantization, or RaBitQ of one or more bits.

    OMP_NUM_THREADS=1 python benchmarks/fast_scans.py --sizes 100000,1000000 [--real VECTORS]

Each way scans the same lists, as many as `choose_effort` finds, and takes as many candidates as it
needs for a recall@10 of 0.95 once their fp16 vectors are compared. Times are CPU milliseconds of
single queries on one core, medians of queries that nothing was tuned on: of the whole search, and
of the scan of codes alone. RaBitQ is Gao and Long, "RaBitQ: quantizing high-dimensional vectors
with a theoretical error bound for approximate nearest neighbor search" (2024), as FAISS has it in
`IndexIVFRaBitQFastScan`. It wants data that is rotated at random, which `gap` is; `--real` adds
sums of four real pairs of CLIP's with chance weights, as they are and rotated.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _machine
import faiss
import numpy as np
from gap_data import DIMENSION, GapData
from search_latency import cpu

from anysense.embed.types import Modality
from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.faiss import effort as efforts
from anysense.index.vectors.faiss.fastscan import place_numbers
from anysense.index.vectors.faiss.packing import pack
from anysense.index.vectors.faiss.store import FaissStore
from anysense.index.vectors.recall import recall_at_k
from anysense.index.vectors.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Callable

SEED, K = 0, 10
IMAGES = Partition("synthetic", Modality.IMAGE)
KINDS = {"text_to_image": "text", "image_to_image": "image"}
ALWAYS = Thresholds(scanned_per_candidate=0, scanned_per_search=0)
_CHUNK = 20_000


class RealData:
    """Sums of four pairs of real vectors, with chance weights that both of a pair share."""

    def __init__(self, path: Path, rotated: bool) -> None:
        self._rng = np.random.default_rng(SEED)
        with np.load(path) as kept:
            self._pairs = {name: kept[name].astype(np.float32) for name in ("image", "text")}
        self._rotation = None
        if rotated:
            drawn = self._rng.standard_normal((DIMENSION, DIMENSION))
            self._rotation = np.linalg.qr(drawn)[0].astype(np.float32)

    def draw(self, n: int, modality: str) -> Any:
        real = self._pairs[modality]
        mean = real.mean(axis=0)
        vectors = np.tile(mean, (n, 1))
        for _ in range(4):
            weights = self._rng.standard_normal((n, 1), dtype=np.float32)
            vectors += 0.6 * weights * (real[self._rng.integers(0, len(real), n)] - mean)
        noise = self._rng.standard_normal((n, DIMENSION), dtype=np.float32)
        vectors += 0.3 * np.linalg.norm(real - mean, axis=1).mean() / np.sqrt(DIMENSION) * noise
        if self._rotation is not None:
            vectors = vectors @ self._rotation
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def pictures(self, n: int) -> Any:
        parts = (self.draw(min(_CHUNK, n - at), "image") for at in range(0, n, _CHUNK))
        return np.concatenate([part.astype(np.float16) for part in parts])


def rabitq(bits: int, query_bits: int) -> Callable[[Any, Any], tuple[Any, float]]:
    """What makes a fast scan of so many bits a number, and the seconds that encoding took."""

    def make(lists: Any, entry: Any) -> tuple[Any, float]:
        quantizer = faiss.IndexFlatIP(DIMENSION)
        quantizer.add(np.ascontiguousarray(lists.centroids(entry.partition)[:, :DIMENSION]))
        index = faiss.IndexIVFRaBitQFastScan(
            quantizer, DIMENSION, entry.lists, faiss.METRIC_INNER_PRODUCT, 32, True, bits
        )
        index.qb = query_bits
        index.train(lists.sample(entry.partition, 20_000)[1])
        assigning = 0.0
        for number in range(entry.lists):
            ids, codes = lists.read_list(entry.first_list + number)
            if len(ids):
                vectors = np.ascontiguousarray(lists.decode(codes)[:, :DIMENSION])
                places = place_numbers(np.full(len(ids), number), np.arange(len(ids)))
                assigning += cpu(lambda v=vectors: quantizer.assign(v, 1))[0]
                index.add_with_ids(vectors, places)
        return index, assigning  # which our lists have done already

    return make


def product(lists: Any, entry: Any) -> tuple[Any, float]:
    return pack(lists, entry), 0.0


WAYS: dict[str, tuple[Callable[[Any, Any], tuple[Any, float]], int]] = {
    "4-bit PQ": (product, 640),
    "RaBitQ 1 bit": (rabitq(1, 8), 640),
    "RaBitQ 1 bit, more candidates": (rabitq(1, 8), 4_096),
    "RaBitQ 1 bit, queries of 4 bits": (rabitq(1, 4), 4_096),
    "RaBitQ 2 bits": (rabitq(2, 8), 640),
    "RaBitQ 4 bits": (rabitq(4, 8), 640),
}
"""How each is made, and how many candidates it may take."""


def size_of(index: Any) -> int:
    """The bytes of an index when it is written."""
    return int(faiss.serialize_index(index).nbytes)


def measure(store: FaissStore, data: dict[str, Any], most: int) -> dict[str, Any]:
    """Effort, recall and times of one kind of query."""
    efforts.MOST_CANDIDATES = most  # type: ignore[misc]
    effort = store.choose_effort(IMAGES, data["tuning"])
    search = store.search_of(IMAGES)
    times, scans, results = [], [], []
    for query in data["queries"]:
        seconds, (_, ids) = cpu(lambda q=query[None]: store.search(IMAGES, q, K, effort))
        times.append(1e3 * seconds)
        results.append(ids[0])
        if effort.depth:
            probes = data["probes"](search, query[None], effort)
            seconds, _ = cpu(lambda q=query[None], p=probes: search.candidates(q, p, effort.depth))
            scans.append(1e3 * seconds)
    return {
        **effort._asdict(),
        "recall": round(recall_at_k(np.array(results), data["true"]), 4),
        "ms": round(float(np.median(times)), 3),
        "scan_ms": round(float(np.median(scans)), 3) if scans else None,
    }


def probes_of(search: Any, query: Any, effort: Any) -> Any:
    from anysense.index.vectors.recall import nearest_lists

    return nearest_lists(query @ search.centroids.T, effort.nprobe)


def compare(world: Any, n: int, count: int) -> dict[str, Any]:
    """All ways on the same lists."""
    sources = {IMAGES: ArraySource(np.arange(n), world.pictures(n))}
    plain = Thresholds(fast_scan=2**62)
    seconds, store = cpu(lambda: FaissStore.build(sources, thresholds=plain))
    sources.clear()
    result: dict[str, Any] = {"lists_seconds": round(seconds, 1), "ways": {}}
    kinds: dict[str, Any] = {}
    for name, modality in KINDS.items():
        tuning, queries = world.draw(count, modality), world.draw(count, modality)
        true = store.search(IMAGES, queries, K)[1]
        kinds[name] = {"tuning": tuning, "queries": queries, "true": true, "probes": probes_of}
    none = FaissStore(store.lists, {}, plain)
    result["ways"]["fp16 vectors alone"] = {k: measure(none, d, 0) for k, d in kinds.items()}
    entry = store.layout[IMAGES]
    for name, (make, most) in WAYS.items():
        seconds, (index, spent) = cpu(lambda make=make: make(store.lists, entry))
        fast = FaissStore(store.lists, {IMAGES: index}, ALWAYS)
        result["ways"][name] = {
            "build_seconds": round(seconds - 2 * spent, 2),
            "bytes_per_vector": round(size_of(index) / n, 1),
            **{kind: measure(fast, data, most) for kind, data in kinds.items()},
        }
        print(n, name, result["ways"][name], flush=True)
        del fast, index
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--sizes", default="100000", help="how many vectors, comma-separated")
    parser.add_argument("--queries", type=int, default=200, help="queries of each kind")
    parser.add_argument("--real", type=Path, help="a folder with clip_coco500.npz")
    parser.add_argument("--worlds", default="", help="a part of the names to run")
    parser.add_argument("--name", default="fast_scans", help="of the result file")
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    faiss.cvar.distance_compute_blas_threshold = 20
    worlds: dict[str, Callable[[], Any]] = {"gap": lambda: GapData(SEED)}
    if options.real:
        file = options.real / "clip_coco500.npz"
        worlds["clip"] = lambda: RealData(file, rotated=False)
        worlds["clip rotated"] = lambda: RealData(file, rotated=True)
    results: dict[str, Any] = {}
    for n in map(int, options.sizes.split(",")):
        for name, world in worlds.items():
            if options.worlds in name:
                results.setdefault(name, {})[str(n)] = compare(world(), n, options.queries)
                method = " ".join(str(__doc__).split("\n\n")[2].split())
                _machine.save(options.name, {"seed": SEED, "method": method, "worlds": results})


if __name__ == "__main__":
    main()
