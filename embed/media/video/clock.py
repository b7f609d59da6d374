"""When frames are shown and heard, in seconds from the start of the video.

What players show as 0:00 is where the earliest stream begins: broadcasts and cut files state times
that start anywhere.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Clock"]

_RESTART_SECONDS = 1.0
"""Times that go back by more begin anew, as where files were joined; by less they are disorder."""


class Clock:
    """The times of one stream, which never start over.

    Args:
        start: the time that the container states for its beginning, in seconds.
    """

    def __init__(self, start: float) -> None:
        self._offset = -start
        self._latest = 0.0

    def seconds(self, frame: Any) -> float:
        """When a decoded frame begins; without a time of its own, where the last one ended."""
        length = seconds_of(frame)
        if frame.pts is None:
            time = self._latest
        else:
            time = float(frame.pts * frame.time_base) + self._offset
            if time < self._latest - length - _RESTART_SECONDS:
                self._offset += self._latest - time
                time = self._latest
        self._latest = max(self._latest, time + length)
        return max(0.0, time)


def seconds_of(frame: Any) -> float:
    """How long a frame lasts; 0 where a picture does not say."""
    samples = getattr(frame, "samples", None)
    if samples is not None:
        return float(samples / max(1, frame.sample_rate))
    return float((frame.duration or 0) * frame.time_base) if frame.time_base else 0.0
