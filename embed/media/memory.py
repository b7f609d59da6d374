"""Memory that was freed, given back to the system.

The C library keeps what is freed for later. After a large picture that may be gigabytes, which it
would keep for as long as the process lives.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

from anysense.embed.forking import new_lock

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["give_back_soon"]

_SECONDS = 1.0
"""By then whoever had the memory has let go of it; and one call does for all of that time."""
_lock = new_lock()
_timer: threading.Timer | None = None


def give_back_soon() -> None:
    """Give freed memory back to the system in a moment, where the C library can: glibc."""
    global _timer
    trim = _trim()
    if trim is None:
        return
    with _lock:
        if _timer is not None and _timer.is_alive():
            return
        _timer = threading.Timer(_SECONDS, trim, (0,))
        _timer.daemon = True
        _timer.name = "anysense-memory"
        with contextlib.suppress(RuntimeError):  # no more threads: it stays until the next time
            _timer.start()


@cache
def _trim() -> Callable[[int], Any] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        trim: Callable[[int], Any] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # musl has none
        return None
    return trim
