"""What goes into a catalog and what comes out of it: items, their segments, and their files."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anysense.embed.types import EncodedSegment, Kind, Modality, Origin, Place

__all__ = [
    "ID_RULE",
    "MAX_ID",
    "SAID",
    "CatalogFile",
    "FileRecord",
    "Item",
    "ItemChanges",
    "ItemRecord",
    "QuarantinedFile",
    "Segment",
    "SegmentRow",
    "Sidecar",
    "SpaceRow",
    "is_id",
    "looks_made",
    "make_id",
    "read_sidecars",
    "write_sidecars",
]


SAID = "said|"
"""Begins the keys of notes of what contents say of themselves; the hash of the content follows."""


class Sidecar(NamedTuple):
    """A file beside another whose words belong to the same item, as a build saw it."""

    name: str
    size: int
    mtime_ns: int


class FileRecord(NamedTuple):
    """A file as a build saw it: enough to tell whether it has changed since.

    The hash is of the file's content and of that of its sidecars.
    """

    path: str
    size: int
    mtime_ns: int
    content_hash: str
    sidecars: tuple[Sidecar, ...] = ()


@dataclass(frozen=True)
class ItemRecord:
    """An item to be written, with everything that belongs to it.

    Attributes:
        id: unique in the collection; an item of the same id is replaced.
        source: what hits show: a path, a URL, or a name.
        kind: what the item is.
        metadata: anything that JSON can hold.
        segments: its vectors, in order; at least one.
        content_hash: of the bytes it was made from, so that a copy becomes an alias.
        files: the files that hold it; none if it did not come from a file.
        said: what of its metadata its content says itself: noted beside it under its hash, so that
            it goes with that content.
    """

    id: str
    source: str
    kind: Kind
    metadata: Mapping[str, Any]
    segments: Sequence[EncodedSegment]
    content_hash: str | None = None
    files: Sequence[FileRecord] = ()
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Segment:
    """A segment of an item that is in the catalog.

    Attributes:
        id: also its id in the FAISS index.
        space: the id of the space of its vector.
        modality: what its vector was made from.
        place: where in the item it is.
        text: the passage itself, of a text.
        origin: what it was derived from.
        heading: the path of headings that a passage stands under, the outermost first.
    """

    id: int
    space: str
    modality: Modality
    place: Place
    text: str | None
    origin: Origin
    heading: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        place = self.place
        return {
            "id": self.id,
            "space": self.space,
            "modality": self.modality.value,
            "start": place.start,
            "end": place.end,
            "unit": None if place.unit is None else place.unit.value,
            "page": place.page,
            "box": None if place.box is None else list(place.box),
            "origin": self.origin.value,
            "heading": list(self.heading),
            "text": self.text,
        }


@dataclass(frozen=True)
class Item:
    """An item as the catalog holds it.

    Attributes:
        id: unique in the collection.
        source: a path, a URL, or a name.
        kind: what the item is.
        metadata: what was given with it.
        segments: in order, the spaces one after the other.
        aliases: paths of other files with the same content.
        added_at: seconds since 1970, UTC.
    """

    id: str
    source: str
    kind: Kind
    metadata: dict[str, Any]
    segments: list[Segment]
    aliases: list[str]
    added_at: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values, in the shape that the command line and the service print."""
        return {
            "id": self.id,
            "source": self.source,
            "kind": self.kind.value,
            "metadata": self.metadata,
            "segments": [segment.to_dict() for segment in self.segments],
            "aliases": self.aliases,
            "added_at": self.added_at,
        }


class SpaceRow(NamedTuple):
    """A space as the catalog numbers it."""

    pk: int
    id: str
    dimension: int


@dataclass(frozen=True)
class SegmentRow:
    """A segment with what a hit needs of its item."""

    segment: Segment
    item_id: str
    source: str
    kind: Kind
    metadata: dict[str, Any]


class CatalogFile(NamedTuple):
    """A file that the catalog knows, and the item that it holds."""

    record: FileRecord
    item_id: str


class QuarantinedFile(NamedTuple):
    """A file that could not be read, and why; tried again when it changes, or on request."""

    path: str
    size: int
    mtime_ns: int
    reason: str


class ItemChanges(NamedTuple):
    """What became of the items of files that are gone: ids removed, and new ids by old ones."""

    removed: list[str]
    renamed: dict[str, str]


MAX_ID = 512
"""Characters of an id at most."""

ID_RULE = (
    f"1 to {MAX_ID} printable characters, with neither white space nor a slash at the ends, "
    "without empty, . or .. parts between slashes, not ending with /media, /segments or "
    "/waveform, and "
    "neither batch nor batch/delete"
)
_OF_OTHERS = re.compile(r".*/(media|segments|waveform)|batch(/delete)?", re.DOTALL)
"""Addresses below those of items that are not an item's."""
_MADE_ID = re.compile(r"[0-9a-f]{16}")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")


def is_id(name: str) -> bool:
    """Whether a new item may have this id; `ID_RULE` says it in words.

    An id must survive being part of a URL, ``/v1/items/{id}`` and ``/v1/items/{id}/media``, beside
    ``/v1/items/batch``, and the programs on the way that tidy paths up. An address may be an id:
    the two slashes after its scheme are no empty part. Items that have other ids from earlier keep
    them.
    """
    if not 1 <= len(name) <= MAX_ID or not name.isprintable() or name != name.strip():
        return False
    parts = _SCHEME.sub("", name).split("/")
    return not {"", ".", ".."} & set(parts) and not _OF_OTHERS.fullmatch(name)


def make_id(source: str) -> str:
    """The default id of a file: it depends on where the file is, not on what is in it.

    Sixteen hexadecimal digits: two of a billion sources share one with a probability of 3 %.
    """
    data = source.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def looks_made(item_id: str) -> bool:
    """Whether an id is such as `make_id` makes, in which nobody would look for a word."""
    return _MADE_ID.fullmatch(item_id) is not None


def write_sidecars(sidecars: Sequence[Sidecar]) -> str | None:
    """Sidecars as the catalog keeps them; None for none."""
    return json.dumps(sidecars, separators=(",", ":")) if sidecars else None


def read_sidecars(text: str | None) -> tuple[Sidecar, ...]:
    """The reverse of `write_sidecars`."""
    return tuple(Sidecar(*entry) for entry in json.loads(text)) if text else ()
