"""How many segments must be scanned, by route and by the way in which the lists were made?

    OMP_NUM_THREADS=1 python benchmarks/lists.py DATA      # DATA as `lists_data.py` makes it

Each partition is split into 2 sqrt(n) lists by every way of `WAYS`. For each modality of queries,
nprobe is chosen on held-out queries as a collection does: the least whose recall@10 reaches 0.95
with the bound of its 95 % confidence interval. What is reported is measured on other held-out
queries: their recall, and the mean number of segments in the lists that they scan. Queries of
another modality are taken as they are (raw), and as a search takes them, without the mean of their
modality (centred). Ways that know about queries see the collection's own segments of the other
modalities, centred: what a build has at hand. Figures are means over seeds of k-means.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import _machine
import faiss
import numpy as np
from lists_data import __doc__ as description
from lists_data import load
from lists_ways import MODALITIES, WAYS, Case, Split, truth

from anysense.index.vectors.recall import least_effort, list_ranks

TARGET, TUNING, REPORTING, ASKING = 0.95, 1000, 1500, 5000


def cases(data: Path, most: int) -> list[Case]:
    """The partitions of the three modalities, each of at most so many segments."""
    rng = np.random.default_rng(0)
    items: dict[str, Any] = {}
    queries: dict[str, Any] = {}
    for modality in MODALITIES:
        vectors, held = load(data, modality, 10**9)
        items[modality] = vectors[~held][:most].astype(np.float16).astype(np.float32)
        queries[modality] = rng.permutation(vectors[held])[: TUNING + REPORTING]
    return [case(own, items, queries) for own in MODALITIES]


def case(own: str, items: dict[str, Any], queries: dict[str, Any]) -> Case:
    rng = np.random.default_rng(1)
    asking, tuning, reporting = {}, {}, {}
    for modality in MODALITIES:
        mean = items[modality].mean(axis=0)
        chosen = items[modality][rng.permutation(len(items[modality]))[:ASKING]]
        asking[modality] = chosen if modality == own else chosen - mean
        middle = min(TUNING, len(queries[modality]) // 2)
        for name, less in (("raw", 0), ("centred", mean)):
            if modality != own or name == "raw":
                vectors = queries[modality] - less
                tuning[modality, name] = vectors[:middle]
                reporting[modality, name] = vectors[middle:]
    return Case(items[own], own, asking, tuning, reporting)


def measure(case: Case, split: Split, truths: dict[Any, tuple[Any, Any]]) -> dict[str, Any]:
    """For each kind of query: nprobe, and the recall and the segments scanned of other queries.

    ``recall_of_strangers`` is that of queries of the third modality, taken for this one: how far
    what was chosen and fitted for some queries holds for others.
    """
    sizes = np.bincount(split.labels, minlength=case.lists)
    result: dict[str, Any] = {}
    for key, (tuning, reporting) in truths.items():
        modality, form = key
        centroids = split.vectors(modality).T
        ranks = list_ranks(case.tuning[key] @ centroids, split.labels[tuning])
        nprobe, _ = least_effort(ranks, case.lists, TARGET)

        def recall(
            queries: Any, true: Any, centroids: Any = centroids, most: int = nprobe
        ) -> float:
            return float((list_ranks(queries @ centroids, split.labels[true]) < most).mean())

        lists = np.argsort(-case.reporting[key] @ centroids, axis=1)[:, :nprobe]
        figures = {
            "nprobe": nprobe,
            "recall": recall(case.reporting[key], reporting),
            "scanned": float(sizes[lists].sum(axis=1).mean()),
        }
        for other, same_form in truths:
            if case.own not in (modality, other) and other != modality and form == same_form:
                strangers = other, form
                true = truths[strangers][1]
                figures["recall_of_strangers"] = recall(case.reporting[strangers], true)
        result.setdefault(modality, {})[form] = figures
    return result


def averaged(results: list[Any]) -> Any:
    """The mean of the same figures of several seeds."""
    if not isinstance(results[0], dict):
        return round(float(np.mean(results)), 4)
    return {key: averaged([result[key] for result in results]) for key in results[0]}


def compare(case: Case, seeds: int) -> dict[str, Any]:
    truths = {
        key: (truth(case.tuning[key], case.items), truth(case.reporting[key], case.items))
        for key in case.tuning
    }
    ways = {}
    for name, way in WAYS.items():
        every = [measure(case, way(case, seed), truths) for seed in range(seeds)]
        ways[name] = averaged(every)
        print(case.own, len(case.items), name, ways[name], flush=True)
    counts = {m: [len(t) for t in truths[m, "raw"]] for m in MODALITIES}
    return {"segments": len(case.items), "lists": case.lists, "queries": counts, "ways": ways}


def table(result: dict[str, Any]) -> str:
    """The share of a partition that is scanned, in percent, as Markdown; best of each column bold.

    Crossing queries are centred.
    """
    routes = [(asking, own) for own in MODALITIES for asking in MODALITIES]
    shares: dict[str, list[float]] = {name: [] for name in result["ways"]}
    for asking, own in routes:
        partition = result["partitions"][own]
        for name, row in shares.items():
            figures = partition["ways"][name][asking]["raw" if asking == own else "centred"]
            row.append(round(100 * figures["scanned"] / partition["segments"], 1))
    best = [min(column) for column in zip(*shares.values(), strict=True)]
    lines = ["| lists | " + " | ".join(f"{a} → {o}" for a, o in routes) + " |"]
    lines.append("| --- |" + " ---: |" * len(routes))
    for name, row in shares.items():
        cells = [f"**{x}**" if x == b else str(x) for x, b in zip(row, best, strict=True)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--most", type=int, default=100_000, help="segments of a partition")
    parser.add_argument("--seeds", type=int, default=2, help="of k-means, from 0 on")
    parser.add_argument("--name", default="lists", help="of the result file")
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    found = {case.own: compare(case, options.seeds) for case in cases(options.data, options.most)}
    payload = {
        "seeds": list(range(options.seeds)),
        "data": " ".join(str(description).split()),
        "method": " ".join(str(__doc__).split("\n\n")[2].split()),
        "target_recall": TARGET,
        "ways": {name: str(way.__doc__).split("\n\n")[0] for name, way in WAYS.items()},
        "partitions": found,
    }
    _machine.save(options.name, payload)
    print(table(payload))


if __name__ == "__main__":
    main()
