"""Whether the pictures of a container move, or are a recording's cover.

Most covers are marked as such. Others are a stream like that of a video, with one picture in it:
what programs write that add a picture to a sound.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["has_moving_pictures"]

_MOST_PACKETS = 20_000
"""Of sound, without a second picture among them: over two minutes, which no video shows one for."""


def has_moving_pictures(container: Any, file: BinaryIO, reopen: Callable[[BinaryIO], Any]) -> bool:
    """Whether a container holds a video: a stream of two pictures or more that are no covers.

    Args:
        container: as FFmpeg opened it; read no further.
        file: what it was opened from; its position, from which the container goes on, stays.
        reopen: opens the file once more, where the pictures have to be counted.
    """
    from av.stream import Disposition

    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if any(stream.frames > 1 for stream in streams):
        return True
    uncounted = [stream.index for stream in streams if stream.frames == 0]
    if not uncounted:
        return False
    position = file.tell()
    try:
        with closing(reopen(file)) as other:
            return _has_two_pictures(other, uncounted)
    finally:
        file.seek(position)


def _has_two_pictures(container: Any, streams: list[int]) -> bool:
    """Whether one of these streams has a second picture, as far as that is worth reading for."""
    pictures = dict.fromkeys(streams, 0)
    for number, packet in enumerate(container.demux()):
        if packet.size > 0 and packet.stream.index in pictures:
            pictures[packet.stream.index] += 1
            if pictures[packet.stream.index] > 1:
                return True
        if number > _MOST_PACKETS:
            break
    return False
