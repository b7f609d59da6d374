"""Texts of several lengths in one batch: which go together, and how they are padded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["of_like_length", "padded"]


def of_like_length(lengths: Sequence[int], most: int) -> list[range]:
    """Texts, the shortest first, cut where padding would cost more than another batch.

    Args:
        lengths: how many tokens each has.
        most: how many tokens a batch has at most, unless it has one text.

    Returns:
        The places of the texts of each batch.
    """
    groups: list[range] = []
    start = 0
    for at, length in enumerate(lengths):
        is_padded_much = length > _longest_with(lengths[start])
        if at > start and (is_padded_much or length * (at - start + 1) > most):
            groups.append(range(start, at))
            start = at
    return [*groups, range(start, len(lengths))]


def _longest_with(shortest: int) -> int:
    """How many tokens a text may have to be in a batch with one of so many."""
    return shortest + 4 + shortest // 4


def padded(texts: Sequence[torch.Tensor]) -> torch.Tensor:
    """Token ids and ones where they are no padding: shape (n, 2, longest)."""
    batch = torch.zeros(len(texts), 2, max(len(ids) for ids in texts), dtype=torch.long)
    for row, ids in zip(batch, texts, strict=True):
        row[0, : len(ids)] = ids
        row[1, : len(ids)] = 1
    return batch
