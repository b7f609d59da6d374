"""The starter model's text tower: all-MiniLM-L6-v2 with its mean removed.

The network is BERT (Devlin et al., 2019) with 6 layers of 384 units, distilled as in MiniLM (Wang
et al., 2020) and trained on sentence pairs; the vector is the mean over tokens. It is written out
here because importing a model library takes longer than loading these weights.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from anysense.embed.encoders.device import BatchRunner, may_round
from anysense.embed.encoders.starter.weights import DATA_FOLDER, load_tensors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anysense.embed.encoders.starter.tokens import TextTokens
    from anysense.embed.types import FloatArray

__all__ = ["MiniLM", "TextTower"]

_WIDTH, _HEADS, _LAYERS, _HIDDEN, _VOCABULARY, _POSITIONS = 384, 12, 6, 1536, 30522, 512
_EPSILON = 1e-12


class _Layer(nn.Module):
    """One post-norm transformer layer."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(_WIDTH, _WIDTH)
        self.key = nn.Linear(_WIDTH, _WIDTH)
        self.value = nn.Linear(_WIDTH, _WIDTH)
        self.attended = nn.Linear(_WIDTH, _WIDTH)
        self.norm1 = nn.LayerNorm(_WIDTH, eps=_EPSILON)
        self.grow = nn.Linear(_WIDTH, _HIDDEN)
        self.shrink = nn.Linear(_HIDDEN, _WIDTH)
        self.norm2 = nn.LayerNorm(_WIDTH, eps=_EPSILON)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        batch, length, _ = x.shape

        def split(y: torch.Tensor) -> torch.Tensor:
            return y.view(batch, length, _HEADS, -1).transpose(1, 2)

        y = functional.scaled_dot_product_attention(
            split(self.query(x)), split(self.key(x)), split(self.value(x)), attn_mask=mask
        )
        x = self.norm1(x + self.attended(y.transpose(1, 2).reshape(batch, length, _WIDTH)))
        out: torch.Tensor = self.norm2(x + self.shrink(functional.gelu(self.grow(x))))
        return out


def _table(rows: int) -> nn.Embedding:
    """Without initial values: to draw them, torch would first load its compiler, for 2 seconds."""
    return nn.Embedding(rows, _WIDTH, _weight=torch.empty(rows, _WIDTH))


class MiniLM(nn.Module):
    """Token ids of shape (n, length) to mean-pooled vectors of shape (n, 384)."""

    def __init__(self) -> None:
        super().__init__()
        self.words = _table(_VOCABULARY)
        self.positions = _table(_POSITIONS)
        self.types = _table(2)
        self.norm = nn.LayerNorm(_WIDTH, eps=_EPSILON)
        self.layers = nn.ModuleList(_Layer() for _ in range(_LAYERS))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Encode `ids`; `mask`, of the same shape, is False where a row is padding."""
        x = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.types.weight[0]
        x = self.norm(x)
        attention = None if mask is None else mask[:, None, None, :]
        for layer in self.layers:
            x = layer(x, attention)
        weight = torch.ones_like(x[:, :, :1]) if mask is None else mask[:, :, None].to(x.dtype)
        out: torch.Tensor = (x * weight).sum(dim=1) / weight.sum(dim=1)
        return out


_NAMES = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "attended",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "grow",
    "output.dense": "shrink",
    "output.LayerNorm": "norm2",
}
_EMBEDDINGS = {
    "embeddings.word_embeddings": "words",
    "embeddings.position_embeddings": "positions",
    "embeddings.token_type_embeddings": "types",
    "embeddings.LayerNorm": "norm",
}


def _our_name(name: str) -> str | None:
    """The name of one of the checkpoint's tensors in `MiniLM`; None if it is not used."""
    stem, _, kind = name.rpartition(".")
    if stem in _EMBEDDINGS:
        return f"{_EMBEDDINGS[stem]}.{kind}"
    match = re.fullmatch(r"encoder\.layer\.(\d+)\.(.+)", stem)
    if match and match[2] in _NAMES:
        return f"layers.{match[1]}.{_NAMES[match[2]]}.{kind}"
    return None  # the pooler and the position ids


class TextTower:
    """Network and the stored mean of the text vectors.

    Args:
        mean: shape (384,), subtracted from every normalised vector: MiniLM's vectors share a
            direction that says nothing about their meaning.
    """

    def __init__(
        self, mean: torch.Tensor, device: torch.device, folder: Path = DATA_FOLDER
    ) -> None:
        self._runner = BatchRunner(device)
        tensors = load_tensors("text", folder)
        weights = {ours: t for name, t in tensors.items() if (ours := _our_name(name)) is not None}
        with torch.device("meta"):
            self.network = MiniLM()
        self.network.load_state_dict(weights, assign=True)
        self.network.eval().requires_grad_(False).to(device)
        self.mean = mean.to(device)

    def encode(self, prepared: Sequence[TextTokens]) -> FloatArray:
        """Unit vectors of shape (n, 384); texts of one length share batches, none is padded.

        Those of queries are, where several have come together.
        """
        texts = [torch.tensor(ids) for ids in prepared]
        if len(texts) > 1 and may_round():
            return self._runner.run_padded(self._forward_padded, texts)
        return self._runner.run_grouped(self._forward, texts)

    def _forward(self, ids: torch.Tensor) -> torch.Tensor:
        vectors = functional.normalize(self.network(ids), dim=1)
        return vectors - self.mean

    def _forward_padded(self, batch: torch.Tensor) -> torch.Tensor:
        vectors = functional.normalize(self.network(batch[:, 0], batch[:, 1].bool()), dim=1)
        return vectors - self.mean
