"""Which size of the samples can be believed, and a file whose header states that one.

A recorder writes the header before it knows how long the recording becomes. Where it could not go
back, as in a pipe, or never did, as after a crash, the size is 0, or a large one of its own making,
and the samples are all there. A file that lost its end in a transfer looks alike but for one thing:
its sizes were once true. So, of samples that begin at `start` and of which `left` bytes are there:

- A size that fits into the file is believed, unless over 16 KiB lie behind it, or more than it
  states, that are neither chunks nor zeros: then it is that of an earlier moment of the recording.
- A size of 0 is believed if only chunks follow: the recording is empty. Else it was never written.
- Sizes that writers to pipes are known to use were never written: 32-bit ones from 0x7F000000 on
  (SoX: 0x7F000000 and 0x7FFFF000, others the largest signed or unsigned number, or that less their
  headers), 1 GiB, and 64-bit ones from 2**62 on.
- A size that is too large by a slip is taken for one: by 64 bytes, as a header counted in, or by
  2 %, as many packets of other formats may be damaged, and at most 16 KiB; or it is the file's.
- A size that is too large although the file ends where its outermost size says is wrong.
- Any other size that is too large was true: the file is cut short, and is refused.

Where a size is not believed, the samples are all that is left of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO, NamedTuple

from anysense.embed.media.audio.chunks import (
    LAYOUTS,
    Chunk,
    Layout,
    are_chunks,
    file_size,
    is_chunk_name,
    iter_chunks,
    layout_of,
    read_at,
)
from anysense.embed.media.splice import Part, Stretch, splice

__all__ = ["SIZED_CONTAINERS", "mend_sizes"]

SIZED_CONTAINERS = frozenset({*LAYOUTS, "au"})
"""The containers whose headers state the bytes of the samples."""

_STREAMED = 0x7F000000 - 64  # less the fields that a size may count in
_ROUND = 1 << 30
_UNKNOWN = (1 << 62) - 64
_SLIP_BYTES = 64
_SLIP_MOST = 1 << 14
_BEHIND_BYTES = 1 << 14
_SLIP_SHARE = 0.02
_LARGEST = (1 << 32) - 1
_ZEROS_SEEN = 4096
_WIDE_MAGICS = (b"RF64", b"BW64")


class _Edit(NamedTuple):
    """Bytes that stand in place of those of a file from `start` up to `end`."""

    start: int
    end: int
    new: bytes


@dataclass(frozen=True)
class _Samples:
    """What a file says of its samples.

    Attributes:
        start: where they begin.
        claim: their bytes, by the header.
        is_wide: whether the size has 64 bits.
        outer: where the file ends by its outermost size; None if it has none.
        layout: that of the chunks which may follow; None if there are none.
    """

    start: int
    claim: int
    is_wide: bool = False
    outer: int | None = None
    layout: Layout | None = None


def mend_sizes(file: BinaryIO, container: str) -> BinaryIO | None:
    """The file with sizes that fit what it holds: itself, at its beginning, if they do already.

    None if it is cut short: if it ends before its headers say, and they can be believed.

    Args:
        file: a recording.
        container: one of `SIZED_CONTAINERS`.
    """
    size = file_size(file)
    try:
        if container == "au":
            edits = _au_edits(file, size)
        else:
            edits = _chunk_edits(file, size, layout_of(file, container), container)
    finally:
        file.seek(0)
    if edits is None:
        return None
    return splice(file, _parts(edits, size)) if edits else file


def _au_edits(file: BinaryIO, size: int) -> list[_Edit] | None:
    fields = read_at(file, 4, 8)
    if fields is None:
        return None
    start, claim = int.from_bytes(fields[:4], "big"), int.from_bytes(fields[4:], "big")
    if start > size:
        return None
    samples = _Samples(start, claim)
    true_bytes = _true_bytes(file, samples, size)
    if true_bytes is None or true_bytes == claim:
        return None if true_bytes is None else []
    return [_Edit(8, 12, b"\xff" * 4)]  # in this format the word for: up to the end


def _chunk_edits(file: BinaryIO, size: int, layout: Layout, container: str) -> list[_Edit] | None:
    """What to change in a file of chunks; None if it is cut short."""
    chunks: list[Chunk] = []
    for chunk in iter_chunks(file, layout, layout.start):
        chunks.append(chunk)
        if chunk.name == layout.samples:
            break
    else:
        return None  # the samples never came
    samples = _samples(file, layout, chunks, container)
    if samples.start > size:
        return None
    true_bytes = _true_bytes(file, samples, size)
    if true_bytes is None:
        return None
    ends = (c.end for c in chunks[:-1] if (c.end - c.content) % layout.alignment)
    edits = [_Edit(end, end, b"\0") for end in ends]
    if not _states_it(file, samples, true_bytes):
        edits += _size_edits(layout, chunks[-1], true_bytes, size, container)
    return edits


def _samples(file: BinaryIO, layout: Layout, chunks: list[Chunk], container: str) -> _Samples:
    last = chunks[-1]
    claim, is_wide = last.size, layout.size_bytes == 8
    outer = _outer_end(file, layout, container)
    if read_at(file, 0, 4) in _WIDE_MAGICS and last.size in (0, _LARGEST):
        # The 64-bit sizes of the file and of the samples: EBU Tech 3306
        sizes = next((read_at(file, c.content, 16) for c in chunks if c.name == b"ds64"), None)
        if sizes is not None:
            outer, claim = (int.from_bytes(s, "little") for s in (sizes[:8], sizes[8:]))
            outer, is_wide = outer + 8, True
    fields = layout.fields
    return _Samples(last.content + fields, claim - fields, is_wide, outer, layout)


def _states_it(file: BinaryIO, samples: _Samples, true_bytes: int) -> bool:
    """Whether decoders will find this size: in files of 64-bit sizes they look for no other."""
    if read_at(file, 0, 4) in _WIDE_MAGICS and not samples.is_wide:
        return False
    return true_bytes == samples.claim


def _outer_end(file: BinaryIO, layout: Layout, container: str) -> int | None:
    if container == "caf":
        return None
    at, length, rest = (16, 8, 0) if container == "w64" else (4, 4, 8)
    return int.from_bytes(read_at(file, at, length) or b"", layout.order) + rest


def _true_bytes(file: BinaryIO, samples: _Samples, size: int) -> int | None:
    """The bytes of samples that a file of `size` bytes holds; None if it is cut short."""
    left, claim = size - samples.start, samples.claim
    if claim > left:
        return left if _was_never_written(samples) or _is_slip(samples, size) else None
    if claim > 0:
        return left if _is_of_an_earlier_moment(file, samples, size) else claim
    layout = samples.layout
    is_empty = layout is not None and are_chunks(file, layout, samples.start, size)
    return claim if is_empty or left == 0 else left


def _was_never_written(samples: _Samples) -> bool:
    if samples.is_wide:
        return samples.claim >= _UNKNOWN
    return samples.claim >= _STREAMED or abs(samples.claim - _ROUND) <= _SLIP_BYTES


def _is_slip(samples: _Samples, size: int) -> bool:
    """Whether a size that is too large is so by mistake, and nothing is missing."""
    too_much = samples.claim - (size - samples.start)
    share = min(_SLIP_MOST, int(_SLIP_SHARE * samples.claim))
    if too_much <= max(_SLIP_BYTES, share) or samples.claim in (size, size - 8):
        return True
    return samples.outer is not None and abs(samples.outer - size) <= 8


def _is_of_an_earlier_moment(file: BinaryIO, samples: _Samples, size: int) -> bool:
    """Whether the samples went on after their size was written."""
    end = samples.start + samples.claim
    if size - end <= min(samples.claim, _BEHIND_BYTES):
        return False
    beyond = read_at(file, end, min(_ZEROS_SEEN, size - end)) or b""
    # After an odd number of bytes the next chunk is one further, or after padding.
    places = (0, 1, len(beyond) - len(beyond.lstrip(b"\0")))
    begins_chunk = any(is_chunk_name(beyond[at : at + 4]) for at in places)
    return not begins_chunk and beyond.count(0) < len(beyond)


def _size_edits(
    layout: Layout, chunk: Chunk, true_bytes: int, size: int, container: str
) -> list[_Edit]:
    """The sizes of the samples' chunk and of the file, as the samples are the last chunk now."""
    length, order = layout.size_bytes, layout.order
    most = (1 << 8 * length) - 1
    claim = min(most, true_bytes + layout.fields + layout.header_share)
    edits = [_Edit(chunk.content - length, chunk.content, claim.to_bytes(length, order))]
    if container == "wav":
        magic = b"RIFX" if order == "big" else b"RIFF"  # without 64-bit sizes, if it had them
        outer = min(_LARGEST, size - 8).to_bytes(4, order)
        edits.append(_Edit(0, 8, magic + outer))
    return edits


def _parts(edits: list[_Edit], size: int) -> list[Part]:
    in_order = [_Edit(0, 0, b""), *sorted(edits), _Edit(size, size, b"")]
    parts: list[Part] = []
    for edit, other in pairwise(in_order):
        parts += [edit.new, Stretch(edit.end, other.start)]
    return parts
