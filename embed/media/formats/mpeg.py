"""Frames of MPEG audio and of AAC, which have no signature but the sync word of each frame."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LAYERS", "adts_frame_length", "has_adts_frames", "has_frames", "mpeg_frame_length"]

LAYERS = (3, 2, 1)
"""The layers of MPEG audio, the usual one first: MP3, then MP2 of broadcasts, then MP1."""

_HEADER = 7
_RATES = (44100, 48000, 32000)
# Kilobits a second by the number in the header; ISO 11172-3 for MPEG-1, ISO 13818-3 for the lower
# sample rates of MPEG-2, which MPEG-2.5 halves once more.
_BITRATES = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def mpeg_frame_length(header: bytes, layer: int = 3) -> int:
    """The bytes of the MPEG audio frame of this layer that begins here; 0 if none does."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version = header[1] >> 3 & 3  # 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 3
    if 4 - (header[1] >> 1 & 3) != layer or version == 1 or bitrate in (0, 15) or rate == 3:
        return 0
    padding = header[2] >> 1 & 1
    bits = 1000 * _BITRATES[1 if version == 3 else 2, layer][bitrate]
    hertz = _RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    if layer == 1:
        return 4 * (12 * bits // hertz + padding)
    return (72 if layer == 3 and version != 3 else 144) * bits // hertz + padding


def adts_frame_length(header: bytes) -> int:
    """The bytes of the AAC frame that begins here with an ADTS header; 0 if none does."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    if header[2] >> 2 & 15 > 12:  # no such sample rate
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length > 7 else 0


def has_frames(head: bytes, layer: int) -> bool:
    """Whether three frames of a layer in a row lie anywhere in these bytes, as after junk."""
    return _has_row(head, partial(mpeg_frame_length, layer=layer))


def has_adts_frames(head: bytes) -> bool:
    """Whether three frames of AAC in a row do."""
    return _has_row(head, adts_frame_length)


def _has_row(head: bytes, length_of: Callable[[bytes], int]) -> bool:
    at = head.find(b"\xff")
    while at >= 0:
        if _has_three(head, at, length_of):
            return True
        at = head.find(b"\xff", at + 1)
    return False


def _has_three(head: bytes, at: int, length_of: Callable[[bytes], int]) -> bool:
    for _ in range(3):
        length = length_of(head[at : at + _HEADER])
        if not length:
            return False
        at += length
    return True
