"""The lengths that headers state of MP3, WMA, Musepack and DSD, of which FFmpeg tells others.

It has an estimate for one of a WMA of another size than its header says, cuts that of a Musepack to
whole packets, and takes for that of DSD what is there. Of MP3 also whether the frames bear it out.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from anysense.embed.media.audio.chunks import file_size
from anysense.embed.media.formats.front_tags import syncsafe
from anysense.embed.media.formats.mpeg import mpeg_frame_length
from anysense.embed.media.signatures import HEAD_BYTES

__all__ = [
    "declared_mp3_seconds",
    "has_whole_mp3_frames",
    "stated_asf_seconds",
    "stated_dsdiff_seconds",
    "stated_dsf_seconds",
    "stated_musepack_seconds",
]

_FEWEST_BYTES = 1000  # of a second of MP3: 8 kbit/s
_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")  # ASF specification, 3.2
_MUSEPACK_RATES = (44100, 48000, 37800, 32000)
_DSF_HEAD = struct.Struct("<4s24x4s20xIIIQI4x4sQ")  # of three chunks, up to the samples
_MOST_DSD_CHUNKS = 100
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


def stated_asf_seconds(file: BinaryIO) -> float | None:
    """The length in the header of a WMA or WMV; leaves the file at its beginning.

    None if it states none, as of a broadcast.
    """
    head = _head(file, HEAD_BYTES)
    at = head.find(_FILE_PROPERTIES)
    fields = head[at + 64 : at + 92]  # after an identifier, a size, and what else was written
    if at < 0 or len(fields) < 28 or fields[24] & 1:  # a broadcast
        return None
    played = int.from_bytes(fields[:8], "little") / 1e7
    seconds = played - int.from_bytes(fields[16:24], "little") / 1e3
    return seconds if seconds > 0 else None


def stated_musepack_seconds(file: BinaryIO) -> float | None:
    """The length in the header of a Musepack of stream version 8; leaves the file at its beginning.

    None if it states none.
    """
    head = _head(file, 64)
    if head[:6] != b"MPCKSH":
        return None
    _, at = _musepack_number(head, 6)  # the size of the header
    count, at = _musepack_number(head, at + 5)  # after a checksum and the version
    silence, at = _musepack_number(head, at)
    rate = head[at] >> 5 if at < len(head) else len(_MUSEPACK_RATES)
    if rate >= len(_MUSEPACK_RATES) or count <= silence:
        return None
    return (count - silence) / _MUSEPACK_RATES[rate]


def stated_dsf_seconds(file: BinaryIO) -> float | None:
    """The length in the header of a DSF; leaves the file at its beginning.

    That of its samples, where they fill all but the last of its blocks, as they have to; else that
    of the blocks. None if there are none.
    """
    head = _head(file, _DSF_HEAD.size)
    if len(head) < _DSF_HEAD.size:
        return None
    magic, form, channels, rate, bits, count, block, data, size = _DSF_HEAD.unpack(head)
    if (magic, form, data) != (b"DSD ", b"fmt ", b"data") or not (channels and rate and bits):
        return None
    room = max(0, size - 12) // channels * 8
    seconds = (count if room - 8 * block < count <= room else room) / rate
    return seconds if seconds > 0 else None


def stated_dsdiff_seconds(file: BinaryIO) -> float | None:
    """The length in the header of a DSDIFF; leaves the file at its beginning.

    None if it states none, or is compressed.
    """
    try:
        channels = rate = 0
        at, end = 16, file_size(file)
        for _ in range(_MOST_DSD_CHUNKS):
            file.seek(at)
            name, size = file.read(4), int.from_bytes(file.read(8), "big")
            if name == b"PROP" and file.read(4) == b"SND ":
                at += 16  # into it
                continue
            if name == b"FS  ":
                rate = int.from_bytes(file.read(4), "big")
            elif name == b"CHNL":
                channels = int.from_bytes(file.read(2), "big")
            elif name == b"DSD ":
                return size * 8 / (channels * rate) if size and channels and rate else None
            at += 12 + size + size % 2
            if at >= end:
                break
        return None
    finally:
        file.seek(0)


def _head(file: BinaryIO, count: int) -> bytes:
    file.seek(0)
    head = file.read(count)
    file.seek(0)
    return head


def _musepack_number(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the eighth set in all but the last, and where it ends."""
    value = 0
    for digit in data[at:]:
        value, at = value << 7 | digit & 127, at + 1
        if digit < 128:
            break
    return value, at
