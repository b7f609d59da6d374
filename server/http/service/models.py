"""The models of a process: each is loaded once, and whoever uses it shares its batches."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.types import Encoder
    from anysense.server.http.monitoring.metrics import Metrics

__all__ = ["Models", "watch_batches"]


class Models:
    """Loads encoders by name, each once. Safe to use from many threads.

    Args:
        device: ``auto``, ``cpu`` or ``cuda``.
    """

    def __init__(self, device: str = "auto") -> None:
        self._device = device
        self._lock = threading.Lock()
        self._encoders: dict[str, Encoder] = {}

    def load(self, names: Sequence[str]) -> list[Encoder]:
        """The encoders of some names, in their order: what `Collection.open` takes as `load`.

        Raises:
            EncoderError: one cannot be used.
        """
        from anysense.embed.encoders.registry import load_encoder
        from anysense.embed.pipeline.batching import SharedEncoder

        with self._lock:
            for name in names:
                if name not in self._encoders:
                    self._encoders[name] = SharedEncoder(load_encoder(name, device=self._device))
            return [self._encoders[name] for name in names]


def watch_batches(encoder: Encoder, metrics: Metrics) -> None:
    """Count and time the batches of an encoder, if it is one that threads share."""
    from anysense.embed.encoders.whole import WholePictures
    from anysense.embed.pipeline.batching import SharedEncoder

    if isinstance(encoder, WholePictures):
        encoder = encoder.encoder
    if not isinstance(encoder, SharedEncoder):
        return
    name = encoder.space.id
    encoder.observe = partial(metrics.observe_batch, name)
    for modality in encoder.space.modalities:
        for kind, is_query in (("query", True), ("item", False)):
            depth = partial(encoder.waiting, modality, is_query=is_query)
            metrics.watch_queue(f"{name} {modality} {kind}", depth)
