"""Whose turn it is: one batch of one model runs at a time.

An encoder is called from one thread at a time, and two models at once would only share the
processors: so searches and builds of one process take turns, batch by batch.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.types import Encoder, FloatArray, Modality

__all__ = ["DEFAULT_BATCH", "encode_in_turn"]

DEFAULT_BATCH = 32
"""How many segments a model gets in one turn, unless its encoder asks for another number."""

_turn = threading.Lock()


def encode_in_turn(encoder: Encoder, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
    """Unit vectors of a batch, float32 of shape (len(prepared), dimension); waits for its turn."""
    with _turn:
        return encoder.encode(modality, prepared)


def _after_fork() -> None:
    global _turn
    _turn = threading.Lock()  # whose turn it was has not come along


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
