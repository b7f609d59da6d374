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
    from collections.abc import Collection, Iterable

    from anysense.embed.types import EncodedSegment

__all__ = ["MOST_SECONDS", "SAME", "merge_frames"]

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
            if at is not None and _continues(merged[at], segment):
                place = merged[at].place
                assert place.start is not None
                assert segment.place.end is not None
                longer = Place.of_seconds(place.start, segment.place.end)
                merged[at] = replace(merged[at], place=longer)
                continue
            last[segment.space] = len(merged)
        merged.append(segment)
    return merged


def _continues(first: EncodedSegment, frame: EncodedSegment) -> bool:
    """Whether a frame lies where a segment ends and shows the same."""
    start, end = first.place.start, first.place.end
    if start is None or end is None or frame.place.start is None or frame.place.end is None:
        return False
    is_next = abs(frame.place.start - end) < _ALMOST
    is_short = frame.place.end - start <= MOST_SECONDS + _ALMOST
    return is_next and is_short and float(first.vector @ frame.vector) >= SAME
