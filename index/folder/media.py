"""The media that clients have stored in a collection, in its folder ``media``.

A stored file is called by its content, ``media/<hash>[-<hash of its id>]<suffix>``: nothing that a
client says becomes part of a path, the same file is stored once, and each file belongs to one item.

The catalog knows it by that path, which starts at the collection, so that a collection can be
moved. Everybody else knows it by where it is now.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import EmptyMediaError, StorageError
from anysense.embed.media.digest import copy_digested
from anysense.index.catalog.records import make_id
from anysense.index.snapshots.manifest import fsync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["MEDIA", "IncomingFile", "MediaFolder"]

MEDIA = "media"
"""The folder's name in a collection."""

DIGITS = 40
NAME = re.compile(rf"[0-9a-f]{{{DIGITS}}}(-[0-9a-f]{{16}})?(\.[a-z0-9]+)?")
INCOMING = re.compile(r"\.incoming-[0-9a-f]{16}")
UPLOAD_SECONDS = 24 * 3600.0
"""No upload takes longer, from its first byte to the commit of its item."""


class MediaFolder:
    """The files that clients have stored in a collection; `path` is there once one is."""

    def __init__(self, collection: Path) -> None:
        self.path = Path(os.path.realpath(collection)) / MEDIA

    def exists(self) -> bool:
        """Whether any file was stored in this collection."""
        return self.path.is_dir()

    @contextlib.contextmanager
    def receive(self, upload: BinaryIO, name: str) -> Iterator[IncomingFile]:
        """Copy a file into the folder; it goes when the block ends, unless it was kept. Blocks.

        Args:
            upload: the file, read from where it stands.
            name: what to call the file in errors.

        Raises:
            EmptyMediaError: it has no bytes.
            StorageError: the disk refused.
        """
        temporary = self.path / f".incoming-{secrets.token_hex(8)}"
        try:
            with _storage_errors(name):
                self.path.mkdir(exist_ok=True)
                with temporary.open("xb") as file:
                    digest = copy_digested(upload, file)
                    is_empty = file.tell() == 0
            if is_empty:
                raise EmptyMediaError(name, "has no bytes")
            yield IncomingFile(temporary, digest, name)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def stored(self, path: str | Path) -> Path | None:
        """Where a stored file is that a path names; None if it names no such file.

        A stored file moves with its collection, so the path may be of a former place.
        """
        path = Path(path)
        here = self.path / path.name
        is_stored = path.parent.name == MEDIA and NAME.fullmatch(path.name) and here.is_file()
        return here if is_stored else None

    def locate(self, path: str) -> str:
        """Where the file is now that the catalog knows by a path; other paths stay as they are."""
        if f"{MEDIA}/" not in path:  # nearly all, and there may be millions
            return path
        name = path.removeprefix(f"{MEDIA}/")
        if NAME.fullmatch(name):
            return str(self.path / name)
        # Until now the catalog had the place at which the file was stored.
        return str(self.stored(path) or path)

    def catalog_path(self, path: str) -> str:
        """The path by which the catalog knows a file: the reverse of `locate`."""
        folder, name = os.path.split(path)
        is_stored = folder == str(self.path) and NAME.fullmatch(name)
        return f"{MEDIA}/{name}" if is_stored else path

    def discard(self, path: str | Path) -> None:
        """Remove the stored file that a path names, if it does; no item names it any more.

        What an upload that broke off has left, as `orphans` lists it, is removed as well.
        """
        path = Path(path)
        is_remnant = path.parent == self.path and INCOMING.fullmatch(path.name)
        file = path if is_remnant else self.stored(path)
        if file is not None:
            with contextlib.suppress(OSError):  # it costs room, no more, if it stays
                file.unlink(missing_ok=True)

    def missing(self, item_paths: Iterable[str]) -> list[str]:
        """Of the paths of the files of items, those of stored files that are no longer there."""
        stored = [path for path in map(Path, item_paths) if path.parent.name == MEDIA]
        return [
            str(path)
            for path in stored
            if NAME.fullmatch(path.name) and not path.is_file() and self.stored(path) is None
        ]

    def orphans(
        self, item_paths: Iterable[str | Path], least_age_seconds: float = UPLOAD_SECONDS
    ) -> list[Path]:
        """The files in the folder that no item names, by name; files put there by hand are none.

        Args:
            item_paths: the paths of the files of all items, by the catalog, wherever they lie.
            least_age_seconds: leave out what is younger. A file is stored before its item is
                committed, maybe by another process: removing it then would lose what is about to
                be acknowledged.

        Raises:
            StorageError: the folder cannot be read.
        """
        names = {path.name for path in map(Path, item_paths) if path.parent.name == MEDIA}
        newest = time.time() - least_age_seconds
        orphans = []
        with _storage_errors(str(self.path), "read"), contextlib.suppress(FileNotFoundError):
            for path in sorted(self.path.iterdir()):
                is_ours = NAME.fullmatch(path.name) or INCOMING.fullmatch(path.name)
                if is_ours and path.name not in names and _is_file_before(path, newest):
                    orphans.append(path)
        return orphans


@dataclass(frozen=True)
class IncomingFile:
    """A file that has come in.

    Attributes:
        temporary: where it is on the disk.
        digest: the hash of its content, as the catalog has it.
        name: what to call it in errors.
    """

    temporary: Path
    digest: str
    name: str

    def keep(self, suffix: str, chosen_id: str | None) -> tuple[Path, bool]:
        """Give the file its name, which is safe on the disk when this returns.

        The same content stored under two ids has two names, so each stored file belongs to one
        item and goes with it.

        Args:
            suffix: what the name ends with: a dot, small letters and digits; or nothing.
            chosen_id: the id of its item; None if that is made from the content.

        Returns:
            The path, and whether there was no such file before.

        Raises:
            StorageError: the disk refused.
        """
        tail = f"-{make_id(chosen_id)}" if chosen_id is not None else ""
        path = self.temporary.with_name(f"{self.digest[:DIGITS]}{tail}{suffix}")
        with _storage_errors(self.name):
            is_new = not path.exists()
            self.temporary.replace(path)
            fsync_folder(path.parent)
            fsync_folder(path.parent.parent)
        return path, is_new


def _is_file_before(path: Path, time_seconds: float) -> bool:
    """Whether there is a file that was last written before a time (since 1970)."""
    try:
        return path.is_file() and path.stat().st_mtime <= time_seconds
    except FileNotFoundError:  # removed meanwhile
        return False


@contextlib.contextmanager
def _storage_errors(name: str, verb: str = "stored") -> Iterator[None]:
    """Errors of the disk as `StorageError`: something cannot be stored, or `verb`."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{name} cannot be {verb}: {error.strerror or error}.") from error
