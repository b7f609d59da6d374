"""Reaching content again from a path that a catalog knows.

What shows items or encodes them anew has the path, and no source of a build: `file_at` finds what
is meant. A further kind of path is a line in `_READERS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from anysense.embed.errors import CorruptMediaError
from anysense.embed.media.files import open_file
from anysense.embed.types import EmbeddedFile
from anysense.index.building.sources.paths import PathKind, is_file, parse_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from anysense.index.building.sources.paths import CatalogPath

    Reader: TypeAlias = "Callable[[CatalogPath, int | None], EmbeddedFile]"

__all__ = ["LocalFile", "file_at"]

_READERS = {
    PathKind.OBJECT: "anysense.index.building.objects.reaching:object_file",
    PathKind.MEMBER: "anysense.index.building.sources.tars.reaching:member_file",
    PathKind.ROW: "anysense.index.building.sources.data_sets.reaching:row_file",
}
"""By the kind of a path: a function of the path and of the stamp that the catalog has of it."""


@dataclass(frozen=True)
class LocalFile(EmbeddedFile):
    """A file of its own, whose name is its path."""

    def open(self) -> BinaryIO:
        return open_file(Path(self.name))


def file_at(path: str, stamp: int | None = None) -> EmbeddedFile:
    """What is at a path of a catalog, to be read when it is needed.

    Args:
        path: the path.
        stamp: what the catalog has as its time; where that is another one now, it is none.

    Raises:
        MediaError: it is not there, is another one, or this process cannot reach it.
    """
    parsed = parse_path(path)
    if parsed.kind is PathKind.FILE or (parsed.kind is not PathKind.OBJECT and is_file(path)):
        return _local_file(path, stamp)
    reader = _READERS.get(parsed.kind)
    if reader is None:
        raise CorruptMediaError(path, "cannot be reached from here")
    module, _, name = reader.partition(":")
    read: Reader = getattr(import_module(module), name)
    return read(parsed, stamp)


def _local_file(path: str, stamp: int | None) -> LocalFile:
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CorruptMediaError(path, reason.lower()) from None
    if stamp not in (None, status.st_mtime_ns):
        raise CorruptMediaError(path, "has changed since it was added")
    return LocalFile(path, status.st_size)
