"""Vectors in clusters, what is nearest among them, and small indexes: for tests of the index."""

from __future__ import annotations

from typing import Any

import numpy as np

from anysense.embed.types import Modality
from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.recall import Effort

IMAGES = Partition("wide", Modality.IMAGE)
TEXTS = Partition("wide", Modality.TEXT)
SOUNDS = Partition("narrow", Modality.AUDIO)
DIMENSION = 48
MANY = 30_000


def unit(vectors: Any) -> Any:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


class World:
    """Pictures in clusters, seen by picture queries and, across a modality gap, by text queries.

    Worlds of one seed have the same topics; `draws` says which vectors about them are drawn.
    """

    def __init__(self, seed: int = 7, draws: int = 0, gap: float = 0.8) -> None:
        rng = np.random.default_rng(seed)
        self.topics = rng.standard_normal((300, DIMENSION))
        self.gaps = rng.standard_normal((2, DIMENSION)) * gap
        self._rng = np.random.default_rng((seed, draws)) if draws else rng

    def draw(self, n: int, gap: int = 0, among: int | None = None) -> Any:
        """Vectors of n random topics, or of the first `among` of them."""
        topics = self.topics[self._rng.integers(0, among or len(self.topics), n)]
        return unit(topics + 0.7 * self._rng.standard_normal(topics.shape) + self.gaps[gap])


def brute_force(vectors: Any, ids: Any, queries: Any, k: int) -> tuple[Any, Any]:
    """The true neighbours among vectors rounded to fp16."""
    scores = queries @ vectors.astype(np.float16).astype(np.float32).T
    few = np.argpartition(-scores, min(2 * k, len(ids) - 1), axis=1)[:, : 2 * k]  # enough for ties
    scores = np.take_along_axis(scores, few, axis=1)
    order = np.lexsort((ids[few], -scores), axis=1)[:, :k]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(ids[few], order, axis=1)


def small(seed: int = 0, n: int = 400) -> dict[Partition, ArraySource]:
    """Three partitions in two spaces; ids are unique, gapped and in no order."""
    rng = np.random.default_rng(seed)
    ids = rng.permutation(5 * 3 * n)[: 3 * n].astype(np.int64)
    sizes = {IMAGES: 24, TEXTS: 24, SOUNDS: 20}
    return {
        partition: ArraySource(ids[i * n : (i + 1) * n], unit(rng.standard_normal((n, size))), 64)
        for i, (partition, size) in enumerate(sizes.items())
    }


def probing(nprobe: int, depth: int = 0) -> Effort:
    """The effort of so many lists, and of so many candidates of a fast scan."""
    return Effort(nprobe, 1.0, depth=depth)


def check_all(store: Any, contents: dict[Partition, ArraySource]) -> None:
    """Assert that a store holds exactly these vectors, and finds the nearest of them."""
    assert store.partitions == {p: source.count for p, source in contents.items()}
    for partition, source in contents.items():
        queries = source.vectors[:25]
        _, ids = store.search(partition, queries, 5)
        assert (ids == brute_force(source.vectors, source.ids, queries, 5)[1]).all()
