"""What a source of a build holds: the files and texts to add, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from anysense.index.catalog.records import FileRecord, Sidecar

if TYPE_CHECKING:
    from anysense.index.types import NewItem

__all__ = ["Entry", "FileEntry", "Problem", "RowEntry", "file_record", "has_changed_since"]


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


Entry: TypeAlias = "FileEntry | RowEntry"


class Problem(NamedTuple):
    """A folder, file or row that cannot be used, and why."""

    path: str
    reason: str


def has_changed_since(entry: Entry, since: int | None) -> bool:
    """Whether the system says that a file was changed after a time, in nanoseconds since 1970."""
    return since is not None and isinstance(entry, FileEntry) and entry.changed_ns > since


def file_record(entry: Entry, content_hash: str, sidecars: tuple[Sidecar, ...] = ()) -> FileRecord:
    """An entry as the catalog notes it, once its content and that of its sidecars has been read."""
    return FileRecord(entry.path, entry.size, entry.stamp, content_hash, sidecars)
