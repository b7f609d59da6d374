"""How long a video says that it is, and whether it ends before.

A file that was cut short may raise nothing: what is missing shows in where its frames end. What
FFmpeg estimates from what is there says nothing about that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.media.audio.headers import stated_asf_seconds
from anysense.embed.media.audio.matroska import stated_matroska_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["is_cut_short", "stated_seconds"]

_STATING = frozenset({"mov", "flv"})
"""Containers whose length is as FFmpeg says, where they state one."""
_MISSING_SECONDS = 1.0
"""How much before its stated end a video may end: a last frame may be shown for longer."""


def stated_seconds(container: Any, pictures: Any, file: BinaryIO, name: str) -> float | None:
    """The length that an opened video states of its pictures and its sound; None if of neither.

    Args:
        container: as FFmpeg opened it.
        pictures: its stream of pictures, if it has one.
        file: what it was opened from; its position, from which FFmpeg goes on, stays.
        name: FFmpeg's name of the demuxer.
    """
    if name == "matroska":
        stated = _aside(file, stated_matroska_seconds)
        # Some count from where it starts, others from 0: to be shorter than both is to be cut.
        return None if stated is None else stated - max(0.0, (container.start_time or 0) / 1e6)
    if name == "asf":
        return _aside(file, stated_asf_seconds)
    if name == "avi" and pictures is not None and pictures.frames and pictures.average_rate:
        return float(pictures.frames / pictures.average_rate)
    if name in _STATING and container.duration is not None:
        return float(container.duration / 1e6)
    return None


def is_cut_short(stated: float | None, seconds: float, longest: float) -> bool:
    """Whether so many seconds are too few for a video that states more.

    Args:
        stated: how long it says that it is.
        seconds: how far it goes; the last picture need not say for how long it is shown.
        longest: how long one of its pictures was shown at most, beyond what it says.
    """
    return stated is not None and seconds < stated - max(_MISSING_SECONDS, 2 * longest)


def _aside(file: BinaryIO, read: Callable[[BinaryIO], float | None]) -> float | None:
    position = file.tell()
    try:
        return read(file)
    finally:
        file.seek(position)
