"""What a model takes of one input where a tensor is not enough, and how inputs share a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

__all__ = ["Features", "Input", "batched", "changed", "kind_of", "pinned", "tokens_of"]

Input = TypeVar("Input", bound="torch.Tensor | Features")


@dataclass(frozen=True, eq=False)
class Features:
    """What a processor gives for one input, or for a batch of inputs that are alike.

    Attributes:
        values: by name: tensors whose first axis is that of the batch (or of its parts, such as the
            patches of all its images), lists with an entry for each, and settings that inputs of
            one batch share.
        tokens: how many rows a model's matrix products have for one input, about.
    """

    values: Mapping[str, Any]
    tokens: int

    @property
    def kind(self) -> Hashable:
        """Inputs of one kind can be in one batch: only their contents differ."""
        return tuple(
            (name, tuple(value.shape) if isinstance(value, torch.Tensor) else _setting(value))
            for name, value in sorted(self.values.items())
        )

    def changed(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Features:
        """The same with each tensor changed."""
        return Features(
            {
                name: change(value) if isinstance(value, torch.Tensor) else value
                for name, value in self.values.items()
            },
            self.tokens,
        )


def _setting(value: Any) -> Hashable:
    return len(value) if isinstance(value, list) else repr(value)


def kind_of(one: torch.Tensor | Features) -> Hashable:
    """What inputs of one batch have in common: the length of texts, or all shapes of features."""
    return one.kind if isinstance(one, Features) else one.shape[-1]


def tokens_of(one: torch.Tensor | Features) -> int:
    """How many rows a model's matrix products have for one input."""
    return one.tokens if isinstance(one, Features) else int(one.shape[-1])


def batched(inputs: Sequence[Input]) -> Input:
    """Inputs of one kind as one batch."""
    first = inputs[0]
    if isinstance(first, Features):
        of_all = [cast("Features", one).values for one in inputs]
        values = {name: _joined([one[name] for one in of_all]) for name in first.values}
        return cast("Input", Features(values, first.tokens))
    return cast("Input", torch.stack(cast("list[torch.Tensor]", list(inputs))))


def changed(batch: Input, change: Callable[[torch.Tensor], torch.Tensor]) -> Input:
    """A batch with each tensor of it changed."""
    return cast("Input", batch.changed(change) if isinstance(batch, Features) else change(batch))


def pinned(inputs: Sequence[Input]) -> Input:
    """Inputs of one kind as one batch in memory from which a device copies by itself."""
    first = inputs[0]
    if isinstance(first, Features):
        return changed(batched(inputs), torch.Tensor.pin_memory)
    batch = torch.empty((len(inputs), *first.shape), dtype=first.dtype, pin_memory=True)
    torch.stack(cast("list[torch.Tensor]", list(inputs)), out=batch)
    return cast("Input", batch)


def _joined(values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, torch.Tensor):
        return torch.cat(values)
    return [entry for value in values for entry in value] if isinstance(first, list) else first
