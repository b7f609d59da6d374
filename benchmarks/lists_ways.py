"""The ways to make lists that `lists.py` compares, and what they may know."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

from anysense.index.vectors.faiss.build import train_centroids
from anysense.index.vectors.layout import LISTS_PER_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

MODALITIES = ("text", "image", "audio")
K = 10
SAMPLE = 64  # training vectors of a list, as in a build
ROUNDS = 10  # of k-means
EPOCHS, BATCH, RATE, SCALE, PULL = 5, 128, 2e-3, 20.0, 1e-2  # of fitting vectors to rank by


@dataclass(frozen=True)
class Case:
    """One partition: what is indexed, and what asks for it.

    Attributes:
        items: (n, 384).
        own: its modality.
        asking: for each modality, vectors like its queries, to train on; the crossing ones centred.
        tuning: by (modality, raw or centred), held-out queries to choose nprobe on.
        reporting: the same, to measure with.
    """

    items: Any
    own: str
    asking: dict[str, Any]
    tuning: dict[tuple[str, str], Any]
    reporting: dict[tuple[str, str], Any]

    @property
    def lists(self) -> int:
        return round(LISTS_PER_ROOT * math.sqrt(len(self.items)))

    def sample(self, seed: int) -> Any:
        """Items to train on."""
        rng = np.random.default_rng(seed)
        size = min(len(self.items), SAMPLE * self.lists)
        return self.items[rng.choice(len(self.items), size, replace=False)]

    def crossing(self) -> Any:
        """Queries of the other modalities, as many of each."""
        return np.concatenate([self.asking[m] for m in MODALITIES if m != self.own])


@dataclass(frozen=True)
class Split:
    """Items in lists: the list of each, and the vectors (lists, 384) that queries rank lists by.

    The latter may depend on the modality of the query.
    """

    labels: Any
    ranked_by: Any

    def vectors(self, modality: str) -> Any:
        by = self.ranked_by
        return by[modality] if isinstance(by, dict) else by


def nearest(items: Any, centroids: Any, metric: int = faiss.METRIC_INNER_PRODUCT) -> Any:
    return faiss.knn(np.ascontiguousarray(items), centroids, 1, metric=metric)[1][:, 0]


def means(items: Any, labels: Any, lists: int) -> Any:
    """The mean of each list; zeros for one that is empty."""
    order = np.argsort(labels, kind="stable")
    held, starts = np.unique(labels[order], return_index=True)
    out = np.zeros((lists, items.shape[1]), np.float32)
    sums = np.add.reduceat(items[order], starts, axis=0)
    out[held] = sums / np.bincount(labels, minlength=lists)[held, None]
    return out


def euclidean_centroids(sample: Any, lists: int, seed: int) -> Any:
    options = {"min_points_per_centroid": 1, "max_points_per_centroid": len(sample)}
    kmeans = faiss.Kmeans(sample.shape[1], lists, niter=ROUNDS, seed=seed, **options)
    kmeans.train(np.ascontiguousarray(sample))
    return kmeans.centroids


def spherical(case: Case, seed: int) -> Split:
    """What the index does: spherical k-means, lists ranked by their centroids."""
    centroids = train_centroids(case.sample(seed), case.lists, seed)
    return Split(nearest(case.items, centroids), centroids)


def spherical_means(case: Case, seed: int) -> Split:
    """The same lists, ranked by the means of their items: the expected score of a list's items."""
    labels = spherical(case, seed).labels
    return Split(labels, means(case.items, labels, case.lists))


def euclidean(case: Case, seed: int) -> Split:
    """Plain k-means, lists ranked by their centroids."""
    centroids = euclidean_centroids(case.sample(seed), case.lists, seed)
    return Split(nearest(case.items, centroids, faiss.METRIC_L2), centroids)


def centred(case: Case, seed: int) -> Split:
    """Spherical k-means on the items without their mean."""
    mean = case.items.mean(axis=0)
    centroids = train_centroids(case.sample(seed) - mean, case.lists, seed)
    return Split(nearest(case.items - mean, centroids), centroids)


def query_metric(case: Case, seed: int) -> Split:
    """K-means under the metric of crossing queries, lists ranked by means.

    With M the second moment of queries, (x - c)' M (x - c) is the expected squared error of a
    query's score when c stands for x (Guo et al., "Quantization based fast inner product search",
    2016; Jaiswal et al., "OOD-DiskANN", 2022, take it up for queries of another modality).
    """
    return _in_metric(case, seed, [_moment(case.asking[m]) for m in MODALITIES if m != case.own])


