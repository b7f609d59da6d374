"""An encoder that says what it was given, and small things to give it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
from tiny import TinyEncoder

from anysense.embed.types import Modality, Waveform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.types import FloatArray


class Watched(TinyEncoder):
    """Says what it was given: sizes of batches, and how many prepared segments wait for it."""

    def __init__(self, *args: Any, slow: float = 0.0, heavy: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slow, self.heavy = slow, heavy
        self.batches: list[tuple[Modality, int]] = []
        self.threads: set[str] = set()
        self.inside = 0
        self.waiting = 0
        self.most_waiting = 0
        self.lock = threading.Lock()

    def prepare(self, modality: Modality, content: Any) -> Any:
        with self.lock:
            self.waiting += 1
            self.most_waiting = max(self.most_waiting, self.waiting)
        vector = super().prepare(modality, content)
        return (vector, np.zeros(self.heavy, np.uint8)) if self.heavy else vector

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        self.inside += 1
        assert self.inside == 1, "encode was entered twice at once"
        self.threads.add(threading.current_thread().name)
        time.sleep(self.slow)
        self.batches.append((modality, len(prepared)))
        with self.lock:
            self.waiting -= len(prepared)
        vectors = super().encode(modality, [p[0] if self.heavy else p for p in prepared])
        self.inside -= 1
        return vectors


def picture(colour: tuple[int, int, int] = (255, 0, 0)) -> PIL.Image.Image:
    return PIL.Image.new("RGB", (24, 16), colour)


def sound(seconds: float, frequency: float = 200.0, rate: int = 8000) -> Waveform:
    time_axis = np.arange(int(seconds * rate)) / rate
    return Waveform(np.sin(2 * np.pi * frequency * time_axis).astype(np.float32) / 2, rate)


def no_threads_left() -> bool:
    names = ("anysense-read", "anysense-model")
    return not any(thread.name.startswith(names) for thread in threading.enumerate())
