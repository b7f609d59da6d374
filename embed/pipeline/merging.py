"""Frames of a video that show the same as the one before them become one segment with it.

A film has a shot for seconds and a lecture a slide for minutes: a vector for each second would say
the same again. Frames are compared with the first of their segment, so that a slow pan is told in
steps; and none reaches far, so that its seconds are a moment.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anysense.embed.types import Modality, Origin, Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from anysense.embed.types import EncodedSegment, FloatArray

__all__ = ["MOST_SECONDS", "SAME", "first_frames", "merge_frames", "without_repeats"]

SAME = 0.9
"""The cosine of two frames from which on they show the same."""
MOST_SECONDS = 10.0
"""How long a segment of several frames is at most."""
_ALMOST = 1e-3
"""Seconds by which rounding parts what lies side by side."""


def merge_frames(
    segments: Iterable[EncodedSegment], spaces: Collection[str]
) -> list[EncodedSegment]:
    """The segments of a video, with neighbouring frames that show the same as one.

    It has the vector and the start of the first of them, and ends where the last one does.

    Args:
        segments: in order.
        spaces: those whose frames are encoded one by one.
    """
    merged: list[EncodedSegment] = []
    last: dict[str, int] = {}  # where in `merged` the last frame of each space is
    for segment in segments:
        is_frame = segment.modality is Modality.IMAGE and segment.origin is Origin.CONTENT
        if is_frame and segment.space in spaces:
            at = last.get(segment.space)
            if at is not None:
                first = merged[at]
                longer = _longer(first.place, first.vector, segment.place, segment.vector)
                if longer is not None:
                    merged[at] = replace(first, place=longer)
                    continue
            last[segment.space] = len(merged)
        merged.append(segment)
    return merged


def first_frames(places: Sequence[Place], vectors: FloatArray) -> list[int]:
    """Which frames of a video begin the segments that `merge_frames` makes of all: their numbers.

    Args:
        places: of the frames of one space, in order.
        vectors: of the same, (n, d).
    """
    kept: list[int] = []
    last = None
    for number, place in enumerate(places):
        if kept and last is not None:
            longer = _longer(last, vectors[kept[-1]], place, vectors[number])
            if longer is not None:
                last = longer
                continue
        kept.append(number)
        last = place
    return kept


def without_repeats(segments: Iterable[EncodedSegment]) -> list[EncodedSegment]:
    """The segments of a motion photo without the frames that show the same as its picture.

    Args:
        segments: those of the picture itself before the frames.
    """
    kept: list[EncodedSegment] = []
    pictures: dict[str, EncodedSegment] = {}
    for segment in segments:
        if segment.modality is Modality.IMAGE and segment.origin is Origin.CONTENT:
            picture = pictures.setdefault(segment.space, segment)
            if picture is not segment and float(picture.vector @ segment.vector) >= SAME:
                continue
        kept.append(segment)
    return kept


def _longer(first: Place, vector: FloatArray, frame: Place, other: FloatArray) -> Place | None:
    """The place of a segment with one more frame; None if that one lies apart or shows another."""
    if first.start is None or first.end is None or frame.start is None or frame.end is None:
        return None
    is_next = abs(frame.start - first.end) < _ALMOST
    is_short = frame.end - first.start <= MOST_SECONDS + _ALMOST
    if is_next and is_short and float(vector @ other) >= SAME:
        return Place.of_seconds(first.start, frame.end)
    return None
