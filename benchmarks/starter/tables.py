"""What the starter model knows without training: text vectors of classes and categories.

Also the one-time conversion of the audio network's checkpoint (a pickle) to safetensors.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional

from anysense.embed.encoders.starter.audio import folded_state
from anysense.embed.encoders.starter.text import TextTower
from anysense.embed.encoders.starter.tokens import TextTokenizer

if TYPE_CHECKING:
    from wordnet import Synset

__all__ = ["Texts", "categories", "convert_audio", "imagenet_table", "text_mean"]

HERE = Path(__file__).parent
HEADS = ("prosfx", "soundly", "ucsMixed")


class Texts:
    """MiniLM's vectors of texts, unit length, cached on disk, without and with the mean removed."""

    def __init__(self, cache: Path, mean: np.ndarray | None = None) -> None:
        self.cache, self.mean = cache, mean
        self.known: dict[str, np.ndarray] = {}
        if cache.exists():
            with np.load(cache, allow_pickle=False) as stored:
                self.known = dict(zip(stored["texts"].tolist(), stored["vectors"], strict=False))

    def raw(self, texts: list[str]) -> np.ndarray:
        missing = sorted(set(texts) - set(self.known), key=lambda t: (len(t), t))
        if missing:
            tokenizer = TextTokenizer()
            tower = TextTower(torch.zeros(384), torch.device("cpu"))
            for start in range(0, len(missing), 64):
                self._encode(tokenizer, tower, missing[start : start + 64])
            names = np.array(sorted(self.known))
            self.cache.parent.mkdir(parents=True, exist_ok=True)
            np.savez(self.cache, texts=names, vectors=np.stack([self.known[n] for n in names]))
        return np.stack([self.known[text] for text in texts])

    def __call__(self, texts: list[str]) -> np.ndarray:
        vectors = self.raw(texts) - self.mean
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    @torch.inference_mode()
    def _encode(self, tokenizer: TextTokenizer, tower: TextTower, batch: list[str]) -> None:
        tokens = [tokenizer.tokenize(text) for text in batch]
        ids = torch.zeros(len(batch), max(map(len, tokens)), dtype=torch.long)
        mask = torch.zeros(ids.shape, dtype=torch.bool)
        for row, token in enumerate(tokens):
            ids[row, : len(token)] = torch.tensor(token)
            mask[row, : len(token)] = True
        vectors = functional.normalize(tower.network(ids, mask), dim=1).numpy()
        self.known.update(zip(batch, vectors, strict=False))


def text_mean(texts: Texts, nouns: dict[int, Synset]) -> np.ndarray:
    """The mean vector of 4,000 of WordNet's nouns and 2,000 of their definitions."""
    offsets = sorted(nouns)
    picked = np.random.default_rng(0).choice(len(offsets), 4000, replace=False)
    pool = [nouns[offsets[i]].words[0] for i in picked]
    pool += [nouns[offsets[i]].gloss for i in picked[:2000]]
    return texts.raw(pool).mean(axis=0)


def imagenet_table(texts: Texts, nouns: dict[int, Synset], synsets: list[int]) -> np.ndarray:
    """A unit vector of each ImageNet class: its words, its definition, and two broader words."""
    parts: list[tuple[int, float, str]] = []
    for row, offset in enumerate(synsets):
        synset = nouns[offset]
        parts.append((row, 1.0, synset.words[0]))
        parts += [(row, 0.5, word) for word in synset.words[1:4]]
        if synset.gloss:
            parts.append((row, 1.0, synset.gloss))
        weight = 0.5
        for _ in range(2):
            if synset.hypernyms:
                synset = nouns[synset.hypernyms[0]]
                parts.append((row, weight, synset.words[0]))
                weight /= 2
    vectors = texts([text for _, _, text in parts])
    table = np.zeros((len(synsets), 384), dtype=np.float32)
    for (row, weight, _), vector in zip(parts, vectors, strict=False):
        table[row] += weight * vector
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def categories(texts: Texts, described: bool = True) -> tuple[np.ndarray, list[list[int]]]:
    """A vector of each sound category, and the row of every class of the three named classifiers.

    The category is the mean of its descriptive words, or (not `described`) its name alone.
    """
    words = json.loads((HERE / "data/ucs_descriptions.json").read_text())
    heads = json.loads((HERE / "data/ucs_heads.json").read_text())
    names = sorted(words)
    rows = []
    for name in names:
        parts = [w.strip() for w in words[name].split(",")] if described else [name.lower()]
        rows.append(texts(parts).mean(axis=0))
    index = {name: row for row, name in enumerate(names)}
    return np.stack(rows), [[index[name] for name in heads[head]] for head in HEADS]


def convert_audio(checkpoint: Path, target: Path) -> None:
    """Write the checkpoint's tensors, batch norms folded, as half-precision safetensors."""
    # The checkpoint is a pickle of tensors and NumPy scalars; it is read once, by who trusts it.
    tensors, _ = torch.load(checkpoint, map_location="cpu", weights_only=False)
    save_file({k: v.half().contiguous() for k, v in folded_state(tensors).items()}, target)
