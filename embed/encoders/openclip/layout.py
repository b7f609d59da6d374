"""The order of axes in which a model's attention is fast on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from open_clip.transformer import ResidualAttentionBlock, Transformer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import nn

__all__ = ["put_sequence_first"]


def put_sequence_first(model: nn.Module) -> None:
    """Let the transformers of an open_clip model work on (length, batch, width).

    As open_clip makes them, attention turns its input around in each layer, and torch multiplies
    what is turned around by the same weights once for each text of a batch, which takes up to twice
    as long (pytorch/pytorch#126973). Vectors are the same, to rounding.
    """
    modules: Iterable[Any] = model.modules()
    for module in modules:
        if type(module) is Transformer and all(map(_is_plain, module.resblocks)):
            module.batch_first = False
            for block in module.resblocks:
                block.attn.batch_first = False


def _is_plain(block: nn.Module) -> bool:
    """Whether it is no block that looks at pictures too, as those of CoCa's decoder."""
    return type(block) is ResidualAttentionBlock
