"""Galleries of vectors that CLIP and CLAP made, as others have published them.

``clip_coco500.npz``: OpenAI CLIP ViT-B/16, 500 pictures of COCO val2017 and a caption of each
(``image``, ``text``), of Weixin-Liang/Modality-Gap on GitHub (MIT). ``clap_esc50.npz``: LAION-CLAP
630k-audioset-best, the 2,000 clips of ESC-50 and a text for each class (``audio``, ``label``,
``class_text``, ``class_names``), of DustinChen263/audio-text-clap-vs-m2d-clap on GitHub (MIT).

Each draw sets some rows aside. They are the background; the others are a gallery of both
modalities, in which every item asks for the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from cases import MODALITIES, Case
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

Array = NDArray[Any]
SOURCES = {
    "COCO": "OpenAI CLIP ViT-B/16, COCO val2017: Weixin-Liang/Modality-Gap on GitHub, MIT",
    "ESC-50": "LAION-CLAP 630k-audioset-best, ESC-50: DustinChen263/audio-text-clap-vs-m2d-clap on "
    "GitHub, MIT",
}
PAIRS, TEXTS_ASIDE, MEDIA_ASIDE = 400, 96, 24
CLIPS, CLASSES_ASIDE = 800, 10


def coco(folder: Path, draw: int) -> Case:
    """400 pictures and their captions; an answer is the one of the same row, and no other is."""
    image, text, order = coco_rows(folder, draw)
    rows, aside = order[: -TEXTS_ASIDE - 4], order[-TEXTS_ASIDE - 4 :]
    bank = {"text": text[aside[:TEXTS_ASIDE]], "image": image[aside[:MEDIA_ASIDE]]}
    assert len(rows) == PAIRS
    return gallery({"text": text[rows], "image": image[rows]}, [rows.astype(str)] * 2, bank)


def coco_rows(folder: Path, draw: int) -> tuple[Array, Array, Array]:
    """The pictures' and the captions' vectors, (500, 512), and an order of the rows."""
    with np.load(folder / "clip_coco500.npz", allow_pickle=False) as arrays:
        image, text = arrays["image"].astype(np.float32), arrays["text"].astype(np.float32)
    return image, text, np.random.default_rng(draw).permutation(len(image))


def esc(folder: Path, draw: int) -> Case:
    """800 clips of 40 classes and a text for each class; what is of the class is an answer."""
    with np.load(folder / "clap_esc50.npz", allow_pickle=False) as arrays:
        audio, text = arrays["audio"].astype(np.float32), arrays["class_text"].astype(np.float32)
        label, names = arrays["label"], arrays["class_names"]
    rng = np.random.default_rng(draw)
    order = rng.permutation(len(names))
    aside, classes = order[:CLASSES_ASIDE], order[CLASSES_ASIDE:]
    chance = rng.choice(np.flatnonzero(np.isin(label, aside)), MEDIA_ASIDE, replace=False)
    clips = rng.choice(np.flatnonzero(np.isin(label, classes)), CLIPS, replace=False)
    bank = {"text": text[aside], "audio": audio[chance]}
    of = {"text": text[classes], "audio": audio[clips]}
    return gallery(of, [names[classes], names[label[clips]]], bank)


def gallery(of: dict[str, Array], labels: list[Array], bank: dict[str, Array]) -> Case:
    """A case in which every item is a query for the others."""
    vectors = np.concatenate(list(of.values()))
    modalities = np.repeat(list(of), [len(v) for v in of.values()])
    concepts = np.concatenate(labels)
    queries = []
    for modality in of:
        own = np.flatnonzero(modalities == modality)
        queries.append((modality, vectors[own], concepts[own], own))
    empty = np.empty((0, vectors.shape[1]), np.float32)
    return Case(vectors, modalities, concepts, {m: bank.get(m, empty) for m in MODALITIES}, queries)
