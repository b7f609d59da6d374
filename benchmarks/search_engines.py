"""One interface to anysense's index and to its peers, for `search_latency.py`.

Every engine holds the same vectors under the same ids and is searched from one thread, one query at
a time. `effort` is what its users turn for recall: nprobe, ef or expansion; None is exact.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import faiss
import hnswlib
import numpy as np
from gap_data import DIMENSION, chunks
from usearch.index import Index as UsearchIndex

from anysense.embed.types import Modality
from anysense.index.segment_set import SegmentSet
from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.faiss.store import FaissStore
from anysense.index.vectors.thresholds import DEFAULTS, Thresholds

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.vectors.recall import Effort

GRAPH_DEGREE, GRAPH_EFFORT = 16, 100
STEPS = tuple(sorted({round(1.15**i) for i in range(60)}))
"""Efforts to choose from: 1 to about 3,800, each at most 15 % above the one before."""
IMAGES = Partition("synthetic", Modality.IMAGE)


class Engine:
    """What an engine has to do; `filtered` and `delete` may return None where it cannot."""

    name = "?"
    settings = ""
    efforts: tuple[int | None, ...] = (None,)

    def build(self, vectors: Any) -> None: ...

    def search(self, query: Any, effort: int | None) -> Any: ...

    def filtered(self, query: Any, effort: int | None, allowed: Any) -> Any:
        return None

    def add(self, number: int, vector: Any) -> None: ...

    def delete(self, number: int) -> None:
        raise NotImplementedError

    def save(self, folder: Path) -> Path: ...

    def load(self, path: Path) -> None: ...


class Anysense(Engine):
    name = "anysense"
    thresholds = DEFAULTS
    settings = (
        "one FAISS index, fp16, exact to 25,000 segments, then 2 sqrt(n) spherical lists, from "
        "100,000 on with a fast scan of 4-bit codes before the vectors; add and delete make a "
        "whole new index, which a collection does once for many changes"
    )

    def build(self, vectors: Any) -> None:
        sources = {IMAGES: ArraySource(np.arange(len(vectors)), vectors)}
        self.store = FaissStore.build(sources, thresholds=self.thresholds)

    def tune(self, queries: Any) -> Effort:
        return self.store.choose_effort(IMAGES, queries)

    def search(self, query: Any, effort: Any) -> Any:
        return self.filtered(query, effort, None)

    def filtered(self, query: Any, effort: Any, allowed: Any) -> Any:
        only = None if allowed is None else SegmentSet.of(allowed)
        return self.store.search(IMAGES, query, 10, effort, allowed=only)[1][0]

    def add(self, number: int, vector: Any) -> None:
        self.store = self.store.updated({IMAGES: (np.array([number]), vector)})

    def delete(self, number: int) -> None:
        self.store = self.store.updated(remove=[number])

    def save(self, folder: Path) -> Path:
        self.layout = self.store.save(folder)
        return folder

    def load(self, path: Path) -> None:
        self.store = FaissStore.load(path, self.layout, thresholds=self.thresholds)


class AnysenseLists(Anysense):
    name = "anysense without fast scan"
    settings = "the same, but the fp16 vectors are scanned at every size"
    thresholds = Thresholds(fast_scan=sys.maxsize)


class Faiss(Engine):
    """What the three plain FAISS indexes share."""

    index: Any

    def build(self, vectors: Any) -> None:
        for _, part in chunks(vectors):
            self.index.add(part)

    def parameters(self, effort: int | None, selector: Any = None) -> Any:
        return None if selector is None else faiss.SearchParameters(sel=selector)

    def search(self, query: Any, effort: int | None) -> Any:
        return self.index.search(query, 10, params=self.parameters(effort))[1][0]

    def filtered(self, query: Any, effort: int | None, allowed: Any) -> Any:
        parameters = self.parameters(effort, faiss.IDSelectorBatch(allowed))
        return self.index.search(query, 10, params=parameters)[1][0]

    def add(self, number: int, vector: Any) -> None:
        self.index.add(vector)

    def save(self, folder: Path) -> Path:
        path = folder / "index.faiss"
        faiss.write_index(self.index, str(path))
        return path

    def load(self, path: Path) -> None:
        self.index = faiss.read_index(str(path))


class FaissFlat(Faiss):
    name = "faiss Flat"
    settings = "float32, exact"

    def __init__(self) -> None:
        self.index = faiss.IndexFlatIP(DIMENSION)

    def delete(self, number: int) -> None:
        self.index.remove_ids(np.array([number]))


class FaissIvf(Faiss):
    name = "faiss IVF-fp16"
    settings = "2 sqrt(n) lists, FAISS's own k-means with 10 rounds of 64 vectors a list"
    efforts = STEPS

    def build(self, vectors: Any) -> None:
        lists = round(2 * len(vectors) ** 0.5)
        self.index = faiss.index_factory(
            DIMENSION, f"IVF{lists},SQfp16", faiss.METRIC_INNER_PRODUCT
        )
        self.index.cp.niter, self.index.cp.max_points_per_centroid = 10, 64
        rows = np.random.default_rng(0).choice(len(vectors), min(len(vectors), 64 * lists), False)
        self.index.train(vectors[np.sort(rows)].astype(np.float32))
        super().build(vectors)

    def parameters(self, effort: int | None, selector: Any = None) -> Any:
        return faiss.SearchParametersIVF(nprobe=min(effort or 1, self.index.nlist), sel=selector)

    def delete(self, number: int) -> None:
        self.index.remove_ids(np.array([number]))


class FaissHnsw(Faiss):
    name = "faiss HNSW-fp16"
    settings = f"M={GRAPH_DEGREE}, efConstruction={GRAPH_EFFORT}"
    efforts = tuple(step for step in STEPS if step >= 10)

    def __init__(self) -> None:
        half = faiss.ScalarQuantizer.QT_fp16
        metric = faiss.METRIC_INNER_PRODUCT
        self.index = faiss.IndexHNSWSQ(DIMENSION, half, GRAPH_DEGREE, metric)
        self.index.hnsw.efConstruction = GRAPH_EFFORT
        self.index.is_trained = True

    def parameters(self, effort: int | None, selector: Any = None) -> Any:
        return faiss.SearchParametersHNSW(efSearch=effort, sel=selector)


class Hnswlib(Engine):
    name = "hnswlib"
    settings = f"float32, M={GRAPH_DEGREE}, ef_construction={GRAPH_EFFORT}"
    efforts = FaissHnsw.efforts

    def build(self, vectors: Any) -> None:
        self.index = hnswlib.Index("ip", DIMENSION)
        self.index.init_index(len(vectors) + 100, GRAPH_DEGREE, GRAPH_EFFORT)
        for ids, part in chunks(vectors):
            self.index.add_items(part, ids, num_threads=1)

    def search(self, query: Any, effort: int | None) -> Any:
        self.index.set_ef(effort)
        return self.index.knn_query(query, 10, num_threads=1)[0][0].astype(np.int64)

    def filtered(self, query: Any, effort: int | None, allowed: Any) -> Any:
        self.index.set_ef(effort)
        chosen = set(allowed.tolist())
        try:
            found = self.index.knn_query(query, 10, num_threads=1, filter=chosen.__contains__)
        except RuntimeError:  # it refuses to return fewer than k
            return np.empty(0, dtype=np.int64)
        return found[0][0].astype(np.int64)

    def add(self, number: int, vector: Any) -> None:
        self.index.add_items(vector, [number], num_threads=1)

    def delete(self, number: int) -> None:
        self.index.mark_deleted(number)

    def save(self, folder: Path) -> Path:
        path = folder / "index.hnswlib"
        self.index.save_index(str(path))
        return path

    def load(self, path: Path) -> None:
        self.index = hnswlib.Index("ip", DIMENSION)
        self.index.load_index(str(path))


class Usearch(Engine):
    name = "usearch"
    settings = f"f16, connectivity={GRAPH_DEGREE}, expansion_add={GRAPH_EFFORT}; has no filter"
    efforts = FaissHnsw.efforts

    def __init__(self) -> None:
        self.index = UsearchIndex(
            ndim=DIMENSION,
            metric="ip",
            dtype="f16",
            connectivity=GRAPH_DEGREE,
            expansion_add=GRAPH_EFFORT,
        )

    def build(self, vectors: Any) -> None:
        for ids, part in chunks(vectors):
            self.index.add(ids, part, threads=1)

    def search(self, query: Any, effort: int | None) -> Any:
        self.index.expansion_search = effort
        return self.index.search(query[0], 10, threads=1).keys.astype(np.int64)

    def add(self, number: int, vector: Any) -> None:
        self.index.add(number, vector[0], threads=1)

    def delete(self, number: int) -> None:
        self.index.remove(number)

    def save(self, folder: Path) -> Path:
        path = folder / "index.usearch"
        self.index.save(str(path))
        return path

    def load(self, path: Path) -> None:
        self.index = UsearchIndex.restore(str(path))


ENGINES: tuple[type[Engine], ...] = (
    Anysense,
    AnysenseLists,
    FaissFlat,
    FaissIvf,
    FaissHnsw,
    Hnswlib,
    Usearch,
)
GRAPHS = (FaissHnsw, Hnswlib, Usearch)
