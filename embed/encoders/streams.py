"""Batches on their way to a device and back, while it computes others.

On CUDA a batch is copied from pinned memory on one stream and computed on another, and its vectors
are copied back into pinned memory behind it: nobody waits before they are asked for. So two threads
keep the device busy (`anysense.embed.waiting.let_others`): while the batch of one is computed, that
of the other is stacked and copied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import torch

from anysense.embed.encoders.features import Input, batched, changed, pinned

__all__ = ["CpuLauncher", "CudaStreams", "Forward", "Launcher", "Waiting", "batches_at_once"]

Forward: TypeAlias = Callable[[Any], torch.Tensor]
"""From a batch (n, ...) on the device to vectors (n, dimension) there."""

Waiting: TypeAlias = Callable[[], torch.Tensor]
"""Waits for the vectors of a batch that was begun: (n, dimension), on the CPU."""


class Launcher(Protocol):
    """Begins batches."""

    def launch(self, forward: Forward, inputs: Sequence[Input]) -> Waiting:
        """Begin a batch of inputs of one shape, without the batch's axis.

        Raises:
            RuntimeError: what the model raises; on CUDA also that memory is full, which shows when
                a batch is begun, not when it is waited for.
        """
        ...


class CpuLauncher:
    """On the CPU: a batch is done when it is begun."""

    def launch(self, forward: Forward, inputs: Sequence[Input]) -> Waiting:
        """Compute a batch."""
        vectors = forward(batched(inputs))
        return lambda: vectors


class CudaStreams:
    """Two streams of a CUDA device: one on which inputs are copied, one on which models compute.

    Safe to use from several threads, whose batches are computed in the order in which they were
    begun.

    Args:
        device: the device.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._copying = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._computing = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def launch(self, forward: Forward, inputs: Sequence[Input]) -> Waiting:
        """Queue the copying of a batch, its computing, and the copying of its vectors."""
        # What is pinned is kept for the next batch, but not before its copying is done.
        here = pinned(inputs)
        with torch.cuda.device(self._device):
            with torch.cuda.stream(self._copying):
                batch = changed(here, lambda t: t.to(self._device, non_blocking=True))
            self._computing.wait_stream(self._copying)
            # Weights may have been changed on the stream that the caller is on.
            self._computing.wait_stream(torch.cuda.current_stream(self._device))
            with torch.cuda.stream(self._computing):
                changed(batch, self._used)  # or its memory would be taken too early
                there = forward(batch).float()
                vectors = torch.empty(there.shape, pin_memory=True)
                vectors.copy_(there, non_blocking=True)
                done = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
                done.record(self._computing)

        def wait() -> torch.Tensor:
            done.synchronize()  # other threads work meanwhile
            return vectors

        return wait

    def _used(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor, which the computing stream uses from now on."""
        tensor.record_stream(self._computing)
        return tensor


def batches_at_once(device: torch.device) -> int:
    """How many batches of items a model should be given at once, each by a thread of its own."""
    return 2 if device.type == "cuda" else 1
