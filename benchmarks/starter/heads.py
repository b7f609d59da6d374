"""The heads that were tried: from what a frozen network says to a vector of the text space.

Each method takes the rows that it may be fitted to and returns the unit vectors of all rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from media import Item

__all__ = ["Data", "centred", "contrastive", "neighbours", "ridge", "ridge_weights", "unit"]


@dataclass(frozen=True)
class Data:
    """One modality's media: features (n, d), no-training vectors (n, 384), caption vectors."""

    items: Sequence[Item]
    features: np.ndarray
    captions: np.ndarray


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-9)


def standard(x: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x[rows].mean(axis=0), x[rows].std(axis=0) + 1e-3


def caption_weights(items: Sequence[Item], rows: np.ndarray, power: float = 0.5) -> np.ndarray:
    """One over the number of items of the same caption, to a power; mean one."""
    counts = Counter(items[row].caption for row in rows)
    weights = np.array([counts[items[row].caption] ** -power for row in rows])
    return weights / weights.mean()


def ridge_weights(
    data: Data, rows: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean and deviation of the features, and the matrix and offset that predict the captions.

    Weighted ridge regression in its dual form; features are standardised and divided by the square
    root of their number, so the penalty means the same for every feature set.
    """
    mean, deviation = standard(data.features, rows)
    x = (data.features[rows] - mean) / deviation / np.sqrt(data.features.shape[1])
    root = np.sqrt(caption_weights(data.items, rows))[:, None]
    target = data.captions[rows]
    offset = (root**2 * target).sum(axis=0) / (root**2).sum()
    gram = (root * x) @ (root * x).T + penalty * np.eye(len(rows))
    matrix = (root * x).T @ np.linalg.solve(gram, root * (target - offset))
    return mean, deviation, matrix / np.sqrt(data.features.shape[1]), offset


def ridge(data: Data, rows: np.ndarray, penalty: float) -> np.ndarray:
    """Ridge prediction without its offset, scaled to a mean length of one on the fitted rows."""
    mean, deviation, matrix, _ = ridge_weights(data, rows, penalty)
    out = (data.features - mean) / deviation @ matrix
    return out / np.linalg.norm(out[rows], axis=1).mean()


def neighbours(data: Data, rows: np.ndarray, temperature: float) -> np.ndarray:
    """The captions of the nearest training items, by softmax of cosines, their mean removed."""
    mean, deviation = standard(data.features, rows)
    x = unit((data.features - mean) / deviation)
    scores = x @ x[rows].T / temperature + np.log(caption_weights(data.items, rows, 1.0))
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    out = weights / weights.sum(axis=1, keepdims=True) @ data.captions[rows]
    out -= out[rows].mean(axis=0)
    return out / np.linalg.norm(out[rows], axis=1).mean()


def centred(vectors: np.ndarray, rows: np.ndarray, items: Sequence[Item]) -> np.ndarray:
    """No-training vectors without their mean over the fitted rows (one vote a caption)."""
    weights = caption_weights(items, rows, 1.0)[:, None]
    return unit(vectors - (weights * vectors[rows]).sum(axis=0) / weights.sum())


def contrastive(
    data: Data,
    skip: np.ndarray,
    rows: np.ndarray,
    *,
    hidden: int = 256,
    epochs: int = 12,
    mixing: bool = False,
    seed: int = 0,
) -> np.ndarray:
    """A two-layer perceptron beside the no-training vector, by InfoNCE plus cosine.

    Captions more alike than 0.8 do not count as negatives; with `mixing`, half of each batch are
    sums of two items with the sum of their captions (mixup in feature space).
    """
    import torch
    from torch import nn
    from torch.nn import functional

    torch.manual_seed(seed)
    mean, deviation = standard(data.features, rows)
    x = torch.tensor((data.features - mean) / deviation, dtype=torch.float32)
    base, text = (torch.tensor(a, dtype=torch.float32) for a in (skip, data.captions))
    net = nn.Sequential(
        nn.Dropout(0.3),
        nn.Linear(x.shape[1], hidden),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(hidden, 384),
    )
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.05)
    index = torch.tensor(rows)
    chances = torch.tensor(caption_weights(data.items, rows), dtype=torch.float32)
    for _ in range(epochs * max(1, len(rows) // 256)):
        pick = index[torch.multinomial(chances, 256, replacement=False)]
        a, b, t = x[pick], base[pick], text[pick]
        if mixing:
            half, other = len(pick) // 2, torch.randperm(len(pick))[: len(pick) // 2]
            share = torch.rand(half, 1) * 0.5
            a, b, t = (
                torch.cat([(1 - share) * v[:half] + share * v[other], v[half:]]) for v in (a, b, t)
            )
            t = functional.normalize(t, dim=1)
        out = functional.normalize(b + net(a), dim=1)
        alike = (t @ t.T > 0.8) & ~torch.eye(len(t), dtype=torch.bool)
        scores = (out @ t.T / 0.07).masked_fill(alike, -1e4)
        target = torch.arange(len(t))
        loss = (
            functional.cross_entropy(scores, target) + functional.cross_entropy(scores.T, target)
        ) / 2
        loss = loss + 0.5 * (1 - (out * t).sum(dim=1)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    net.eval()
    with torch.no_grad():
        result: np.ndarray = functional.normalize(base + net(x), dim=1).numpy()
    return result
