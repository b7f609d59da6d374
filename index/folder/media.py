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
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CollectionError, EmptyMediaError, StorageError
from anysense.embed.forking import new_lock
from anysense.embed.media.digest import copy_digested
from anysense.index.catalog.records import make_id
from anysense.index.catalog.sqlite.identity import replaced
from anysense.index.snapshots.manifest import fsync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["MEDIA", "IncomingFile", "MediaFolder"]

MEDIA = "media"
"""The folder's name in a collection."""

DIGITS = 40
NAME = re.compile(rf"[0-9a-f]{{{DIGITS}}}(-[0-9a-f]{{16}})?(\.[a-z0-9]+)?")
INCOMING = re.compile(r"\.incoming-[0-9a-f]{16}")
NEEDS_ROOM = ": see that the disk has space and can be written, then try again"
UPLOAD_SECONDS = 24 * 3600.0
"""No upload takes longer, from its first byte to the commit of its item."""


class MediaFolder:
    """The files that clients have stored in a collection; `path` is there once one is.

    A file is stored before its item is committed, and another upload of the same content may be
    about to use it too. So none is removed that an upload has claimed, or that an item names.
    """

    def __init__(self, collection: Path) -> None:
        self.path = Path(os.path.realpath(collection)) / MEDIA
        self._lock = new_lock()
        self._claims: Counter[str] = Counter()  # names of files that uploads are about to use

    def check_place(self, collection: Path) -> None:
        """See that this is still the folder of the collection at a path, links followed.

        Raises:
            CollectionReplacedError: the collection was moved, and a link is in its place.
        """
        if Path(os.path.realpath(collection)) != self.path.parent:
            raise replaced(collection)

    def exists(self) -> bool:
        """Whether any file was stored in this collection."""
        return self.path.is_dir()

    @contextlib.contextmanager
    def receive(
        self, upload: BinaryIO, name: str, is_named: Callable[[str], bool] = lambda _: True
    ) -> Iterator[IncomingFile]:
        """Copy a file into the folder, where it stays if an item names it when the block ends.

        Until then nobody removes it: the item is committed inside the block. Blocks.

        Args:
            upload: the file, read from where it stands.
            name: what to call the file in errors.
            is_named: whether an item has a file of a path, as the catalog keeps it; asked only of
                a file that was kept. By default one has.

        Raises:
            EmptyMediaError: it has no bytes.
            StorageError: the disk refused.
        """
        temporary = self.path / f".incoming-{secrets.token_hex(8)}"
        claims = [temporary.name]
        try:
            self._claim(temporary.name)
            with _storage_errors(f"{name} cannot be stored", NEEDS_ROOM):
                self.path.mkdir(exist_ok=True)
                with temporary.open("xb") as file:
                    digest = copy_digested(upload, file)
                    is_empty = file.tell() == 0
            if is_empty:
                raise EmptyMediaError(name, "has no bytes")
            yield IncomingFile(self, temporary, digest, name, claims)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            with self._lock:
                self._claims -= Counter(claims)
            self.discard_unnamed([self.path / claim for claim in claims[1:]], is_named)

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

    def discard_unnamed(self, paths: Iterable[str | Path], is_named: Callable[[str], bool]) -> None:
        """Remove those stored files that no item names and that no upload is about to use.

        Args:
            paths: what may be removed, if it is a stored file.
            is_named: whether an item has a file of a path, as the catalog keeps it.
        """
        for path in map(Path, paths):
            with self._lock:
                is_claimed = self._claims[path.name] > 0
                # Where the catalog cannot say, the file costs room, no more, if it stays.
                with contextlib.suppress(CollectionError):
                    if not is_claimed and not any(map(is_named, self._names_of(path))):
                        self.discard(path)

    def _names_of(self, path: Path) -> set[str]:
        """How the catalog may call a stored file: once it had the place where it was stored."""
        return {str(path), str(self.path / path.name), f"{MEDIA}/{path.name}"}

    def _claim(self, name: str) -> None:
        with self._lock:
            self._claims[name] += 1

    def missing(self, item_paths: Iterable[str]) -> list[str]:
        """Of the paths of the files of items, those of stored files that are no longer there."""
        stored = [path for path in map(Path, item_paths) if path.parent.name == MEDIA]
        return [
            str(path)
            for path in stored
            if NAME.fullmatch(path.name) and not path.is_file() and self.stored(path) is None
        ]

    def orphans(
        self,
        item_paths: Callable[[], Iterable[str | Path]],
        least_age_seconds: float = UPLOAD_SECONDS,
    ) -> list[Path]:
        """The files in the folder that no item names, by name; files put there by hand are none.

        Args:
            item_paths: gives the paths of the files of all items, by the catalog, wherever they
                lie. It is asked after the folder, so that what is committed meanwhile is there.
            least_age_seconds: leave out what is younger. A file is stored before its item is
                committed, maybe by another process: removing it then would lose what is about to
                be acknowledged. Nothing has to be left out while the right to write is held.

        Raises:
            StorageError: the folder cannot be read.
        """
        newest = time.time() - least_age_seconds
        files = []
        reading = _storage_errors(f"{self.path} cannot be read")
        with reading, contextlib.suppress(FileNotFoundError):
            for path in sorted(self.path.iterdir()):
                is_ours = NAME.fullmatch(path.name) or INCOMING.fullmatch(path.name)
                if is_ours and self._claims[path.name] <= 0 and _is_file_before(path, newest):
                    files.append(path)
        if not files:
            return []
        names = {path.name for path in map(Path, item_paths()) if path.parent.name == MEDIA}
        return [path for path in files if path.name not in names]


@dataclass(frozen=True)
class IncomingFile:
    """A file that has come in.

    Attributes:
        folder: where it is on the way to.
        temporary: where it is on the disk.
        digest: the hash of its content, as the catalog has it.
        name: what to call it in errors.
        claims: the names that it has in the folder, of which nobody removes the file.
    """

    folder: MediaFolder
    temporary: Path
    digest: str
    name: str
    claims: list[str] = field(default_factory=list)

    def keep(self, suffix: str, chosen_id: str | None) -> Path:
        """Give the file its name, which is safe on the disk when this returns.

        The same content stored under two ids has two names, so each stored file belongs to one
        item and goes with it.

        Args:
            suffix: what the name ends with: a dot, small letters and digits; or nothing.
            chosen_id: the id of its item; None if that is made from the content.

        Raises:
            StorageError: the disk refused.
        """
        tail = f"-{make_id(chosen_id)}" if chosen_id is not None else ""
        path = self.temporary.with_name(f"{self.digest[:DIGITS]}{tail}{suffix}")
        self.folder._claim(path.name)
        self.claims.append(path.name)
        with _storage_errors(f"{self.name} cannot be stored", NEEDS_ROOM):
            self.temporary.replace(path)
            fsync_folder(path.parent)
            fsync_folder(path.parent.parent)
        return path


def _is_file_before(path: Path, time_seconds: float) -> bool:
    """Whether there is a file that was last written before a time (since 1970)."""
    try:
        return path.is_file() and path.stat().st_mtime <= time_seconds
    except FileNotFoundError:  # removed meanwhile
        return False


@contextlib.contextmanager
def _storage_errors(what: str, advice: str = "") -> Iterator[None]:
    """Errors of the disk as `StorageError`: what cannot be done, why, and what helps."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{what} ({error.strerror or error}){advice}.") from error
