"""When frames are shown and heard, in seconds from the start of the video.

What players show as 0:00 is where the earliest stream begins: broadcasts and cut files state times
that start anywhere.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Clock", "end_of_packet", "seconds_of"]

_RESTART_SECONDS = 1.0
"""Times that go back by more begin anew, as where files were joined; by less they are disorder."""


_LONGEST_GAP = 600.0
"""In what is joined as it is, times that are so much later begin anew, too."""


class Clock:
    """The times of one stream, which never start over.

    Args:
        start: the time that the container states for its beginning, in seconds.
        is_broadcast: whether parts may be joined whose times have nothing to do with each other.
    """

    def __init__(self, start: float, *, is_broadcast: bool = False) -> None:
        self._offset = -start
        self._latest = 0.0
        self._longest = _LONGEST_GAP if is_broadcast else float("inf")

    def seconds(self, frame: Any) -> float:
        """When a decoded frame begins; without a time of its own, where the last one ended."""
        length = seconds_of(frame)
        if frame.pts is None:
            time = self._latest
        else:
            time = float(frame.pts * frame.time_base) + self._offset
            is_early = time < self._latest - length - _RESTART_SECONDS
            if is_early or time > self._latest + self._longest:
                self._offset += self._latest - time
                time = self._latest
        self._latest = max(self._latest, time + length)
        return max(0.0, time)


def end_of_packet(packet: Any) -> float:
    """When what a packet holds ends, in the container's own time; 0 where it does not say."""
    time = packet.dts if packet.pts is None else packet.pts
    if time is None or packet.time_base is None:
        return 0.0
    return float((time + (packet.duration or 0)) * packet.time_base)


def seconds_of(frame: Any) -> float:
    """How long a frame lasts; 0 where a picture does not say."""
    samples = getattr(frame, "samples", None)
    if samples is not None:
        return float(samples / max(1, frame.sample_rate))
    return float((frame.duration or 0) * frame.time_base) if frame.time_base else 0.0
