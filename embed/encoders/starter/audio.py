"""The starter model's audio tower: a sound-effects network, ConSE over its classes, and a head.

The network is aiSFX's (Ma & Lerch, "Representation Learning for the Automatic Indexing of Sound
Effects Libraries", ISMIR 2022; weights CC BY 4.0): four blocks of two convolutions over a mel
spectrogram, and one small classifier for each sound library it was trained on. Three of them name
the categories of the Universal Category System.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from anysense.embed.encoders.device import BatchRunner
from anysense.embed.encoders.starter.weights import DATA_FOLDER, load_tensors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray

__all__ = ["AudioTower", "SoundEffectsNetwork", "blocks_of"]

_BLOCK, _BLOCK_HOP = 100, 50
_WIDTHS = (64, 128, 256, 512)
HEADS = (78, 79, 69, 81, 10, 27, 3, 23, 8)
"""The number of classes of each classifier, in the checkpoint's order."""
NAMED = 3
"""How many of them, from the first, have classes of known names."""

_BN_EPSILON = 1e-5


def blocks_of(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blocks of 100 frames, 50 apart, the last one ending where the sound ends: (n, 100, 96).

    A sound shorter than a block is padded with silence.
    """
    import numpy as np

    if len(mel) <= _BLOCK:
        return np.pad(mel, ((0, _BLOCK - len(mel)), (0, 0)))[None]
    last = len(mel) - _BLOCK
    starts = [*range(0, last, _BLOCK_HOP), last]
    return np.stack([mel[start : start + _BLOCK] for start in starts])


class SoundEffectsNetwork(nn.Module):
    """Blocks of shape (n, 100, 96) to embeddings (n, 512); batch norms folded in."""

    def __init__(self) -> None:
        super().__init__()
        convs = []
        inputs = 1
        for width in _WIDTHS:
            convs += [nn.Conv2d(inputs, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)]
            inputs = width
        self.convs = nn.ModuleList(convs)
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, n)
            )
            for n in HEADS
        )

    def forward(self, blocks: torch.Tensor) -> torch.Tensor:
        """Embeddings of shape (n, 512): mean over bands, then maximum over time."""
        x = blocks[:, None]
        for index, conv in enumerate(self.convs):
            x = functional.relu(conv(x))
            if index in (1, 3, 5):
                x = functional.max_pool2d(x, 2)
        return x.mean(dim=3).amax(dim=2)

    def classify(self, embedding: torch.Tensor) -> list[torch.Tensor]:
        """The log-probabilities of every classifier, one tensor (..., classes) for each."""
        return [functional.log_softmax(head(embedding), dim=-1) for head in self.heads]


def folded_state(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The checkpoint's tensors under our names, each batch norm folded into its convolution."""
    state = {}
    for name, tensor in tensors.items():
        if name.startswith("fc."):
            state["heads." + name[3:]] = tensor
    for index in range(2 * len(_WIDTHS)):
        block = f"embedding_net.conv_block{index // 2 + 1}"
        conv, norm = f"{block}.conv{index % 2 + 1}", f"{block}.bn{index % 2 + 1}"
        variance = tensors[f"{norm}.running_var"] + _BN_EPSILON
        scale = tensors[f"{norm}.weight"] * variance.rsqrt()
        state[f"convs.{index}.weight"] = tensors[f"{conv}.weight"] * scale[:, None, None, None]
        state[f"convs.{index}.bias"] = (
            tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale
        )
    return state


class AudioTower:
    """Network, ConSE table and head: windows of sound to vectors of the common space.

    Args:
        tensors: ``conse`` of shape (categories, 384); for each of the first three classifiers
            ``mean.i`` and ``deviation.i`` of shape (classes,) and ``categories.i``, the row of
            ``conse`` of each class; ``pool`` (384,), ``head.weight`` (512, 384) and ``head.bias``
            (384,), see `project`.
    """

    def __init__(
        self, tensors: dict[str, torch.Tensor], device: torch.device, folder: Path = DATA_FOLDER
    ) -> None:
        self._runner = BatchRunner(device)
        with torch.device("meta"):
            self.network = SoundEffectsNetwork()
        self.network.load_state_dict(load_tensors("audio", folder), assign=True)
        self.network.eval().requires_grad_(False).to(device)
        self.tensors = {name: tensor.to(device) for name, tensor in tensors.items()}

    def encode(self, prepared: Sequence[NDArray[np.float32]]) -> FloatArray:
        """Unit vectors of shape (n, 384) for mel spectrograms made by `log_mel` (`spectrogram.py`).

        Windows of as many blocks share a batch.
        """
        import numpy as np

        windows = [torch.from_numpy(blocks_of(mel)) for mel in prepared]
        by_count: dict[int, list[int]] = {}
        for at, blocks in enumerate(windows):
            by_count.setdefault(len(blocks), []).append(at)
        out = np.zeros((len(windows), self.tensors["pool"].shape[0]), dtype=np.float32)
        for count, members in by_count.items():
            out[members] = self._runner.run(
                self._forward,
                [windows[at] for at in members],
                micro_batch=1,
                key=f"windows of {count} blocks",
            )
        return out

    def _forward(self, windows: torch.Tensor) -> torch.Tensor:
        return project(*self.features(windows), self.tensors)

    def features(self, windows: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Of windows (n, blocks, 100, 96): embeddings (n, blocks, 512), and log-probabilities.

        The latter are (n, blocks, classes), one tensor for each classifier.
        """
        embedding = self.network(windows.flatten(0, 1)).unflatten(0, windows.shape[:2])
        return embedding, self.network.classify(embedding)


def conse(log_probabilities: list[torch.Tensor], tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    """Block log-probabilities (n, blocks, classes) to unit text vectors (n, 384).

    Log-probabilities are averaged over blocks and compared with their mean and deviation over a
    pool of sounds, class by class: what counts is a class that is likelier here than elsewhere.
    """
    table = tensors["conse"]
    weights = table.new_zeros(len(log_probabilities[0]), len(table))
    for index, log_p in enumerate(log_probabilities[:NAMED]):
        z = (log_p.float().mean(dim=1) - tensors[f"mean.{index}"]) / tensors[f"deviation.{index}"]
        weights.index_add_(1, tensors[f"categories.{index}"], torch.softmax(z, dim=1))
    return functional.normalize(weights @ table, dim=1)


def project(
    embedding: torch.Tensor, log_probabilities: list[torch.Tensor], tensors: dict[str, torch.Tensor]
) -> torch.Tensor:
    """Embeddings and log-probabilities of windows' blocks to unit vectors (n, 384).

    ConSE without its mean over the training sounds, plus a linear head on the blocks' mean square
    roots of the embedding.
    """
    base = functional.normalize(conse(log_probabilities, tensors) - tensors["pool"], dim=1)
    inputs = embedding.float().sqrt().mean(dim=1)
    return functional.normalize(
        base + inputs @ tensors["head.weight"] + tensors["head.bias"], dim=1
    )
