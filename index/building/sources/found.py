"""What a source of a build holds: the items to add, where they were found, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from anysense.index.types import NewItem

__all__ = ["Found", "Problem"]


class Found(NamedTuple):
    """A file, or a text of a manifest, that a source holds.

    `path` is absolute; that of a text is the manifest's, a ``#``, and the row's id or a hash of the
    text. `item` is what a manifest says of it; None for plain files.
    """

    path: str
    size: int
    mtime_ns: int
    item: NewItem | None = None


class Problem(NamedTuple):
    """A folder, file or row that cannot be used, and why."""

    path: str
    reason: str
