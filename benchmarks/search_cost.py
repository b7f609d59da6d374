"""What one search costs beyond FAISS's own scan of the lists, for a single query.

    OMP_NUM_THREADS=1 python benchmarks/search_cost.py --sizes 100000,1000000

Each way to scan is forced in turn: the fast scan with its candidates, and the vectors alone.
`search` is a search of the store with one query, `scan` FAISS's scan of the same lists; what is
left is `own`: ranking the lists, reading and comparing candidates, and Python. Times are CPU
milliseconds on one core, medians over the queries, the ways taken in turn for each query.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _machine
import faiss
import numpy as np
from gap_data import DESCRIPTION, GapData
from search_latency import cpu

from anysense.embed.types import Modality
from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.faiss.probe import probe
from anysense.index.vectors.faiss.store import FaissStore
from anysense.index.vectors.recall import nearest_lists
from anysense.index.vectors.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Callable

SEED, K = 0, 10
IMAGES = Partition("synthetic", Modality.IMAGE)
KINDS = {"text_to_image": "text", "image_to_image": "image"}
FORCED = Thresholds(scanned_per_candidate=0, scanned_per_search=0)


def measure(store: FaissStore, tuning: Any, queries: Any) -> dict[str, Any]:
    """Both ways on one kind of query, with what each costs beyond FAISS's scan."""
    effort = store.choose_effort(IMAGES, tuning)
    measured = effort._asdict()
    if measured.get("break_even") is not None:
        effort = effort._replace(break_even=None)
    search, index = store.search_of(IMAGES), store.lists.index
    first = store.layout[IMAGES].first_list

    def lists_of(query: Any) -> Any:
        return np.ascontiguousarray(nearest_lists(query @ search.centroids.T, effort.nprobe))

    forced = FaissStore(store.lists, store.fast_scans, FORCED)
    vectors = effort._replace(depth=0)
    fast_scan = store.fast_scans[IMAGES]
    ways: dict[str, Callable[[Any, Any], Any]] = {
        "fast search": lambda query, _: forced.search(IMAGES, query, K, effort),
        "fast scan": lambda query, lists: probe(fast_scan, query, lists, effort.depth),
        "vectors search": lambda query, _: store.search(IMAGES, query, K, vectors),
        "vectors scan": lambda query, lists: probe(index, query, lists + first, K),
    }
    if not effort.depth:
        ways = {name: way for name, way in ways.items() if name.startswith("vectors")}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for query in queries:
        lists = lists_of(query[None])
        for name, way in ways.items():
            way(query[None], lists)  # its lists are in the caches of the processor for both
            taken[name].append(cpu(lambda w=way, q=query[None], p=lists: w(q, p))[0])
    times = {name: 1e3 * float(np.median(each)) for name, each in taken.items()}
    result: dict[str, Any] = {"effort": measured}
    for name in {name.split()[0] for name in ways}:
        whole, scan = times[f"{name} search"], times[f"{name} scan"]
        result[name] = {"search_ms": round(whole, 3), "scan_ms": round(scan, 3)}
        result[name]["own_ms"] = round(whole - scan, 3)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--sizes", default="100000", help="how many vectors, comma-separated")
    parser.add_argument("--queries", type=int, default=300, help="queries of each kind")
    parser.add_argument("--name", default="search_cost", help="of the result file")
    parser.add_argument("--label", default="now", help="of these figures in it")
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    path = _machine.RESULTS / f"{options.name}.json"
    runs: dict[str, Any] = _machine.load(options.name)["runs"] if path.exists() else {}
    for n in map(int, options.sizes.split(",")):
        world = GapData(SEED)
        store = FaissStore.build({IMAGES: ArraySource(np.arange(n), world.pictures(n))})
        with tempfile.TemporaryDirectory() as folder:
            layout = store.save(Path(folder))
            store = FaissStore.load(Path(folder), layout)  # as it is searched: mapped
            drawn = {
                kind: (world.draw(256, m), world.draw(options.queries, m))
                for kind, m in KINDS.items()
            }
            figures = {kind: measure(store, *both) for kind, both in drawn.items()}
            runs.setdefault(options.label, {})[str(n)] = figures
            print(n, figures, flush=True)
        method = " ".join(str(__doc__).split("\n\n")[2].split())
        _machine.save(
            options.name, {"seed": SEED, "data": DESCRIPTION, "method": method, "runs": runs}
        )


if __name__ == "__main__":
    main()
