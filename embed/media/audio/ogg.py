"""The pages of Ogg files (RFC 3533): whether all are there, and an end that decoders understand.

A page carries a checksum, a number of its own, and how far the sound has come by its end, its
granule position. That of the last page is the length of the sound. It is unknown where the writer
stopped before the end, and wrong where somebody put a file together.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.media.audio.chunks import file_size, read_at
from anysense.embed.media.ending import content_end
from anysense.embed.media.splice import Part, Stretch, splice

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["has_whole_pages", "last_page_overruns", "mend_last_page", "up_to_last_page"]

_LONGEST = 65307
_HEAD = struct.Struct("<4sBBqIIIB")
_IS_FIRST, _IS_LAST = 2, 4
_UNKNOWN = -1
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class _Page:
    """A page: where it is, its flags, its granule position, and its number in its stream."""

    start: int
    end: int
    flags: int
    granule: int
    stream: int
    number: int
    checksum: int
    has_end: bool  # whether a packet ends in it


def up_to_last_page(file: BinaryIO) -> BinaryIO:
    """The file, at its beginning, without what lies behind its last page, for which FFmpeg fails.

    Where zeros are in place of the rest of that page, as of a transfer that was broken off, it ends
    where they begin.
    """
    size, end = file_size(file), content_end(file)
    page = _last_page(file, end)
    if page is not None:
        is_there = page.end <= end or (page.end <= size and _is_sound(file, page))
        end = page.end if is_there else end
    file.seek(0)
    return file if page is None or end == size else splice(file, [Stretch(0, end)])


def last_page_overruns(file: BinaryIO) -> bool:
    """Whether the last page of an Ogg file is longer than the file; leaves it at its beginning."""
    size = file_size(file)
    page = _last_page(file, size)
    file.seek(0)
    return page is not None and page.end > size


def mend_last_page(file: BinaryIO) -> BinaryIO:
    """The file, at its beginning, with no length instead of an impossible one.

    FFmpeg gives up on Opus of unknown granule positions, and takes 0 on a last page to mean that
    all of it is padding.
    """
    size = file_size(file)
    last = _last_page(file, size)
    if last is None or last.granule > 0 or not last.has_end:
        file.seek(0)
        return file
    parts: list[Part] = []
    end = 0
    for page in _pages(file):
        if (page.granule == _UNKNOWN and page.has_end) or page.start == last.start:
            parts += [Stretch(end, page.start), _without_length(file, page)]
            end = page.end
    file.seek(0)
    return splice(file, [*parts, Stretch(end, size)])


def has_whole_pages(file: BinaryIO) -> bool:
    """Whether an Ogg file holds every page from the first to the last, undamaged.

    Then nothing is missing, whatever the last one says. Leaves the file at its beginning.
    """
    end, numbers = 0, dict[int, int]()
    for page in _pages(file):
        is_next = page.flags & _IS_FIRST or numbers.get(page.stream) == page.number - 1
        if not is_next or not _is_sound(file, page):
            file.seek(0)
            return False
        numbers[page.stream], end = page.number, page.end
    file.seek(end)
    rest = file.read(_LONGEST)
    file.seek(0)
    return b"OggS" not in rest and len(rest) < _LONGEST


def _pages(file: BinaryIO) -> Iterator[_Page]:
    at = 0
    while (page := _page_at(file, at)) is not None:
        yield page
        at = page.end


def _page_at(file: BinaryIO, at: int) -> _Page | None:
    head = read_at(file, at, _HEAD.size)
    if head is None:
        return None
    name, version, flags, granule, stream, number, checksum, count = _HEAD.unpack(head)
    if name != b"OggS" or version != 0:
        return None
    lengths = read_at(file, at + _HEAD.size, count) or b""
    # A table of lengths that the file ends in makes the page longer than the file.
    end = at + _HEAD.size + count + (sum(lengths) if len(lengths) == count else _LONGEST)
    has_end = any(length < 255 for length in lengths)
    return _Page(at, end, flags, granule, stream, number, checksum, has_end)


def _last_page(file: BinaryIO, size: int) -> _Page | None:
    start = max(0, size - 2 * _LONGEST)
    tail = read_at(file, start, size - start) or b""
    at = tail.rfind(b"OggS\0")
    if at < 0:
        return None
    page = _page_at(file, start + at)
    # Of less than a header all that can be said is that the page is not there.
    return page or _Page(start + at, size + 1, 0, 0, 0, 0, 0, has_end=False)


def _is_sound(file: BinaryIO, page: _Page) -> bool:
    data = read_at(file, page.start, page.end - page.start)
    return data is not None and page.checksum == _checksum(data)


def _without_length(file: BinaryIO, page: _Page) -> bytes:
    """A page with a granule position of 0, and not as the last one."""
    data = bytearray(read_at(file, page.start, page.end - page.start) or b"")
    data[5] &= ~_IS_LAST
    data[6:14] = bytes(8)
    data[22:26] = _checksum(data).to_bytes(4, "little")
    return bytes(data)


def _checksum(page: bytes | bytearray) -> int:
    """The checksum of a page: zlib's polynomial, with the bits of each byte the other way round."""
    data = bytes(page[:22]) + bytes(4) + bytes(page[26:])
    value = zlib.crc32(data.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(value.to_bytes(4, "little").translate(_REVERSED), "big")
