"""Collections of items with several segments, made of labelled vectors of single ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Array = NDArray[Any]
MODALITIES = ("text", "image", "audio")
GALLERY = Path(__file__).resolve().parents[2] / "tests/support/data/gallery.npz"
NONE = "-"  # of segments that are relevant to nothing
LONGEST = 50
CLASSES_ASIDE = 10  # of ESC-50, whose vectors are the background
CAPTIONS_ASIDE, PICTURES_ASIDE = 96, 24  # of COCO, likewise
ASKING = 4  # clips of each class that ask


@dataclass(frozen=True)
class Pool:
    """Vectors of one model, each of which may be a segment or a query.

    Attributes:
        vectors: (n, d) float32 of length 1.
        modalities, labels, families: of each, (n,); a query is about its label, and what is of the
            same family is not unrelated.
        bank: the background's vectors by modality.
    """

    vectors: Array
    modalities: Array
    labels: Array
    families: Array
    bank: dict[str, Array]


@dataclass(frozen=True)
class Collection:
    """Places in a pool: those of each item's segments, and those that ask."""

    pool: Pool
    items: list[Array]
    queries: Array


def gallery_pool() -> Pool:
    """The starter's vectors of the development gallery; its short text queries come last."""
    with np.load(GALLERY, allow_pickle=False) as arrays:
        queries = len(arrays["queries"])
        return Pool(
            np.concatenate([arrays["items"], arrays["queries"]]).astype(np.float32),
            np.concatenate([arrays["modalities"], np.full(queries, "text")]),
            np.concatenate([arrays["concepts"], arrays["query_concepts"]]),
            np.concatenate([arrays["families"], arrays["query_families"]]),
            {m: arrays[f"background_{m}"].astype(np.float32) for m in MODALITIES},
        )


def esc_pool(folder: Path) -> Pool:
    """LAION-CLAP's vectors of ESC-50: clips and a text for each class, less ten classes."""
    with np.load(folder / "clap_esc50.npz", allow_pickle=False) as arrays:
        audio, text = arrays["audio"].astype(np.float32), arrays["class_text"].astype(np.float32)
        label, names = arrays["label"], arrays["class_names"]
    aside = np.random.default_rng(0).permutation(len(names))[:CLASSES_ASIDE]
    clips = ~np.isin(label, aside)
    classes = np.setdiff1d(np.arange(len(names)), aside)
    chance = np.flatnonzero(~clips)
    labels = np.concatenate([names[label[clips]], names[classes]])
    return Pool(
        np.concatenate([audio[clips], text[classes]]),
        np.repeat(["audio", "text"], [clips.sum(), len(classes)]),
        labels,
        labels,
        {"text": text[aside], "audio": audio[np.random.default_rng(0).choice(chance, 24, False)]},
    )


def coco_pool(folder: Path) -> Pool:
    """CLIP's vectors of 400 pictures of COCO and a caption of each; others are the background."""
    with np.load(folder / "clip_coco500.npz", allow_pickle=False) as arrays:
        image, text = arrays["image"].astype(np.float32), arrays["text"].astype(np.float32)
    aside = np.random.default_rng(0).permutation(len(image))[:CAPTIONS_ASIDE]
    rows = np.setdiff1d(np.arange(len(image)), aside)
    labels = np.tile(rows.astype(str), 2)
    return Pool(
        np.concatenate([image[rows], text[rows]]),
        np.repeat(["image", "text"], len(rows)),
        labels,
        labels,
        {"text": text[aside], "image": image[aside[:PICTURES_ASIDE]]},
    )


def sizes(rng: np.random.Generator, total: int, longest: int = LONGEST) -> list[int]:
    """How many segments each item has: half have one, the others 2 to `longest`, evenly by log."""
    out: list[int] = []
    while sum(out) < total:
        some = int(np.exp(rng.uniform(np.log(2), np.log(longest + 1))))
        out.append(1 if rng.random() < 0.5 else some)
    out[-1] -= sum(out) - total
    return out


def cut(places: Array, lengths: Sequence[int]) -> list[Array]:
    """Consecutive parts of these lengths."""
    return np.split(places, np.cumsum(lengths)[:-1])


def sprinkled(rng: np.random.Generator, _: Pool, places: Array) -> list[Array]:
    """Each segment lies anywhere: the longer an item, the likelier something in it is relevant."""
    return cut(rng.permutation(places), sizes(rng, len(places)))


def one_subject(rng: np.random.Generator, pool: Pool, places: Array) -> list[Array]:
    """Every segment of an item is of its subject, however many it has."""
    items = []
    for label in np.unique(pool.labels[places]):
        of_it = rng.permutation(places[pool.labels[places] == label])
        items += cut(of_it, sizes(rng, len(of_it)))
    return items


def part_relevant(rng: np.random.Generator, pool: Pool, places: Array) -> list[Array]:
    """One to three segments of an item are of its subject, whatever its length, the rest of none.

    Half of the items have no rest; there are some that are of no subject at all.
    """
    filling = rng.permutation(places[pool.labels[places] == NONE])
    items: list[Array] = []
    start = 0
    for label in np.setdiff1d(pool.labels[places], [NONE]):
        of_it = rng.permutation(places[pool.labels[places] == label])
        while len(of_it):
            take = int(rng.integers(1, 4))
            part, of_it = of_it[:take], of_it[take:]
            size = sizes(rng, LONGEST)[0]
            rest = filling[start : start + max(size - len(part), 0)]
            start += len(rest)
            items.append(np.concatenate([part, rest]))
    left = filling[start:]
    return items + (cut(left, sizes(rng, len(left))) if len(left) else [])


