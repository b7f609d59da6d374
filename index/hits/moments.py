"""The moments of a recording or a video that were found: segments of the same seconds as one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from anysense.embed.types import Modality, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Matched", "Moment", "moments_of"]

_LONGEST_SECONDS = 120.0
"""As long as a clip may be: what would make a moment longer begins another one."""
_GAP_SECONDS = 2.0
"""What may lie between two that are one: of a scene not every frame is among those told."""
_AS_WELL = 0.5
"""A segment widens a moment if it scores at least this share of the moment's best."""


@dataclass(frozen=True)
class Moment:
    """Some seconds of an item that matched, by what is seen, heard or said in them.

    Attributes:
        start: where it begins, in seconds.
        end: where it ends, not included.
        score: the best of its segments'.
        frame: the time of the frame that matched best, in seconds; None if none did.
        modalities: of its segments, that of the best one first.
    """

    start: float
    end: float
    score: float
    frame: float | None
    modalities: tuple[Modality, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "modalities": [str(modality) for modality in self.modalities]}


class Matched(Protocol):
    """A segment that matched, as far as moments are made of it; see `HitSegment`."""

    @property
    def modality(self) -> Modality: ...
    @property
    def score(self) -> float: ...
    @property
    def start(self) -> float | None: ...
    @property
    def end(self) -> float | None: ...
    @property
    def unit(self) -> Unit | None: ...


def moments_of(segments: Iterable[Matched]) -> tuple[Moment, ...]:
    """The moments that segments of one item make up, best first; none if none has seconds.

    What overlaps is one moment, whatever its modality. What is near and matches about as well
    widens it; what matches much worse only belongs to it where it overlaps, and widens nothing.
    """
    left = sorted(_timed(segments), key=lambda segment: -segment.score)
    moments = []
    while left:
        growing = _Growing(left.pop(0))
        while joining := next(filter(growing.takes, left), None):
            left.remove(joining)
            growing.add(joining)
        moments.append(growing.moment())
    return tuple(moments)


class _Timed(NamedTuple):
    """A segment whose place is in seconds."""

    start: float
    end: float
    score: float
    modality: Modality


def _timed(segments: Iterable[Matched]) -> Iterator[_Timed]:
    for segment in segments:
        if segment.unit is Unit.SECONDS and segment.start is not None and segment.end is not None:
            yield _Timed(segment.start, segment.end, segment.score, segment.modality)


class _Growing:
    """A moment to which segments are added."""

    def __init__(self, best: _Timed) -> None:
        self._segments = [best]
        self._start, self._end = best.start, best.end

    def takes(self, segment: _Timed) -> bool:
        """Whether a segment belongs to it, as far as it has grown."""
        overlaps = segment.start < self._end and segment.end > self._start
        return overlaps or self._is_widened_by(segment)

    def _is_widened_by(self, segment: _Timed) -> bool:
        gap = max(segment.start - self._end, self._start - segment.end)
        length = max(segment.end, self._end) - min(segment.start, self._start)
        matches_as_well = segment.score >= _AS_WELL * self._segments[0].score
        return matches_as_well and gap <= _GAP_SECONDS and length <= _LONGEST_SECONDS

    def add(self, segment: _Timed) -> None:
        if self._is_widened_by(segment):
            self._start = min(segment.start, self._start)
            self._end = max(segment.end, self._end)
        self._segments.append(segment)

    def moment(self) -> Moment:
        """What it is with all that was added."""
        by_score = sorted(self._segments, key=lambda segment: -segment.score)
        frames = (segment.start for segment in by_score if segment.modality is Modality.IMAGE)
        modalities = dict.fromkeys(segment.modality for segment in by_score)
        return Moment(
            self._start, self._end, by_score[0].score, next(frames, None), tuple(modalities)
        )
