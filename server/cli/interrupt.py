"""Ctrl-C while a command writes: once ends it in order, twice at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["stopping_in_order"]

MESSAGE = "Stopping: what is encoded is written first. Ctrl-C again stops at once."


@contextlib.contextmanager
def stopping_in_order() -> Iterator[None]:
    """Say at once that Ctrl-C was heard, and let a second one end the process as `kill` would.

    Nothing that was committed is lost by that. An ordinary second KeyboardInterrupt would break
    into the clearing up after the first, while threads still run, and end in an abort.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set what a signal does
        return

    def on_interrupt(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        start = "\r\033[K" if sys.stderr.isatty() else ""  # over the bar of a build
        with contextlib.suppress(OSError, ValueError):
            # Not by sys.stderr: the signal may have come in the middle of its writing.
            os.write(sys.stderr.fileno(), f"{start}{MESSAGE}\n".encode())
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # ignored (nohup), or somebody else's
        yield
        return
    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        # After the first Ctrl-C the second stays deadly until the process has ended.
        if signal.getsignal(signal.SIGINT) is on_interrupt:
            signal.signal(signal.SIGINT, before)
