"""Whether a file is still the one that was opened: a path may come to mean another one.

A collection that is put back from a backup has other files at the same paths. What is open goes on
being read and written without a complaint of the system, though nobody will ever find it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.errors import CollectionReplacedError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FileId", "check_file", "file_id", "replaced"]


class FileId(NamedTuple):
    """What tells a file from all others for as long as anybody has it open."""

    device: int
    inode: int


def file_id(path: Path) -> FileId | None:
    """The file that a path means now; None if there is none, or it cannot be looked at."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return FileId(status.st_dev, status.st_ino)


def check_file(path: Path, opened: FileId | None) -> None:
    """See that a path in a collection still means the file that was opened by it.

    Raises:
        CollectionReplacedError: it means another one, or none.
    """
    if file_id(path) != opened or opened is None:
        raise replaced(path)


def replaced(path: Path) -> CollectionReplacedError:
    """The error for a file of a collection that is no longer in its place."""
    return CollectionReplacedError(
        f"{path} is not the file that was opened: its collection was moved, removed or put back "
        "from a backup; see that the folder is in its place, then open it again."
    )
