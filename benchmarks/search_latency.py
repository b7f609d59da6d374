"""Search latency and recall against plain FAISS, hnswlib and usearch, on the same vectors.

    OMP_NUM_THREADS=1 python benchmarks/search_latency.py --sizes 10000,100000

Times are CPU milliseconds of one query on one core (the median over the queries, and the 95th
percentile), so that other work on the machine disturbs them little. Each approximate engine runs at
the least effort that gives recall@10 of 0.95 on other queries of the same kind; filtered searches
run at that same effort. Recall is against exact search over the same fp16 vectors.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _machine
import faiss
import numpy as np
from gap_data import DESCRIPTION, GapData, chunks
from search_engines import ENGINES, GRAPHS, Anysense, Engine

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET, K, SEED = 0.95, 10, 0
KINDS = {"text_to_image": "text", "image_to_image": "image"}
SHARES = (0.1, 0.01, 0.001)
SLOW_QUERIES = 20  # where a filter calls Python for each candidate


def truth(vectors: Any, queries: Any, allowed: Any = None) -> Any:
    """The ids of the true neighbours (q, 10), by matrix products over blocks."""
    faiss.cvar.distance_compute_blas_threshold = 20
    chosen = None if allowed is None else np.isin(np.arange(len(vectors)), allowed)
    scores, ids = [], []
    for numbers, part in chunks(vectors):
        if chosen is not None:
            part, numbers = part[chosen[numbers]], numbers[chosen[numbers]]
        if len(part):
            found = faiss.knn(queries, part, min(K, len(part)), metric=faiss.METRIC_INNER_PRODUCT)
            scores.append(found[0])
            ids.append(numbers[found[1]])
    order = np.argsort(-np.concatenate(scores, axis=1), axis=1)[:, :K]
    return np.take_along_axis(np.concatenate(ids, axis=1), order, axis=1)


def cpu(action: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = action()
    return time.process_time() - start, result


def run(search: Callable[[Any], Any], queries: Any, true: Any) -> dict[str, float]:
    """Median and 95th percentile in ms, and recall, of single queries after a warm-up."""
    for query in queries[:5]:
        search(query[None])
    times, shares = [], []
    for query, wanted in zip(queries, true, strict=True):
        seconds, found = cpu(lambda query=query: search(query[None]))
        times.append(seconds * 1e3)
        shares.append(len(np.intersect1d(found, wanted)) / len(wanted))
    return {
        "ms": round(float(np.median(times)), 3),
        "ms_p95": round(float(np.percentile(times, 95)), 3),
        "recall": round(float(np.mean(shares)), 4),
    }


def effort_for(engine: Engine, queries: Any, true: Any) -> Any:
    """The least effort of its grid that reaches the target; its most if none does."""
    if isinstance(engine, Anysense):
        return engine.tune(queries)
    efforts = engine.efforts

    def recall(effort: int | None) -> float:
        found = (engine.search(query[None], effort) for query in queries)
        pairs = zip(found, true, strict=True)
        return float(np.mean([len(np.intersect1d(ids, wanted)) / K for ids, wanted in pairs]))

    low, high = 0, len(efforts) - 1
    while low < high:
        middle = (low + high) // 2
        if recall(efforts[middle]) >= TARGET:
            high = middle
        else:
            low = middle + 1
    return efforts[low]


def built(kind: type[Engine], vectors: Any, kept: Path | None) -> tuple[Engine, float]:
    """An engine with the vectors in it, and the CPU seconds that this took, now or before."""
    engine = kind()
    folder = None if kept is None else kept / f"{len(vectors)} {engine.name}"
    if folder is not None and kind in GRAPHS and (folder / "build.json").exists():
        note = json.loads((folder / "build.json").read_text())
        engine.load(folder / note["file"])
        return engine, float(note["seconds"])
    seconds, _ = cpu(lambda: engine.build(vectors))
    if folder is not None and kind in GRAPHS:
        folder.mkdir(parents=True, exist_ok=True)
        file = engine.save(folder).name
        (folder / "build.json").write_text(json.dumps({"file": file, "seconds": seconds}))
    return engine, seconds


def measure(
    kind: type[Engine], vectors: Any, data: dict[str, Any], kept: Path | None
) -> dict[str, Any]:
    """Everything about one engine at one size."""
    engine, seconds = built(kind, vectors, kept)
    result: dict[str, Any] = {"settings": engine.settings, "build_seconds": round(seconds, 2)}
    for name in KINDS:
        result[name] = measure_kind(engine, data[name])
    result.update(changes(engine, len(vectors), data["text_to_image"]["queries"][:1]))
    return result


def measure_kind(engine: Engine, data: dict[str, Any]) -> dict[str, Any]:
    """Searches of one kind of query: plain, exact where that is another thing, and filtered."""
    queries, true = data["queries"], data["true"]
    effort = effort_for(engine, data["tuning"], data["tuning_true"])
    spent = effort._asdict() if isinstance(effort, tuple) else effort
    result: dict[str, Any] = {"effort": spent}
    result.update(run(lambda query: engine.search(query, effort), queries, true))
    if isinstance(engine, Anysense):
        result["exact"] = run(lambda query: engine.search(query, None), queries, true)
    result["filtered"] = filtered(engine, effort, queries, data["filters"])
    return result


def filtered(engine: Engine, effort: Any, queries: Any, filters: Any) -> dict[str, Any]:
    """One entry per share of the collection that a filter leaves."""
    results: dict[str, Any] = {}
    for share, (allowed, true) in filters.items():
        if engine.filtered(queries[:1], effort, allowed) is None:
            return {}
        n = SLOW_QUERIES if engine.name == "hnswlib" else len(queries)
        results[str(share)] = run(
            lambda query, allowed=allowed: engine.filtered(query, effort, allowed),
            queries[:n],
            true[:n],
        )
    return results


def changes(engine: Engine, n: int, vector: Any) -> dict[str, Any]:
    """Bytes on disk, loading, and what it costs to add and to delete one vector."""
    with tempfile.TemporaryDirectory() as folder:
        path = engine.save(Path(folder))
        size = sum(file.stat().st_size for file in ([path] if path.is_file() else path.iterdir()))
        load = [cpu(lambda: engine.load(path))[0] for _ in range(3)]
    add = [cpu(lambda i=i: engine.add(n + i, vector))[0] for i in range(5)]
    result: dict[str, Any] = {
        "bytes_per_vector": round(size / n, 1),
        "load_seconds": round(float(np.median(load)), 3),
        "add_one_ms": round(float(np.median(add)) * 1e3, 3),
    }
    try:
        delete = [cpu(lambda i=i: engine.delete(i))[0] for i in range(5)]
        result["delete_one_ms"] = round(float(np.median(delete)) * 1e3, 3)
    except NotImplementedError:
        result["delete_one_ms"] = None
    return result


def prepare(n: int, count: int) -> tuple[Any, dict[str, Any]]:
    """The vectors of one size, queries of both kinds and the truth about them."""
    world = GapData(SEED)
    vectors = world.pictures(n)
    rng = np.random.default_rng(SEED)
    chosen = {share: np.sort(rng.choice(n, int(n * share), replace=False)) for share in SHARES}
    data: dict[str, Any] = {}
    for name, modality in KINDS.items():
        tuning, queries = world.draw(count, modality), world.draw(count, modality)
        data[name] = {
            "tuning": tuning,
            "queries": queries,
            "tuning_true": truth(vectors, tuning),
            "true": truth(vectors, queries),
            "filters": {s: (ids, truth(vectors, queries, ids)) for s, ids in chosen.items()},
        }
    return vectors, data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="10000,100000", help="how many vectors, comma-separated")
    parser.add_argument("--queries", type=int, default=200, help="queries of each kind")
    parser.add_argument(
        "--graph-limit", type=int, default=100_000, help="the largest size to build graphs for"
    )
    parser.add_argument("--engines", default="", help="a part of the names to run, comma-separated")
    parser.add_argument("--name", default="search_latency", help="of the result file")
    parser.add_argument("--keep", action="store_true", help="keep the rest of that file")
    parser.add_argument(
        "--built", type=Path, help="a folder to keep graphs in, which take long to build"
    )
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    wanted = [part for part in options.engines.split(",") if part] or [""]
    sizes: dict[str, Any] = _machine.load(options.name)["sizes"] if options.keep else {}
    for n in map(int, options.sizes.split(",")):
        vectors, data = prepare(n, options.queries)
        same = sizes.get(str(n), {}).get("queries") == options.queries
        engines: dict[str, Any] = sizes[str(n)]["engines"] if same else {}
        for kind in ENGINES:
            if any(part in kind.name for part in wanted):
                if kind in GRAPHS and n > options.graph_limit:
                    engines[kind.name] = {"left_out": "building it takes too long"}
                else:
                    engines[kind.name] = measure(kind, vectors, data, options.built)
                print(n, kind.name, engines[kind.name], flush=True)
        sizes[str(n)] = {"queries": options.queries, "engines": engines}
        payload = {
            "seed": SEED,
            "data": DESCRIPTION,
            "method": " ".join(str(__doc__).split("\n\n")[2].split()),
            "target_recall": TARGET,
            "sizes": dict(sorted(sizes.items(), key=lambda item: int(item[0]))),
        }
        _machine.save(options.name, payload)


if __name__ == "__main__":
    main()
