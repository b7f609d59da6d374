"""From one space into another by way of the texts that both can read.

Where no space holds both a query's modality and the items' modality, two spaces that share text
can still be joined: short captions, the anchors, are encoded in both, and a map from one space to
the other is fitted to these pairs in closed form. An image's vector in a CLIP space then becomes
the vector of what a CLAP space might have for it, and finds sounds.

The images of a space lie apart from its texts by an offset, the modality gap (Liang et al., "Mind
the Gap", 2022), which would throw a map that knows texts alone off its course; so vectors are taken
relative to the mean of their own modality. Three maps compete, and held-out anchors decide:

- ridge regression;
- orthogonal Procrustes (Schönemann, "A generalized solution of the orthogonal Procrustes problem",
  1966), which can turn a space but not stretch it;
- softmax over anchors, after C-MCR (Wang et al., "Connecting Multi-modal Contrastive
  Representations", 2023, arXiv 2305.14381): a vector becomes the mean of the anchors near it, and
  the same mean is taken in the other space.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray

__all__ = [
    "METHODS",
    "AnchorMap",
    "Bridge",
    "Choice",
    "LinearMap",
    "Map",
    "choose",
    "fit_bridge",
    "modality_mean",
    "unit",
]

METHODS = ("ridge", "procrustes", "softmax")

_PARAMETERS: Mapping[str, tuple[float, ...]] = {
    "ridge": (0.01, 0.1, 1.0, 10.0),  # penalties, in units of the mean variance of a direction
    "procrustes": (0.0,),
    "softmax": (0.02, 0.03, 0.05, 0.08),  # temperatures
}
_HELD_OUT = 2_000
_NEIGHBOURHOODS = 40  # that are held out
_LIKENESS = 0.7  # the cosine of a held-out anchor with what it is disturbed to
_BLOCK = 1_024  # vectors that are compared with all anchors at a time


class Map(Protocol):
    """Takes unit vectors (n, d) of one space, less a mean, to the directions (n, e) in another."""

    def __call__(self, vectors: FloatArray) -> FloatArray: ...


@dataclass(frozen=True, eq=False)
class LinearMap:
    """A matrix of shape (d, e)."""

    matrix: FloatArray

    def __call__(self, vectors: FloatArray) -> FloatArray:
        product: FloatArray = vectors @ self.matrix
        return product


@dataclass(frozen=True, eq=False)
class AnchorMap:
    """The anchors in both spaces, (n, d) and (n, e), and the temperature of the softmax.

    They may be of half precision, which keeps a search of a collection with many anchors small.
    """

    source: NDArray[np.floating[Any]]
    target: NDArray[np.floating[Any]]
    temperature: float

    def __call__(self, vectors: FloatArray) -> FloatArray:
        source = np.asarray(self.source, np.float32)
        target = np.asarray(self.target, np.float32)
        crossed = np.empty((len(vectors), target.shape[1]), np.float32)
        for start in range(0, len(vectors), _BLOCK):
            block = slice(start, start + _BLOCK)
            crossed[block] = self._softmax(vectors[block] @ source.T) @ target
        return crossed

    def _softmax(self, cosines: FloatArray) -> FloatArray:
        cosines -= cosines.max(axis=1, keepdims=True)
        weights: FloatArray = np.exp(cosines / np.float32(self.temperature))
        weights /= weights.sum(axis=1, keepdims=True)
        return weights


@dataclass(frozen=True)
class Choice:
    """What the held-out anchors said.

    Attributes:
        method: one of `METHODS`.
        parameter: the penalty of a ridge, the temperature of a softmax, 0 for Procrustes.
        scores: the mean reciprocal rank that each method reached with its best parameter, see
            `choose`.
        held_out: how many anchors there were to choose from.
    """

    method: str
    parameter: float
    scores: Mapping[str, float]
    held_out: int


@dataclass(frozen=True, eq=False)
class Bridge:
    """A fitted way from one space into another.

    Attributes:
        source, target: the ids of the spaces.
        map: what was fitted.
        means: of each modality of the source space that is known, the mean vector (d,).
        choice: why this map.
    """

    source: str
    target: str
    map: Map
    means: Mapping[Modality, FloatArray]
    choice: Choice

    def apply(self, vectors: FloatArray, modality: Modality) -> FloatArray:
        """Take vectors of one modality across.

        The results are relative to the target space's texts and as long as the vectors are
        relative to their own modality, so that in a sum with others each counts as it should. What
        they are relative to adds the same to the cosines of a query with all items of a modality.

        Args:
            vectors: (n, d) of the source space, or one (d,).
            modality: what they are of; the mean of texts stands in for one without a mean.

        Returns:
            (n, e) in the target space, or one (e,), float32.
        """
        mean = self.means.get(modality, self.means[Modality.TEXT])
        centred = np.atleast_2d(vectors).astype(np.float32) - mean
        lengths = np.linalg.norm(centred, axis=1, keepdims=True)
        crossed = unit(self.map(unit(centred))) * lengths
        result: FloatArray = crossed[0] if np.ndim(vectors) == 1 else crossed
        return result


def modality_mean(items: FloatArray, background: FloatArray, texts: FloatArray) -> FloatArray:
    """Where a modality lies in a space: a mean vector (d,).

    The background is small and about other things than the items, so its mean counts only half:
    it is taken at half its distance from the texts' mean (docs/bridge.md).

    Args:
        items: vectors of the modality from the collection, (n, d); may be none.
        background: those of the background bank, (m, d).
        texts: the mean of the space's texts, (d,).
    """
    if not len(items) + len(background):
        return texts
    prior = (background + texts).sum(axis=0) / 2
    mean: FloatArray = (items.sum(axis=0) + prior) / np.float32(len(items) + len(background))
    return mean.astype(np.float32)


def unit(vectors: FloatArray) -> FloatArray:
    """The vectors scaled to length 1; those of no length stay as they are."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: FloatArray = vectors / np.maximum(lengths, np.float32(1e-9))
    return scaled


