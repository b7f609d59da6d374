"""Tags behind a recording: ID3v1, APEv2, Lyrics3 and ID3v2, which programs append to any kind.

Decoders know few of them, and take the others for damage, or for sound.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from anysense.embed.media.formats.front_tags import syncsafe
from anysense.embed.media.splice import Stretch, splice

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["before_end_tags", "content_end"]

_MOST_TAGS = 8
_ID3V1, _EXTENDED = 128, 227
_ID3_FOOTER, _APE_FOOTER = 10, 32
_HAS_HEADER = 1 << 31  # of the flags of APEv2
_LYRICS_END = 15  # six digits, and the word for it


def content_end(file: BinaryIO) -> int:
    """Where the content of a file ends, before the tags behind it. Moves the file's position."""
    end = file.seek(0, os.SEEK_END)
    for _ in range(_MOST_TAGS):
        length = _tag_length(file, end)
        if not 0 < length < end:
            break
        end -= length
    return end


def before_end_tags(file: BinaryIO) -> BinaryIO:
    """The file without the tags behind it, at its beginning; the same one if it has none."""
    size, end = file.seek(0, os.SEEK_END), content_end(file)
    file.seek(0)
    return file if end == size else splice(file, [Stretch(0, end)])


def _tag_length(file: BinaryIO, end: int) -> int:
    """The bytes of the tag that ends here; 0 if none does."""
    tail = _before(file, end, _ID3V1)
    if tail[:3] == b"TAG" and len(tail) == _ID3V1:
        extended = _before(file, end - _ID3V1, _EXTENDED)
        return _ID3V1 + (_EXTENDED if extended[:4] == b"TAG+" else 0)
    ape = tail[-_APE_FOOTER:]
    if ape[:8] == b"APETAGEX" and ape[24:] == bytes(8):
        has_header = int.from_bytes(ape[20:24], "little") & _HAS_HEADER
        return int.from_bytes(ape[12:16], "little") + (_APE_FOOTER if has_header else 0)
    id3 = tail[-_ID3_FOOTER:]
    if id3[:3] == b"3DI" and max(id3[6:10]) < 128:
        return syncsafe(id3[6:10]) + 2 * _ID3_FOOTER
    lyrics = tail[-_LYRICS_END:]
    if lyrics[6:] == b"LYRICS200" and lyrics[:6].isdigit():
        return int(lyrics[:6]) + _LYRICS_END
    return 0


def _before(file: BinaryIO, end: int, count: int) -> bytes:
    start = max(0, end - count)
    file.seek(start)
    return file.read(end - start)
