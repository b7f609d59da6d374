"""PNGs whose pixels are sound, whatever lies beside the pixels in them.

Pillow refuses a PNG for a wrong checksum or over a megabyte of text or colour profile in a chunk
that has no say in its pixels. Viewers pass over such a chunk, and so does this, before Pillow sees
it.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from anysense.embed.media.ending import content_end
from anysense.embed.media.splice import Stretch, splice

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SoundPng", "sound_png"]

_SIGNATURE_BYTES = 8
_KIND_OF_PIXELS = 25  # in IHDR
_PIXELS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_BESIDE = frozenset({b"tRNS", b"eXIf", b"tEXt", b"zTXt", b"iTXt"})
_TRANSPARENT = {0: 2, 2: 6}
"""How long tRNS is where it names a colour, by the kind of pixels; else up to one byte a colour of
the palette."""
_MOST_BYTES = 1 << 20
"""Of one chunk beside the pixels, compressed or not: Pillow's limit. No description is longer."""
_MOST_BYTES_TOGETHER = 1 << 24
_MOST_CHUNKS = 1_000_000


class SoundPng(NamedTuple):
    """A PNG without what beside its pixels is damaged, too large, or never looked at.

    Attributes:
        file: what is left of it.
        is_cut: whether the file ends before its last chunk does.
    """

    file: BinaryIO
    is_cut: bool


class _Chunk(NamedTuple):
    name: bytes
    start: int  # of its length
    end: int  # after its checksum: past the end of the file, if that was cut


def sound_png(file: BinaryIO) -> SoundPng:
    """A PNG as far as its pixels need it, with the texts that are sound; of an animation, a still.

    Args:
        file: the picture; its position is moved.
    """
    size = content_end(file)
    chunks = list(_chunks(file, size))
    stretches = [Stretch(0, _SIGNATURE_BYTES)]
    room = _MOST_BYTES_TOGETHER
    file.seek(_KIND_OF_PIXELS)
    kind = int.from_bytes(file.read(1), "big")
    for chunk in chunks:
        if chunk.name in _BESIDE:
            content = _content(file, chunk, size)
            if chunk.name == b"tRNS" and len(content or b"") < _TRANSPARENT.get(kind, 1):
                continue
            length = _full_length(chunk.name, content) if content is not None else room + 1
            if length > room:
                continue
            room -= length
        elif chunk.name not in _PIXELS:
            continue
        end = min(chunk.end, size)
        if stretches[-1].end == chunk.start:
            stretches[-1] = Stretch(stretches[-1].start, end)
        else:
            stretches.append(Stretch(chunk.start, end))
    is_cut = not chunks or chunks[-1].name != b"IEND"
    return SoundPng(splice(file, stretches), is_cut)


def _chunks(file: BinaryIO, size: int) -> Iterator[_Chunk]:
    at = _SIGNATURE_BYTES
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        head = file.read(8)
        name = head[4:]
        if at + 8 > size or not name.isalpha():
            return
        end = at + 12 + int.from_bytes(head[:4], "big")
        yield _Chunk(name, at, end)
        if name == b"IEND":
            return
        at = end


def _content(file: BinaryIO, chunk: _Chunk, size: int) -> bytes | None:
    """What a chunk holds; None if it is too large, or has another checksum than it says."""
    if chunk.end > size or chunk.end - chunk.start > _MOST_BYTES:
        return None
    file.seek(chunk.start + 8)
    content = file.read(chunk.end - chunk.start - 12)
    checksum = int.from_bytes(file.read(4), "big")
    return content if zlib.crc32(content, zlib.crc32(chunk.name)) == checksum else None


def _full_length(name: bytes, content: bytes) -> int:
    """The bytes that a chunk takes in memory: of a text, when it is decompressed.

    One byte more than all chunks together may take, if it is more than one may.
    """
    _, _, rest = content.partition(b"\0")
    if name == b"iTXt" and rest[:1] == b"\x01":
        compressed = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    elif name == b"zTXt":
        compressed = rest[1:]
    else:
        return len(content)
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(compressed, _MOST_BYTES)
    except zlib.error:  # which Pillow passes over
        return len(content)
    return _MOST_BYTES_TOGETHER + 1 if inflater.unconsumed_tail else len(text)
