"""What the headers of recordings say of their length, where the decoders do not tell.

Decoders read a truncated WAV, AIFF or Ogg file to its end without a word. A recording that lost its
end is refused, so that nothing is missing from a search in silence.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO, Literal

from anysense.embed.media.formats.front_tags import syncsafe
from anysense.embed.media.formats.mpeg import mpeg_frame_length
from anysense.embed.media.signatures import HEAD_BYTES

__all__ = ["declared_mp3_seconds", "is_cut_short"]

_OGG_PAGE = 65307  # the longest: RFC 3533
_MOST_CHUNKS = 1000
_STREAMED = 0x7FFF0000
"""From this size on, a 32-bit size was written before the length was known."""
_UNKNOWN = 1 << 62


@dataclass(frozen=True)
class _Chunks:
    """How a container lays out its chunks, each an identifier, a size and its content.

    Attributes:
        start: where the first chunk is.
        name: how the identifier of the samples' chunk begins.
        name_bytes: bytes of an identifier.
        size_bytes: bytes of a size.
        order: their byte order.
        header_share: bytes of its own header that a size includes.
        alignment: chunks start at multiples of this.
    """

    start: int
    name: bytes
    name_bytes: int
    size_bytes: int
    order: Literal["little", "big"]
    header_share: int
    alignment: int


_LAYOUTS = {
    "wav": _Chunks(12, b"data", 4, 4, "little", 0, 2),
    "aiff": _Chunks(12, b"SSND", 4, 4, "big", 0, 2),
    "caf": _Chunks(8, b"data", 4, 8, "big", 0, 1),
    "w64": _Chunks(40, b"data", 16, 8, "little", 24, 8),
}


def is_cut_short(file: BinaryIO, container: str) -> bool:
    """Whether a file ends before its own headers say; leaves the file at its beginning.

    A file of PCM samples is cut short if its chunk of samples is longer than what is left of the
    file, an Ogg file if its last page is. Other formats are checked while they are decoded.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    try:
        if container in _LAYOUTS:
            return _samples_overrun(file, size, _LAYOUTS[container])
        if container == "au":
            head = file.read(12)
            length = int.from_bytes(head[8:], "big")
            return length < _STREAMED and int.from_bytes(head[4:8], "big") + length > size
        return container == "ogg" and _last_page_overruns(file, size)
    finally:
        file.seek(0)


def _samples_overrun(file: BinaryIO, size: int, layout: _Chunks) -> bool:
    outer = file.read(4)
    is_large_wav = outer in (b"RF64", b"BW64")
    order = "big" if outer == b"RIFX" else layout.order
    large_size = 0
    header_bytes = layout.name_bytes + layout.size_bytes
    at = layout.start
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        header = file.read(header_bytes)
        if len(header) < header_bytes:
            return True  # the samples never came
        length = int.from_bytes(header[layout.name_bytes :], order)
        if header.startswith(layout.name):
            length = large_size if is_large_wav else length - layout.header_share
            is_known = is_large_wav or layout.size_bytes == 8 or length < _STREAMED
            return is_known and length < _UNKNOWN and at + header_bytes + length > size
        if header[:4] == b"ds64":  # the 64-bit sizes of the file and of the samples: EBU Tech 3306
            large_size = int.from_bytes(file.read(16)[8:], "little")
        at += max(header_bytes, header_bytes + length - layout.header_share)
        at += -at % layout.alignment
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