def modalities_agree(rng: np.random.Generator, pool: Pool, places: Array) -> list[Array]:
    """A picture with its sound, and often a text: of one label; half of the items are single."""
    items: list[Array] = []
    for label in np.unique(pool.labels[places]):
        of_label = places[pool.labels[places] == label]
        columns = [rng.permutation(of_label[pool.modalities[of_label] == m]) for m in MODALITIES]
        for row in range(max(map(len, columns))):
            parts = [column[row] for column in columns if row < len(column)]
            if rng.random() < 0.5:
                items += [np.array([part]) for part in parts]
            else:
                items.append(np.array(parts))
    return items


def gallery_collections(pool: Pool, rng: np.random.Generator) -> Iterator[tuple[str, Collection]]:
    """Short texts ask, and one picture and one sound of each concept that are not in the items."""
    texts = np.arange(len(pool.labels))[-90:]
    asking = [texts]
    for label in np.unique(pool.labels[texts]):
        for modality in ("image", "audio"):
            of_it = np.flatnonzero((pool.labels == label) & (pool.modalities == modality))
            asking.append(rng.permutation(of_it)[:1])
    queries = np.concatenate(asking)
    places = np.setdiff1d(np.arange(len(pool.labels)), queries)
    for build in (modalities_agree, one_subject, part_relevant, sprinkled):
        kept = places[pool.labels[places] != NONE] if build is one_subject else places
        items = build(rng, pool, kept)
        if build is one_subject:
            items += sprinkled(rng, pool, places[pool.labels[places] == NONE])
        yield build.__name__, Collection(pool, items, queries)


def esc_collections(pool: Pool, rng: np.random.Generator) -> Iterator[tuple[str, Collection]]:
    """The texts of the classes ask, and four clips of each that are not in the items."""
    clips = pool.modalities == "audio"
    by_class = [np.flatnonzero(clips & (pool.labels == name)) for name in np.unique(pool.labels)]
    asking = [rng.permutation(of_it)[:ASKING] for of_it in by_class]
    queries = np.concatenate([np.flatnonzero(~clips), *asking])
    places = np.setdiff1d(np.flatnonzero(clips), queries)
    for build in (one_subject, sprinkled):
        yield build.__name__, Collection(pool, build(rng, pool, places), queries)
    # Half of the classes are relevant to nothing, and of the others few clips are taken.
    names = rng.permutation(np.unique(pool.labels))
    others = names[: len(names) // 2]
    few = [rng.permutation(places[pool.labels[places] == n])[:5] for n in names[len(others) :]]
    labels = np.where(np.isin(pool.labels, others), NONE, pool.labels)
    part = Pool(pool.vectors, pool.modalities, labels, pool.families, pool.bank)
    rest = places[np.isin(pool.labels[places], others)]
    asks = queries[labels[queries] != NONE]
    items = part_relevant(rng, part, np.concatenate([*few, rest]))
    yield "part_relevant", Collection(part, items, asks)
    yield "titled", Collection(pool, titled(rng, pool, places), queries[clips[queries]])


def titled(rng: np.random.Generator, pool: Pool, places: Array) -> list[Array]:
    """Clips, half of them with the text of their class as a title."""
    title = {pool.labels[p]: p for p in np.flatnonzero(pool.modalities == "text")}
    return [
        np.array([place, title[pool.labels[place]]]) if rng.random() < 0.5 else np.array([place])
        for place in rng.permutation(places)
    ]


def coco_collections(pool: Pool, rng: np.random.Generator) -> Iterator[tuple[str, Collection]]:
    """Of each row the picture or the caption is in an item, and the other asks."""
    rows = len(pool.labels) // 2
    order = rng.permutation(rows)
    pictures, captions = order[: rows // 2], order[rows // 2 :] + rows
    places = np.concatenate([pictures, captions])
    queries = np.concatenate([pictures + rows, captions - rows])
    yield "sprinkled", Collection(pool, sprinkled(rng, pool, places), queries)
    yield "unlike_words", Collection(pool, list(np.stack([pictures, captions], 1)), queries)
    yield "like_words", Collection(pool, neighbours(pool, pictures, captions), queries)
    labels = pool.labels.copy()
    asks, rest = queries[::3], np.setdiff1d(np.arange(len(queries)), np.arange(len(queries))[::3])
    labels[places[rest]] = NONE
    part = Pool(pool.vectors, pool.modalities, labels, pool.families, pool.bank)
    yield "part_relevant", Collection(part, part_relevant(rng, part, places), asks)


def neighbours(pool: Pool, pictures: Array, captions: Array) -> list[Array]:
    """Each picture with the caption of another that is like it by picture and by caption."""
    rows = len(pool.labels) // 2
    near = np.zeros((len(pictures), len(captions)))
    for first, second in ((pictures, captions - rows), (pictures + rows, captions)):
        middle = pool.vectors[np.concatenate([first, second])].mean(axis=0)
        near += (pool.vectors[first] - middle) @ (pool.vectors[second] - middle).T
    items = []
    for place in np.argsort(-near.max(axis=1)):
        other = int(near[place].argmax())
        near[:, other] = -np.inf
        items.append(np.array([pictures[place], captions[other]]))
    return items
