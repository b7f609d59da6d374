"""Where the samples of a recording lie, in the containers that are made of chunks.

A chunk is an identifier, a size and its content. The sizes are what the file says of itself;
whether they can be believed is `anysense.embed.media.audio.sizes`'s to say.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "LAYOUTS",
    "Chunk",
    "Layout",
    "are_chunks",
    "file_size",
    "is_chunk_name",
    "iter_chunks",
    "layout_of",
    "read_at",
]

_MOST_CHUNKS = 1000
_FARTHEST = 1 << 42  # where file systems still let one seek to
_PRINTABLE = range(0x20, 0x7F)


@dataclass(frozen=True)
class Layout:
    """How a container lays out its chunks.

    Attributes:
        start: where the first chunk is.
        samples: how the identifier of the samples' chunk begins.
        name_bytes: bytes of an identifier.
        size_bytes: bytes of a size.
        order: their byte order.
        header_share: bytes of its own header that a size includes.
        alignment: chunks start at multiples of this.
        fields: bytes of the samples' chunk that come before the samples.
    """

    start: int
    samples: bytes
    name_bytes: int
    size_bytes: int
    order: Literal["little", "big"]
    header_share: int = 0
    alignment: int = 1
    fields: int = 0


LAYOUTS = {
    "wav": Layout(12, b"data", 4, 4, "little", alignment=2),
    "aiff": Layout(12, b"SSND", 4, 4, "big", alignment=2, fields=8),
    "caf": Layout(8, b"data", 4, 8, "big", fields=4),
    "w64": Layout(40, b"data", 16, 8, "little", header_share=24, alignment=8),
}
"""By the name of the container in FFmpeg."""


def layout_of(file: BinaryIO, container: str) -> Layout:
    """The layout of a file of chunks, with the byte order that it has. Moves its position."""
    layout = LAYOUTS[container]
    return replace(layout, order="big") if read_at(file, 0, 4) == b"RIFX" else layout


@dataclass(frozen=True)
class Chunk:
    """A chunk of a file.

    Attributes:
        name: its identifier, the first four bytes.
        content: where its content is.
        size: bytes of its content, as its header states it.
        end: where the next chunk starts, by that size.
    """

    name: bytes
    content: int
    size: int
    end: int


def file_size(file: BinaryIO) -> int:
    """The bytes of a file; leaves it at its beginning."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def iter_chunks(file: BinaryIO, layout: Layout, start: int) -> Iterator[Chunk]:
    """The chunks from `start` on.

    A writer may have forgotten the padding after a chunk of odd length: then the next one starts
    where its identifier is.
    """
    at = start
    for _ in range(_MOST_CHUNKS):
        header = read_at(file, at, layout.name_bytes + layout.size_bytes)
        if header is None:
            return
        content = at + len(header)
        length = int.from_bytes(header[layout.name_bytes :], layout.order) - layout.header_share
        at = _end(file, layout, content + max(0, length), max(0, length))
        yield Chunk(header[:4], content, length, at)


def _end(file: BinaryIO, layout: Layout, end: int, length: int) -> int:
    """Where the chunk after one of this length starts, that ends here without its padding."""
    next_start = end + -length % layout.alignment
    if next_start == end + 1 and not is_chunk_name(read_at(file, next_start, 4)):
        return end if is_chunk_name(read_at(file, end, 4)) else next_start
    return next_start


def are_chunks(file: BinaryIO, layout: Layout, start: int, size: int) -> bool:
    """Whether the bytes from `start` to the end of the file are chunks, without a rest."""
    end = start
    for chunk in iter_chunks(file, layout, start):
        if not is_chunk_name(chunk.name):
            return False
        end = chunk.end
    return size <= end < size + layout.alignment


def read_at(file: BinaryIO, at: int, count: int) -> bytes | None:
    """So many bytes from a place; None if the file ends before."""
    if at >= _FARTHEST:
        return None
    file.seek(at)
    data = file.read(count)
    return data if len(data) == count else None


def is_chunk_name(name: bytes | None) -> bool:
    """Whether these are four bytes that may name a chunk."""
    return name is not None and len(name) == 4 and all(byte in _PRINTABLE for byte in name)
