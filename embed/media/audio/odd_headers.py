"""Headers that decoders do not understand as they stand, in a form that they do.

libsndfile, and SoX by it, writes the whole header of a CAF or W64 twice where it cannot go back, as
into a pipe, and once more at the end: decoders take those for sound. It knows no extensible WAV in
big-endian order, which is that of SoX for over 16 bits or two channels, nor does FFmpeg.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.media.audio.chunks import file_size, iter_chunks, layout_of, read_at
from anysense.embed.media.splice import Stretch, splice

if TYPE_CHECKING:
    from typing import BinaryIO

    from anysense.embed.media.audio.chunks import Chunk

__all__ = ["plain_header"]

_EXTENSIBLE = b"\xff\xfe"
_EXTENSIBLE_BYTES = 40
_CODEC = 24  # where an extensible format names what the tag of a plain one does
_PRINCIPAL_BYTES = 16
"""Of a file's beginning, without its size in bytes 4 to 7, it tells that a header begins again."""


def plain_header(file: BinaryIO, container: str) -> BinaryIO:
    """The file with one header that decoders know: itself, at its beginning, if it has one.

    Args:
        file: a recording.
        container: one that is made of chunks; others are left alone.
    """
    if container == "au":
        return file
    layout = layout_of(file, container)
    mended = file
    for chunk in iter_chunks(file, layout, layout.start):
        if chunk.name == b"fmt " and layout.order == "big":
            mended = _with_plain_format(file, chunk)
        if chunk.name == layout.samples:
            mended = _with_one_header(mended, chunk.content + layout.fields)
            break
    file.seek(0)
    return mended


def _with_plain_format(file: BinaryIO, chunk: Chunk) -> BinaryIO:
    """A big-endian WAV whose format, if it is extensible, is named as in a plain one."""
    content = read_at(file, chunk.content, _EXTENSIBLE_BYTES) or b""
    if content[:2] != _EXTENSIBLE or chunk.size < _EXTENSIBLE_BYTES:
        return file
    # Writers disagree on the order of the first number of the identifier, which is small.
    codec = max(content[_CODEC : _CODEC + 4])
    rest = Stretch(chunk.content + 2, file_size(file))
    return splice(file, [Stretch(0, chunk.content), bytes([0, codec]), rest])


def _with_one_header(file: BinaryIO, length: int) -> BinaryIO:
    """A file without what is written of its header, of this length, behind it and at the end."""
    mark, size = _header_mark(file, 0), file_size(file)
    if _header_mark(file, length) != mark:
        return file
    end = size - length if _header_mark(file, size - length) == mark else size
    return splice(file, [Stretch(length, max(length, end))])


def _header_mark(file: BinaryIO, at: int) -> bytes | None:
    head = read_at(file, at, _PRINCIPAL_BYTES)
    return None if head is None else head[:4] + head[8:]