def fit_bridge(
    source: str,
    target: str,
    anchors: tuple[FloatArray, FloatArray],
    means: Mapping[Modality, FloatArray],
    *,
    methods: Sequence[str] = METHODS,
    seed: int = 0,
) -> Bridge:
    """Fit each kind of map to some anchors, and the best of them to all.

    Args:
        source: the id of the space that vectors come from.
        target: the id of the space that they go to.
        anchors: the same captions in the source space (n, d) and in the target space (n, e).
        means: of modalities of the source space other than text.
        methods: those of `METHODS` that compete.
        seed: of the choice of the anchors that are held out.
    """
    here, there = (np.asarray(vectors, np.float32) for vectors in anchors)
    mean = here.mean(axis=0)
    x, y = unit(here - mean), unit(there - there.mean(axis=0))
    choice = choose(x, y, methods=methods, seed=seed)
    fitted = next(_maps(choice.method, x, y, (choice.parameter,)))
    return Bridge(source, target, fitted, {**means, Modality.TEXT: mean}, choice)


def choose(
    x: FloatArray, y: FloatArray, *, methods: Sequence[str] = METHODS, seed: int = 0
) -> Choice:
    """Choose a map by how well anchors that it was not fitted to find themselves.

    What is held out is whole neighbourhoods: with its near-duplicates among the rest, an anchor
    would be found again by a map that has learnt nothing but the anchors. And it is disturbed, as
    an image shares only part of its direction with its caption; between spaces that are much alike
    every map finds all that are not.

    Args:
        x: unit vectors (n, d) of anchors in the source space.
        y: those of the same anchors in the target space, (n, e).
        methods: those of `METHODS` that compete.
        seed: of the choice of the anchors that are held out, and of the disturbance.
    """
    rng = np.random.default_rng(seed)
    held_out, rest = _neighbourhoods(x, min(_HELD_OUT, len(x) // 5), rng)
    queries = _disturbed(x[held_out], rng)
    scores: dict[str, tuple[float, float]] = {}
    for method in methods:
        parameters = _PARAMETERS[method]
        maps = _maps(method, x[rest], y[rest], parameters)
        for parameter, fitted in zip(parameters, maps, strict=True):
            score = _reciprocal_rank(unit(fitted(queries)), y[held_out])
            scores[method] = max(scores.get(method, (-1.0, 0.0)), (score, parameter))
    best = max(methods, key=lambda method: scores[method][0])
    rounded = {method: round(score, 4) for method, (score, _) in scores.items()}
    return Choice(best, scores[best][1], rounded, len(held_out))


def _maps(
    method: str, x: FloatArray, y: FloatArray, parameters: tuple[float, ...]
) -> Iterator[Map]:
    """One map for each parameter."""
    if method == "softmax":
        for temperature in parameters:
            yield AnchorMap(x, y, temperature)
        return
    across = x.T @ y / np.float32(len(x))
    if method == "procrustes":
        left, _, right = np.linalg.svd(across, full_matrices=False)
        yield LinearMap((left @ right).astype(np.float32))
        return
    variances, directions = np.linalg.eigh(x.T @ x / np.float32(len(x)))
    for penalty in parameters:
        shrunk = 1.0 / (variances + penalty * variances.mean())
        matrix = directions @ (shrunk[:, None] * (directions.T @ across))
        yield LinearMap(matrix.astype(np.float32))


def _neighbourhoods(
    x: FloatArray, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The places of so many rows, those around some rows drawn at random, and of the others."""
    centres = rng.choice(len(x), _NEIGHBOURHOODS, replace=False)
    cosines: FloatArray = (x[centres] @ x.T).max(axis=0)
    order = np.argsort(-cosines, kind="stable")
    return np.sort(order[:count]), np.sort(order[count:])


def _disturbed(vectors: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Unit vectors at a cosine of `_LIKENESS` from the given ones, off in directions they have."""
    noise = rng.normal(size=(len(vectors), len(vectors))).astype(np.float32) @ vectors
    noise -= (noise * vectors).sum(axis=1, keepdims=True) * vectors
    share = np.float32(_LIKENESS)
    disturbed: FloatArray = share * vectors + np.sqrt(1 - share**2) * unit(noise)
    return disturbed


def _reciprocal_rank(mapped: FloatArray, targets: FloatArray) -> float:
    """The mean of 1 / rank of each target among all, by the vector that was mapped to it."""
    cosines = mapped @ targets.T
    ranks = 1 + (cosines > np.diag(cosines)[:, None]).sum(axis=1)
    return float((1.0 / ranks).mean())
