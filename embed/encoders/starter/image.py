"""The starter model's image tower: EfficientNet-Lite2, ConSE, and a small trained head.

EfficientNet (Tan & Le, 2019) in its Lite form: no squeeze-and-excitation, ReLU6. ConSE (Norouzi et
al., 2014) turns class probabilities into a text vector: the mean of the classes' text vectors,
weighted by their probabilities.
"""

from __future__ import annotations

import re
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

__all__ = ["EfficientNetLite2", "ImageTower"]

_TEMPERATURE, _TOP = 1.5, 50
# Expansion, kernel, stride, channels out, blocks: EfficientNet-B0's stages at width 1.1, depth 1.2
# (Lite keeps the depth of the first and the last stage, and the width of the stem).
_STAGES = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 3),
    (6, 5, 2, 48, 3),
    (6, 3, 2, 88, 4),
    (6, 5, 1, 120, 4),
    (6, 5, 2, 208, 5),
    (6, 3, 1, 352, 1),
]
_STEM, _FEATURES, _CLASSES = 32, 1280, 1000
_BN_EPSILON = 1e-3


class _Conv(nn.Module):
    """A convolution with its batch norm folded in, padded as TensorFlow pads "SAME"."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel, stride = self.conv.kernel_size[0], self.conv.stride[0]
        if kernel > 1:
            pads = []
            for size in (x.shape[3], x.shape[2]):
                total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
                pads += [total // 2, total - total // 2]
            x = functional.pad(x, pads)
        out: torch.Tensor = self.conv(x)
        return out


class _Block(nn.Module):
    """An inverted residual: expand, convolve each channel by itself, project."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = _Conv(inputs, hidden, 1, 1, 1) if expansion > 1 else None
        self.depthwise = _Conv(hidden, hidden, kernel, stride, hidden)
        self.project = _Conv(hidden, outputs, 1, 1, 1)
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x if self.expand is None else functional.relu6(self.expand(x))
        y = self.project(functional.relu6(self.depthwise(y)))
        out: torch.Tensor = x + y if self.skip else y
        return out


class EfficientNetLite2(nn.Module):
    """Pictures of shape (n, 3, 260, 260), scaled by (x - 127) / 128, to features and logits."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _Conv(3, _STEM, 3, 2, 1)
        blocks = []
        inputs = _STEM
        for expansion, kernel, stride, outputs, count in _STAGES:
            for index in range(count):
                blocks.append(
                    _Block(inputs, outputs, expansion, kernel, stride if index == 0 else 1)
                )
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)
        self.head = _Conv(inputs, _FEATURES, 1, 1, 1)
        self.classifier = nn.Linear(_FEATURES, _CLASSES)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features of shape (n, 1280) and the logits of ImageNet's 1000 classes."""
        x = functional.relu6(self.stem(x))
        for block in self.blocks:
            x = block(x)
        features = functional.relu6(self.head(x)).mean(dim=(2, 3))
        return features, self.classifier(features)


def folded_state(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The published tensors under our names, each batch norm folded into its convolution."""
    state = {"classifier.weight": tensors["_fc.weight"], "classifier.bias": tensors["_fc.bias"]}

    def fold(ours: str, conv: str, norm: str) -> None:
        variance = tensors[f"{norm}.running_var"] + _BN_EPSILON
        scale = tensors[f"{norm}.weight"] * variance.rsqrt()
        state[f"{ours}.conv.weight"] = tensors[f"{conv}.weight"] * scale[:, None, None, None]
        state[f"{ours}.conv.bias"] = (
            tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale
        )

    fold("stem", "_conv_stem", "_bn0")
    fold("head", "_conv_head", "_bn1")
    for name in tensors:
        match = re.fullmatch(r"_blocks\.(\d+)\._project_conv\.weight", name)
        if match:
            theirs, ours = f"_blocks.{match[1]}", f"blocks.{match[1]}"
            if f"{theirs}._expand_conv.weight" in tensors:
                fold(f"{ours}.expand", f"{theirs}._expand_conv", f"{theirs}._bn0")
            fold(f"{ours}.depthwise", f"{theirs}._depthwise_conv", f"{theirs}._bn1")
            fold(f"{ours}.project", f"{theirs}._project_conv", f"{theirs}._bn2")
    return state


class ImageTower:
    """Network, ConSE table and head: pictures to vectors of the common space.

    Args:
        tensors: ``conse`` (1000, 384), ``pool`` (384,), ``head.weight`` (1664, 384) and
            ``head.bias`` (384,); see `project`.
    """

    def __init__(
        self, tensors: dict[str, torch.Tensor], device: torch.device, folder: Path = DATA_FOLDER
    ) -> None:
        self._runner = BatchRunner(device)
        with torch.device("meta"):
            self.network = EfficientNetLite2()
        self.network.load_state_dict(folded_state(load_tensors("image", folder)), assign=True)
        self.network.eval().requires_grad_(False)
        self.network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.tensors = {name: tensor.to(device) for name, tensor in tensors.items()}

    def encode(self, prepared: Sequence[NDArray[np.uint8]]) -> FloatArray:
        """Unit vectors of shape (n, 384) for squares made by `letterbox` (`square.py`)."""
        return self._runner.run(
            self._forward,
            [torch.tensor(square) for square in prepared],
            micro_batch=1,
            key="images",
        )

    def _forward(self, squares: torch.Tensor) -> torch.Tensor:
        features, logits = self.network(pixels(squares))
        return project(features.float(), logits.float(), self.tensors)


def pixels(squares: torch.Tensor) -> torch.Tensor:
    """The network's input (n, 3, 260, 260) for squares of bytes (n, 260, 260, 3)."""
    values = (squares.permute(0, 3, 1, 2).float() - 127.0) / 128.0
    return values.contiguous(memory_format=torch.channels_last)


def conse(logits: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """Class logits (n, 1000) to unit text vectors (n, 384): ConSE over the 50 likeliest classes."""
    values, classes = torch.topk(logits / _TEMPERATURE, _TOP, dim=1)
    weights = torch.softmax(values, dim=1)
    return functional.normalize((weights[:, :, None] * table[classes]).sum(dim=1), dim=1)


def project(
    features: torch.Tensor, logits: torch.Tensor, tensors: dict[str, torch.Tensor]
) -> torch.Tensor:
    """Features and logits to unit vectors (n, 384) of the common space.

    ConSE without its mean over the training pictures, plus a linear head on the square roots of
    the features (which evens them out) and on the ConSE vector.
    """
    classes = conse(logits, tensors["conse"])
    base = functional.normalize(classes - tensors["pool"], dim=1)
    inputs = torch.cat([features.clamp_min(0.0).sqrt(), classes], dim=1)
    return functional.normalize(
        base + inputs @ tensors["head.weight"] + tensors["head.bias"], dim=1
    )
