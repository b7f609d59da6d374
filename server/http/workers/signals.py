"""Signals as something to wait for, beside other things."""

from __future__ import annotations

import signal
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["SignalBox", "held_back"]


class SignalBox:
    """Signals that came, while the block runs; `fileno` is readable when there are some.

    Args:
        numbers: which ones.
    """

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = numbers
        self._reader, self._writer = socket.socketpair()

    def fileno(self) -> int:
        """What to wait for."""
        return self._reader.fileno()

    def take(self) -> list[int]:
        """The signals that have come since, in their order."""
        with suppress(BlockingIOError):
            return list(self._reader.recv(4096))
        return []

    @contextmanager
    def open(self) -> Iterator[None]:
        """Take signals; for the main thread."""
        for end in (self._reader, self._writer):
            end.setblocking(False)
        former_end = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        former = {number: signal.signal(number, _do_nothing) for number in self._numbers}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(former_end)
            self._reader.close()
            self._writer.close()


def _do_nothing(number: int, frame: object) -> None:
    """The number has been written to the wakeup socket by Python itself."""


@contextmanager
def held_back(numbers: Sequence[int]) -> Iterator[None]:
    """Let signals come only after the block; a process that is begun in it holds them back, too."""
    former = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)
