"""Whose turn it is: one batch of one model runs at a time.

An encoder is called from one thread at a time, and two models at once would only share the
processors: so searches and builds of one process take turns, batch by batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.embed.forking import new_lock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.types import Encoder, FloatArray, Modality

__all__ = ["DEFAULT_BATCH", "encode_in_turn"]

DEFAULT_BATCH = 32
"""How many segments a model gets in one turn, unless its encoder asks for another number."""

_turn = new_lock()


def encode_in_turn(encoder: Encoder, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
    """Unit vectors of a batch, float32 of shape (len(prepared), dimension); waits for its turn."""
    with _turn:
        return encoder.encode(modality, prepared)