def mixed_metric(case: Case, seed: int) -> Split:
    """The same with half of the moment from queries of the items' own modality."""
    crossing = [_moment(case.asking[m]) for m in MODALITIES if m != case.own]
    own = _moment(case.asking[case.own])
    return _in_metric(case, seed, [*crossing, own * len(crossing)])


def _moment(queries: Any) -> Any:
    """Second moment of queries, scaled to a trace of one."""
    moment = queries.T.astype(np.float64) @ queries
    return moment / np.trace(moment)


def _in_metric(case: Case, seed: int, moments: list[Any]) -> Split:
    values, vectors = np.linalg.eigh(np.sum(moments, axis=0))
    root = (vectors * np.sqrt(np.maximum(values, 0))).astype(np.float32)
    root *= np.float32(1 / np.sqrt(values.mean()))
    centroids = euclidean_centroids(case.sample(seed) @ root, case.lists, seed)
    labels = nearest(case.items @ root, centroids, faiss.METRIC_L2)
    return Split(labels, means(case.items, labels, case.lists))


def with_queries(case: Case, seed: int) -> Split:
    """Spherical k-means on as many items as crossing queries, lists ranked by means.

    Queries take part in the building, as in the graphs of OOD-DiskANN and of Chen et al.,
    "RoarGraph", 2024.
    """
    queries = _unit(case.crossing())
    both = np.concatenate([case.sample(seed)[: len(queries)], queries])
    labels = nearest(case.items, train_centroids(both, case.lists, seed))
    return Split(labels, means(case.items, labels, case.lists))


def by_queries(case: Case, seed: int) -> Split:
    """Spherical k-means on crossing queries alone; each item is in the list that likes it best."""
    centroids = train_centroids(_unit(case.crossing()), case.lists, seed)
    labels = nearest(case.items, centroids)
    return Split(labels, means(case.items, labels, case.lists))


def _unit(vectors: Any) -> Any:
    return np.ascontiguousarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def spherical_fitted(case: Case, seed: int) -> Split:
    """The spherical lists, ranked by vectors fitted to each modality of crossing queries.

    They start as the centroids; a softmax over lists is fitted to where the ten neighbours of 5,000
    queries are (Vecchiato et al., "A learning-to-rank formulation of clustering-based approximate
    nearest neighbor search", 2024).
    """
    return fitted(case, spherical(case, seed))


def metric_fitted(case: Case, seed: int) -> Split:
    """The lists of the metric of all queries, ranked by vectors fitted in the same way."""
    return fitted(case, mixed_metric(case, seed))


def fitted(case: Case, split: Split) -> Split:
    by = {m: _fitted(case, case.asking[m], split) for m in MODALITIES if m != case.own}
    return Split(split.labels, {case.own: split.ranked_by, **by})


def _fitted(case: Case, queries: Any, split: Split) -> Any:
    """Softmax regression by Adam (Kingma and Ba, 2015), from the vectors of `split` and near them.

    The loss is the cross entropy of lists, and `PULL` times the squared distance to the start.
    `PULL` was chosen on the tuning queries, so that no route loses.
    """
    true = truth(queries, case.items)
    start = split.ranked_by
    vectors, first, second = start.copy(), np.zeros_like(start), np.zeros_like(start)
    rng, step = np.random.default_rng(0), 0
    for _ in range(EPOCHS):
        for rows in np.array_split(rng.permutation(len(queries)), -(-len(queries) // BATCH)):
            errors = _softmax(SCALE * queries[rows] @ vectors.T)
            np.add.at(errors, (np.arange(len(rows))[:, None], split.labels[true[rows]]), -1 / K)
            gradient = SCALE / len(rows) * errors.T @ queries[rows] + 2 * PULL * (vectors - start)
            step += 1
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            scaled = np.sqrt(second / (1 - 0.999**step)) + 1e-8
            vectors -= RATE * first / (1 - 0.9**step) / scaled
    return vectors


def _softmax(logits: Any) -> Any:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


WAYS: dict[str, Callable[[Case, int], Split]] = {
    "spherical k-means": spherical,
    "spherical, ranked by means": spherical_means,
    "spherical, ranked by fitted vectors": spherical_fitted,
    "plain k-means": euclidean,
    "spherical, item mean removed": centred,
    "metric of crossing queries": query_metric,
    "metric of all queries": mixed_metric,
    "metric of all queries, fitted vectors": metric_fitted,
    "items and crossing queries": with_queries,
    "crossing queries only": by_queries,
}


def truth(queries: Any, items: Any, k: int = K) -> Any:
    return faiss.knn(queries, items, k, metric=faiss.METRIC_INNER_PRODUCT)[1]
