"""What a source of a build holds: the files and texts to add, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from anysense.index.catalog.records import FileRecord, Sidecar

if TYPE_CHECKING:
    from anysense.index.types import NewItem

__all__ = [
    "Entry",
    "FileEntry",
    "Holder",
    "LazyEntry",
    "Problem",
    "RowEntry",
    "UnnamedEntry",
    "file_record",
    "has_changed_since",
    "last_written_ns",
]


class FileEntry(NamedTuple):
    """A file that a source holds: its absolute path, and its size and time when it was looked at.

    `item` is what a table says of it; None where none names it. `sidecars` are the texts beside it
    whose words belong to it. `changed_ns` is when its content or its name was changed last, by the
    system's own note; 0 where the system has none.
    """

    path: str
    size: int
    mtime_ns: int
    item: NewItem | None = None
    sidecars: tuple[Sidecar, ...] = ()
    changed_ns: int = 0

    @property
    def stamp(self) -> int:
        """What the catalog keeps as its time."""
        return self.mtime_ns


class RowEntry(NamedTuple):
    """A text, or the bytes of a file, that stands in a row of a table.

    `path` is the table's, a ``#``, and the row's id or a hash of the content; `size` is that of the
    bytes, of a text as UTF-8; `item` is the whole row.
    """

    path: str
    size: int
    content_hash: str
    item: NewItem

    @property
    def stamp(self) -> int:
        """What the catalog keeps as its time: the first digits of its hash, as a number.

        A row has no time. But the catalog's table of what could not be read has no column for a
        hash, and there a row of the same length must not pass for the one that failed; and the
        rows of tables in collections that exist have this number.
        """
        return int(self.content_hash[:15], 16)  # 60 bits, as SQLite's integers have 63


class Holder(Protocol):
    """What holds what is read when it is needed: a tar, a store. Entries of one holder share it.

    Attributes:
        changed_ns: when its content or its name was changed last, by the system's own note; 0 where
            there is none.
        written_ns: when it was written last, in nanoseconds since 1970; 0 where that is unknown.
    """

    @property
    def changed_ns(self) -> int: ...

    @property
    def written_ns(self) -> int: ...

    def item(self, entry: LazyEntry) -> NewItem:
        """What an entry is, with its content to be read later; nothing is read now."""
        ...

    def described_item(self, entry: LazyEntry) -> NewItem:
        """The same, with what is said of it there, which is read now: captions and metadata.

        Raises:
            MediaError: it is not to be used, or what is said of it cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class LazyEntry:
    """Something that is no file of its own, and is compared without being read.

    It is unchanged if its size and its stamp are; else its content is read, and has a hash. Of
    millions of entries each is small: what they have in common is in their holder.

    Attributes:
        path: as the catalog has it; see `anysense.index.building.sources.paths`.
        size: its bytes.
        stamp: a number that is another one once its content, or what is said of it, may be: a time,
            or made from what stands for one; at most 63 bits.
        holder: what it is in.
        key: where in its holder it is; the holder's own business.
        sidecars: the texts beside it whose words belong to it, where its holder has such.
    """

    path: str
    size: int
    stamp: int
    holder: Holder
    key: int | str = 0
    sidecars: tuple[Sidecar, ...] = ()

    @property
    def item(self) -> NewItem:
        """What it is, with its content to be read later, and without what is said of it."""
        return self.holder.item(self)

    def described_item(self) -> NewItem:
        """What it is, with captions and metadata, which are read now.

        Raises:
            MediaError: it is not to be used, or what is said of it cannot be read.
        """
        return self.holder.described_item(self)

    @property
    def changed_ns(self) -> int:
        return self.holder.changed_ns


@dataclass(frozen=True, slots=True)
class UnnamedEntry(LazyEntry):
    """One whose path says where it is now, and nothing of what it is, as the number of a row does.

    Its item is called after its content, so that it keeps its id wherever it goes.
    """


Entry: TypeAlias = "FileEntry | RowEntry | LazyEntry"


class Problem(NamedTuple):
    """A folder, file or row that cannot be used, and why."""

    path: str
    reason: str


def has_changed_since(entry: Entry, since: int | None) -> bool:
    """Whether the system says that a file was changed after a time, in nanoseconds since 1970."""
    return since is not None and not isinstance(entry, RowEntry) and entry.changed_ns > since


def last_written_ns(entry: Entry) -> int:
    """When what an entry is read from was written last, in nanoseconds; 0 where that is unknown."""
    if isinstance(entry, FileEntry):
        return entry.mtime_ns
    return entry.holder.written_ns if isinstance(entry, LazyEntry) else 0


def file_record(entry: Entry, content_hash: str, sidecars: tuple[Sidecar, ...] = ()) -> FileRecord:
    """An entry as the catalog notes it, once its content and that of its sidecars has been read."""
    return FileRecord(entry.path, entry.size, entry.stamp, content_hash, sidecars)
