"""How a collection has texts and videos cut into segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.errors import UsageError
from anysense.embed.media.pieces import DEFAULT_VIDEO_FPS

if TYPE_CHECKING:
    from anysense.index.folder.folder import CollectionFolder

__all__ = [
    "LARGEST_OVERLAP",
    "VIDEO_FPS",
    "note_overlap",
    "note_video_fps",
    "overlap_of",
    "video_fps_of",
]

LARGEST_OVERLAP = 50
"""Percent of a passage that may repeat the one before it."""

_CUT = "cut|"
"""What the keys of the notes begin with that say so."""
_OVERLAP = f"{_CUT}overlap"

VIDEO_FPS = (0.01, 30.0)
"""How few and how many frames of a second of a video may be encoded."""

_VIDEO_FPS = f"{_CUT}video_fps"


def overlap_of(folder: CollectionFolder) -> int:
    """How much of a passage of a collection may repeat the one before it, in percent."""
    return int(folder.notes(_CUT).get(_OVERLAP, "0"))


def note_overlap(folder: CollectionFolder, percent: int) -> bool:
    """Keep the overlap that passages get from now on; whether it was another.

    Raises:
        UsageError: it is less than 0 or more than `LARGEST_OVERLAP`.
    """
    if not 0 <= percent <= LARGEST_OVERLAP:
        raise UsageError(f"An overlap is 0 to {LARGEST_OVERLAP} percent, not {percent}.")
    if percent == overlap_of(folder):
        return False
    folder.note({_OVERLAP: str(percent) if percent else None})
    return True


def video_fps_of(folder: CollectionFolder) -> float:
    """How many frames of a second of a video a collection has encoded."""
    return float(folder.notes(_CUT).get(_VIDEO_FPS, DEFAULT_VIDEO_FPS))


def note_video_fps(folder: CollectionFolder, fps: float) -> bool:
    """Keep how many frames of a second are encoded from now on; whether it was another number.

    Raises:
        UsageError: it is not within `VIDEO_FPS`.
    """
    least, most = VIDEO_FPS
    if not least <= fps <= most:
        raise UsageError(
            f"Of a second of a video {least:g} to {most:g} frames are taken, not {fps:g}."
        )
    if fps == video_fps_of(folder):
        return False
    folder.note({_VIDEO_FPS: None if fps == DEFAULT_VIDEO_FPS else repr(float(fps))})
    return True
