"""What the headers of recordings say of their length, where the decoders do not tell.

Decoders read a truncated WAV, AIFF or Ogg to its end without a word. A recording that lost its end
is refused, so that nothing is missing from a search in silence.
"""

from __future__ import annotations

import os
from typing import BinaryIO, Literal

from anysense.embed.signatures import HEAD_BYTES, mpeg_frame_length, syncsafe

__all__ = ["declared_mp3_seconds", "is_cut_short"]

_OGG_PAGE = 65307  # the longest: RFC 3533
_MOST_CHUNKS = 1000
_STREAMED = 0x7FFF0000
"""From this size on, a WAV's data chunk was written before its length was known."""


def is_cut_short(file: BinaryIO, container: str) -> bool:
    """Whether a file ends before its own headers say; leaves the file at its beginning.

    A WAV or AIFF is cut short if its chunk of samples is longer than what is left of the file, an
    Ogg file if its last page is. Other kinds are checked while they are decoded.
    """
    size = file.seek(0, os.SEEK_END)
    try:
        if container == "wav":
            return _chunks_overrun(file, size, b"data", "little")
        if container == "aiff":
            return _chunks_overrun(file, size, b"SSND", "big")
        if container == "ogg":
            return _last_page_overruns(file, size)
        return False
    finally:
        file.seek(0)


def _chunks_overrun(
    file: BinaryIO, size: int, wanted: bytes, order: Literal["little", "big"]
) -> bool:
    file.seek(0)
    if file.read(4) == b"RF64":
        return False  # its sizes are elsewhere, and libsndfile checks them
    at = 12
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        header = file.read(8)
        if len(header) < 8:
            return True  # the samples never came
        length = int.from_bytes(header[4:], order)
        if header[:4] == wanted:
            return at + 8 + length > size and length < _STREAMED
        at += 8 + length + length % 2
    return False


def _last_page_overruns(file: BinaryIO, size: int) -> bool:
    file.seek(max(0, size - _OGG_PAGE))
    tail = file.read(_OGG_PAGE)
    at = tail.rfind(b"OggS\0")
    if at < 0:
        return False
    page = tail[at:]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return True
    return 27 + page[26] + sum(page[27 : 27 + page[26]]) > len(page)


def declared_mp3_seconds(file: BinaryIO) -> float | None:
    """The length that the Xing or Info header of an MP3 states; leaves the file at its beginning.

    None if there is no such header. An MP3 without one states no length at all.
    """
    file.seek(0)
    head = file.read(10)
    start = 0
    if head[:3] == b"ID3" and len(head) == 10:
        start = 10 + syncsafe(head[6:])
    file.seek(start)
    head = file.read(HEAD_BYTES // 16).lstrip(b"\0")
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
    return frames * (1152 if is_mpeg1 else 576) / rate
