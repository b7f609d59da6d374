"""The labelled galleries as they are ranked: as they are, and in variants made from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import unseen
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import gallery as labelled

Array = NDArray[Any]
MODALITIES = ("text", "image", "audio")
SMALL = 40


@dataclass(frozen=True)
class Case:
    """A gallery with its labels, its queries (modality, vectors, concepts, own place or -1)."""

    vectors: Array
    modalities: Array
    concepts: Array
    bank: dict[str, Array]
    queries: list[tuple[str, Array, Array, Array]]


def case(held: labelled.Gallery, alter: Callable[[Array, str, bool], Array]) -> Case:
    """The gallery after `alter(vectors, modality, are they items)`."""
    vectors = held.vectors.copy()
    for modality in MODALITIES:
        of_it = held.modalities == modality
        vectors[of_it] = alter(vectors[of_it], modality, True)
    bank = {m: alter(v, m, False) for m, v in held.bank.items()}
    asked = alter(held.queries, "text", False)
    return with_queries(vectors, held.modalities, held.concepts, bank, asked, held.query_concepts)


def with_queries(
    vectors: Array, modalities: Array, concepts: Array, bank: Any, texts: Array, about: Array
) -> Case:
    """Queries are short texts, and each picture and sound of a concept, which then is hidden."""
    known = np.isin(about, concepts)
    queries = [("text", texts[known], about[known], np.full(known.sum(), -1))]
    for modality in ("image", "audio"):
        own = np.flatnonzero((modalities == modality) & (concepts != "-"))
        queries.append((modality, vectors[own], concepts[own], own))
    return Case(vectors, modalities, concepts, bank, queries)


def without(whole: Case, family: str) -> Case:
    """A gallery less the items and the queries of one family of concepts."""
    kept = unseen.families(whole.concepts) != family
    _, texts, about, _ = whole.queries[0]
    parts = (whole.vectors[kept], whole.modalities[kept], whole.concepts[kept])
    return with_queries(*parts, whole.bank, texts, about)


def small_cases(whole: Case) -> Iterator[Case]:
    """Galleries of five concepts and nothing else."""
    names = sorted(set(whole.concepts) - {"-"})
    for seed in range(SMALL):
        chosen = np.random.default_rng(seed).choice(names, 5, replace=False)
        kept = np.isin(whole.concepts, chosen)
        _, texts, about, _ = whole.queries[0]
        parts = (whole.vectors[kept], whole.modalities[kept], whole.concepts[kept])
        yield with_queries(*parts, whole.bank, texts, about)


def unit(vectors: Array) -> Array:
    normed: Array = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normed.astype(np.float32)


def gaps(dimension: int) -> Callable[[Array, str, bool], Array]:
    """Each modality gets an offset of its own: unrelated texts come to a cosine of about 0.7,
    pictures 0.6, sounds 0.45; text and picture 0, text and sound 0.2."""
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(dimension, 3)))[0].T
    to = {
        "text": 1.6 * axes[0],
        "image": 1.2 * axes[1],
        "audio": 0.9 * (0.3 * axes[0] + 0.954 * axes[2]),
    }
    return lambda vectors, modality, _: unit(vectors + to[modality])


def hubs(held: labelled.Gallery) -> Callable[[Array, str, bool], Array]:
    """Pictures and sounds are drawn towards the mean of the queries, each by its own amount."""
    mean = unit(held.queries.mean(axis=0, keepdims=True))
    rng = np.random.default_rng(0)

    def alter(vectors: Array, modality: str, are_items: bool) -> Array:
        if modality == "text" or not are_items:
            return vectors
        return unit(vectors + rng.exponential(0.25, (len(vectors), 1)) * mean)

    return alter
