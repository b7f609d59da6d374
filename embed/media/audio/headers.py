"""The length that the header of an MP3 states, and whether its frames bear it out."""

from __future__ import annotations

from typing import BinaryIO

from anysense.embed.media.audio.chunks import file_size
from anysense.embed.media.formats.front_tags import syncsafe
from anysense.embed.media.formats.mpeg import mpeg_frame_length
from anysense.embed.media.signatures import HEAD_BYTES

__all__ = ["declared_mp3_seconds", "has_whole_mp3_frames"]

_FEWEST_BYTES = 1000  # of a second of MP3: 8 kbit/s
_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBE", b"ID3")


def declared_mp3_seconds(file: BinaryIO) -> float | None:
    """The length that the Xing or Info header of an MP3 states; leaves the file at its beginning.

    None if there is no such header, or one that cannot be true, as so many frames would not go into
    the file. An MP3 without one states no length at all.
    """
    size = file_size(file)
    file.seek(_first_mp3_frame(file))
    head = file.read(HEAD_BYTES // 16)
    file.seek(0)
    if not mpeg_frame_length(head[:4]):
        return None
    first = head[: mpeg_frame_length(head[:4])]
    at = max(first.find(b"Xing"), first.find(b"Info"))
    if at < 0 or not first[at + 7] & 1:
        return None
    frames = int.from_bytes(first[at + 8 : at + 12], "big")
    is_mpeg1 = head[1] >> 3 & 3 == 3
    rate = (44100, 48000, 32000)[head[2] >> 2 & 3]
    if not is_mpeg1:
        rate >>= 1 if head[1] >> 3 & 3 == 2 else 2
    seconds = frames * (1152 if is_mpeg1 else 576) / rate
    return seconds if seconds <= size / _FEWEST_BYTES else None


def has_whole_mp3_frames(file: BinaryIO) -> bool:
    """Whether an MP3 is nothing but whole frames from the first to the last; tags may follow.

    Then nothing is missing, whatever its header says: the end of an interrupted transfer falls into
    a frame. Leaves the file at its beginning.
    """
    size = file_size(file)
    at = _first_mp3_frame(file)
    while at < size:
        file.seek(at)
        header = file.read(8)
        length = mpeg_frame_length(header[:4])
        if length == 0:
            break
        at += length
    file.seek(0)
    return at == size or (at < size and header.startswith(_TAGS))


def _first_mp3_frame(file: BinaryIO) -> int:
    """Where the frames of an MP3 begin: behind its ID3v2 tag, and the zeros after that."""
    file.seek(0)
    head = file.read(10)
    start = 10 + syncsafe(head[6:]) if head[:3] == b"ID3" and len(head) == 10 else 0
    file.seek(start)
    head = file.read(HEAD_BYTES // 16)
    return start + len(head) - len(head.lstrip(b"\0"))
