"""Everything that training and evaluation start from: features, captions, no-training vectors."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from heads import Data, caption_weights, unit
from media import Item, pictures, sounds
from protocol import near_duplicates
from tables import Texts, categories, imagenet_table, text_mean
from wordnet import read_nouns

from anysense.embed.encoders.starter.audio import SoundEffectsNetwork
from anysense.embed.encoders.starter.weights import load_tensors

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Pictures", "Sounds", "load_pictures", "load_sounds", "load_texts"]

TEMPERATURE, TOP = 1.5, 50
DUPLICATE = 0.95


@dataclass(frozen=True)
class Sounds:
    """Items; sqrt embeddings averaged over blocks (n, 512); nine classifiers' log-probabilities."""

    items: list[Item]
    embedding: np.ndarray
    log_probabilities: list[np.ndarray]
    captions: np.ndarray
    dropped: int


@dataclass(frozen=True)
class Pictures:
    """Items; features (n, 1280); logits (n, 1000)."""

    items: list[Item]
    features: np.ndarray
    logits: np.ndarray
    captions: np.ndarray
    dropped: int


def load_texts(data: Path) -> tuple[Texts, dict, list[int]]:
    """The text encoder with its mean, WordNet's nouns, and ImageNet's synsets in class order."""
    nouns = read_nouns(next((data / "corpora/wordnet").rglob("data.noun")))
    listing = next((data / "corpora/timm").rglob("imagenet_synsets.txt")).read_text().split()
    texts = Texts(data / "features/texts.npz")
    texts.mean = text_mean(texts, nouns)
    return texts, nouns, [int(name[1:]) for name in listing]


def _kept(items: list[Item], features: np.ndarray) -> list[int]:
    dropped = set(near_duplicates(features, items, DUPLICATE))
    return [row for row in range(len(items)) if row not in dropped]


def load_sounds(data: Path, texts: Texts) -> Sounds:
    items, embeddings, log_probabilities = [], [], []
    network = SoundEffectsNetwork()
    network.load_state_dict(load_tensors("audio"))
    network.eval()
    with np.load(data / "features/sounds.npz") as stored, torch.inference_mode():
        for item in sounds(data):
            blocks = torch.from_numpy(stored[str(item.path.relative_to(data))].astype(np.float32))
            items.append(item)
            embeddings.append(blocks.sqrt().mean(dim=0).numpy())
            log_probabilities.append([p.mean(dim=0).numpy() for p in network.classify(blocks)])
    embedding = np.stack(embeddings)
    keep = _kept(items, embedding)
    heads = [np.stack([log_probabilities[row][h] for row in keep]) for h in range(9)]
    kept = [items[row] for row in keep]
    captions = texts([item.caption for item in kept])
    return Sounds(kept, embedding[keep], heads, captions, len(items) - len(keep))


def load_pictures(data: Path, texts: Texts) -> Pictures:
    items, rows = [], []
    with np.load(data / "features/pictures.npz") as stored:
        names = set(stored.files)
        for item in pictures(data):
            name = str(item.path.relative_to(data))
            if name in names:
                items.append(item)
                rows.append(stored[name])
    both = np.stack(rows)
    keep = _kept(items, np.sqrt(both[:, :1280]))
    kept, both = [items[row] for row in keep], both[keep]
    captions = texts([item.caption for item in kept])
    return Pictures(kept, both[:, :1280], both[:, 1280:], captions, len(items) - len(keep))


def audio_scale(media: Sounds, rows: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mean and deviation of the named classifiers' classes over a pool (one vote a caption)."""
    weights = caption_weights(media.items, rows, 1.0)[:, None]
    weights = weights / weights.sum()
    out = []
    for scores in media.log_probabilities[:3]:
        mean = (weights * scores[rows]).sum(axis=0)
        out.append((mean, np.sqrt((weights * (scores[rows] - mean) ** 2).sum(axis=0))))
    return out


def audio_conse(
    media: Sounds,
    rows: np.ndarray,
    table: np.ndarray,
    heads: list[list[int]],
    temperature: float = 1.0,
) -> np.ndarray:
    """ConSE over sound categories: unit vectors (n, 384)."""
    weights = np.zeros((len(media.items), len(table)))
    for scores, (mean, deviation), index in zip(
        media.log_probabilities, audio_scale(media, rows), heads, strict=False
    ):
        z = (scores - mean) / deviation / temperature
        p = np.exp(z - z.max(axis=1, keepdims=True))
        np.add.at(weights.T, index, (p / p.sum(axis=1, keepdims=True)).T)
    return unit(weights @ table)


def image_conse(media: Pictures, table: np.ndarray) -> np.ndarray:
    """ConSE over ImageNet's 50 likeliest classes: unit vectors (n, 384)."""
    scores = media.logits / TEMPERATURE
    top = np.argpartition(-scores, TOP, axis=1)[:, :TOP]
    best = np.take_along_axis(scores, top, axis=1)
    p = np.exp(best - best.max(axis=1, keepdims=True))
    return unit(np.einsum("nk,nkd->nd", p / p.sum(axis=1, keepdims=True), table[top]))


def audio_data(media: Sounds, extra: bool = False) -> Data:
    """Head input: sqrt embeddings, and with `extra` the scores of all nine classifiers too."""
    parts = [media.embedding, *(media.log_probabilities if extra else [])]
    return Data(media.items, np.concatenate(parts, axis=1), media.captions)


def image_data(media: Pictures, conse: np.ndarray | None = None) -> Data:
    """Head input: sqrt features, and the ConSE vectors where they are given."""
    parts = [np.sqrt(media.features), *([] if conse is None else [conse])]
    return Data(media.items, np.concatenate(parts, axis=1), media.captions)


def summary(items: list[Item]) -> dict[str, int]:
    return dict(sorted(Counter(f"{i.role}: {i.corpus}" for i in items).items()))


__all__ += ["audio_conse", "audio_data", "audio_scale", "categories", "image_conse", "image_data"]
__all__ += ["imagenet_table", "summary"]
