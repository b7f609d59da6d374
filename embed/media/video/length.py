"""How long a video says that it is, and whether it ends before.

A file that was cut short may raise nothing: what is missing shows in where its frames end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.media.audio.matroska import stated_matroska_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["is_cut_short", "stated_seconds"]

_STATING = frozenset({"mov", "matroska", "avi", "asf"})
"""Containers that state a length; of others FFmpeg estimates one from what is there."""
_MISSING_SECONDS = 1.0
"""How much before its stated end a video may end: a last frame may be shown for longer."""


def stated_seconds(container: Any, file: BinaryIO, name: str) -> float | None:
    """The length that an opened video states of its pictures and its sound; None if of neither.

    Args:
        container: as FFmpeg opened it.
        file: what it was opened from; its position, from which FFmpeg goes on, stays.
        name: FFmpeg's name of the demuxer.
    """
    if name == "matroska":
        return _aside(file, stated_matroska_seconds)
    if name not in _STATING or container.duration is None:
        return None
    return float(container.duration / 1e6)


def is_cut_short(stated: float | None, seconds: float) -> bool:
    """Whether so many seconds are too few for a video that states more."""
    return stated is not None and seconds < stated - _MISSING_SECONDS


def _aside(file: BinaryIO, read: Callable[[BinaryIO], float | None]) -> float | None:
    position = file.tell()
    try:
        return read(file)
    finally:
        file.seek(position)
