"""What goes into a catalog and what comes out of it: items, their segments, and their files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anysense.embed.types import FloatArray, Modality

__all__ = [
    "ID_RULE",
    "FileRecord",
    "Forgotten",
    "Item",
    "ItemRecord",
    "KnownFile",
    "QuarantinedFile",
    "Segment",
    "SegmentRecord",
    "SegmentRow",
    "is_id",
    "item_id",
]


@dataclass(frozen=True)
class SegmentRecord:
    """A segment to be written.

    Attributes:
        space: the id of the space that `vector` belongs to.
        start: seconds for sound, characters for text; None where the segment is the whole item.
        end: as `start`; not included.
        text: the passage itself, for text.
        vector: float32, shape (dimension,); normalised, and kept as fp16.
    """

    space: str
    start: float | None
    end: float | None
    text: str | None
    vector: FloatArray


class FileRecord(NamedTuple):
    """A file as a build saw it: enough to tell whether it has changed since."""

    path: str
    size: int
    mtime_ns: int
    content_hash: str


@dataclass(frozen=True)
class ItemRecord:
    """An item to be written, with everything that belongs to it.

    Attributes:
        id: unique in the collection; an item of the same id is replaced.
        source: what hits show: a path, a URL, or a name.
        modality: what the item is.
        metadata: anything that JSON can hold.
        segments: its vectors, in order; at least one.
        content_hash: of the bytes it was made from, so that a copy becomes an alias.
        files: the files that hold it; none if it did not come from a file.
    """

    id: str
    source: str
    modality: Modality
    metadata: Mapping[str, Any]
    segments: Sequence[SegmentRecord]
    content_hash: str | None = None
    files: Sequence[FileRecord] = ()


@dataclass(frozen=True)
class Segment:
    """A segment of an item that is in the catalog. `id` is also its id in the FAISS index."""

    id: int
    space: str
    start: float | None
    end: float | None
    text: str | None


@dataclass(frozen=True)
class Item:
    """An item as the catalog holds it.

    Attributes:
        id: unique in the collection.
        source: a path, a URL, or a name.
        modality: what the item is.
        metadata: what was given with it.
        segments: in order, the spaces one after the other.
        aliases: paths of other files with the same content.
        added_at: seconds since 1970, UTC.
    """

    id: str
    source: str
    modality: Modality
    metadata: dict[str, Any]
    segments: list[Segment]
    aliases: list[str]
    added_at: float


@dataclass(frozen=True)
class SegmentRow:
    """A segment with what a hit needs of its item."""

    segment_id: int
    item_id: str
    source: str
    modality: Modality
    space: str
    start: float | None
    end: float | None
    text: str | None
    metadata: dict[str, Any]


class KnownFile(NamedTuple):
    """A file that the catalog knows, and the item that it holds."""

    record: FileRecord
    item_id: str


class QuarantinedFile(NamedTuple):
    """A file that could not be read, and why; tried again when it changes, or on request."""

    path: str
    size: int
    mtime_ns: int
    reason: str


class Forgotten(NamedTuple):
    """What became of the items of files that are gone: ids removed, and new ids by old ones."""

    removed: list[str]
    renamed: dict[str, str]


ID_RULE = "1 to 512 printable characters, the first and the last of them no spaces"


def is_id(own: str) -> bool:
    """Whether an item may have this id; `ID_RULE` says it in words."""
    return 1 <= len(own) <= 512 and own.isprintable() and own == own.strip()


def item_id(source: str) -> str:
    """The default id of a file: it depends on where the file is, not on what is in it.

    Sixteen hexadecimal digits: two of a billion sources share one with a probability of 3 %.
    """
    data = source.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=8).hexdigest()
