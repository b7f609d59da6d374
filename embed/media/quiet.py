"""Keeping the decoders' warnings off the user's screen.

What a decoder has to say about a file reaches the user as a `MediaError` or not at all.
"""

from __future__ import annotations

import threading
import warnings
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["quiet_decoders", "quiet_libtiff"]

_DECODERS = r"(PIL|pillow_heif|soundfile|av|soxr|pypdf|lxml)(\.|$)"
_lock = threading.Lock()
_depth = 0
_filters: warnings.catch_warnings[None] | None = None


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Ignore Python warnings that arise in the decoders' own modules, from any thread.

    The list of warning filters belongs to the process, so saving and restoring it in several
    threads at once would leave it in a wrong state: the first thread in changes it, the last one
    out restores it.
    """
    global _depth, _filters
    with _lock:
        if _depth == 0:
            _filters = warnings.catch_warnings()
            _filters.__enter__()
            warnings.filterwarnings("ignore", module=_DECODERS)
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0 and _filters is not None:
                _filters.__exit__(None, None, None)
                _filters = None


@cache
def quiet_libtiff() -> None:
    """Keep the libtiff that Pillow brings from printing on the standard error stream.

    Pillow raises an error of its own where a TIFF is damaged. On systems where libtiff is no shared
    library of its own this does nothing.
    """
    import ctypes

    from PIL import _imaging

    try:
        set_handler = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except (OSError, AttributeError):
        return
    set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
    set_handler(None)
