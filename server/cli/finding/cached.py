"""Where the collections of folders are in the user's cache, and what is noted of each.

Each has a folder of its own, named by the folder that it is of and a hash of its real path. In it
are the collection and a note. Like all of the cache it can be made anew, but it holds what the
user's texts say, so only the user may read it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.cache import user_cache, write_aside
from anysense.server.client.running import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from filelock import BaseFileLock

__all__ = ["CachedCollection", "FolderNote", "cached_around", "cached_collections", "cached_of"]

NOTE, COLLECTION, LOCK = "folder.json", "collection", "UPDATING"
TAG = "CACHEDIR.TAG"
TAG_TEXT = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n"
    b"# Collections of folders, which `anysense find` makes anew where they are gone.\n"
)
"""By which backups and scans know a cache: https://bford.info/cachedir/"""
LONGEST_NAME = 40


@dataclass(frozen=True)
class FolderNote:
    """What is kept of a folder beside its collection.

    Attributes:
        folder: its real path.
        exclude: patterns of what is left out.
        ignore_files: whether ``.gitignore`` and ``.ignore`` leave out what they name.
        pace: how long encoding took here, as a multiple of what was expected; None if not known.
        fingerprint: of the folder, when the collection was last up to date; None if it is not.
    """

    folder: str
    exclude: tuple[str, ...] = ()
    ignore_files: bool = True
    pace: float | None = None
    fingerprint: str | None = None


@dataclass(frozen=True)
class CachedCollection:
    """The place of a folder's collection, whether there is one or not.

    Attributes:
        home: its folder in the cache.
        note: what is known of the folder that it is of.
    """

    home: Path
    note: FolderNote = field(compare=False)

    @property
    def folder(self) -> str:
        """The real path of the folder that it is of."""
        return self.note.folder

    @property
    def path(self) -> Path:
        """Where the collection itself is."""
        return self.home / COLLECTION

    @property
    def is_there(self) -> bool:
        """Whether there is a collection, whatever its state."""
        return self.path.is_dir()

    @property
    def used_at(self) -> float:
        """When it was last searched or brought up to date: seconds since 1970; 0 if unknown."""
        try:
            return (self.home / NOTE).stat().st_mtime
        except OSError:
            return 0.0

    def make_home(self) -> None:
        """Make its folder, and write its note.

        Raises:
            StorageError: the disk refused.
        """
        from anysense.index.catalog.sqlite.connections import storage_errors

        root = self.home.parent
        with storage_errors(self.home):
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.home.mkdir(exist_ok=True, mode=0o700)
            if not (root / TAG).exists():
                (root / TAG).write_bytes(TAG_TEXT)
        self.write_note()

    def write_note(self) -> None:
        """Keep what is known of the folder."""
        text = json.dumps(asdict(self.note))
        write_aside(self.home / NOTE, lambda file: file.write(text.encode("ascii")))

    def noting(self, **changes: Any) -> CachedCollection:
        """The same with other notes, which are kept if they are other ones."""
        changed = replace(self, note=replace(self.note, **changes))
        if changed.note != self.note:
            changed.write_note()
        return changed

    def note_use(self) -> None:
        """Note that it is used now."""
        with contextlib.suppress(OSError):
            os.utime(self.home / NOTE, (time.time(), time.time()))

    def update_lock(self) -> BaseFileLock:
        """What whoever brings it up to date, or removes it, holds meanwhile."""
        import filelock

        return filelock.FileLock(self.home / LOCK, thread_local=False)


def cached_of(folder: str) -> CachedCollection:
    """The place of a folder's collection.

    Args:
        folder: its real path.
    """
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(folder).name).strip("-")[:LONGEST_NAME]
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    home = _root() / (f"{name}-{digest}" if name else digest)
    return CachedCollection(home, _read_note(home) or FolderNote(folder))


def cached_around(folder: str) -> Iterator[CachedCollection]:
    """The collections that there are of folders around a folder, the nearest first."""
    for parent in Path(folder).parents:
        cached = cached_of(str(parent))
        if cached.is_there:
            yield cached


def cached_collections() -> list[CachedCollection]:
    """All that the cache holds, in the order of their folders."""
    try:
        homes = [path for path in _root().iterdir() if path.is_dir()]
    except OSError:
        return []
    noted = ((home, _read_note(home)) for home in homes)
    found = [CachedCollection(home, note) for home, note in noted if note is not None]
    return sorted(found, key=lambda cached: cached.folder)


def _root() -> Path:
    return user_cache("collections")


def _read_note(home: Path) -> FolderNote | None:
    """The note in a folder of the cache; None if it has none that can be read."""
    try:
        note = json.loads((home / NOTE).read_bytes())
        pace, mark = note.get("pace"), note.get("fingerprint")
        return FolderNote(
            str(note["folder"]),
            tuple(map(str, note.get("exclude", ()))),
            bool(note.get("ignore_files", True)),
            None if pace is None else float(pace),
            None if mark is None else str(mark),
        )
    except UNREADABLE:
        return None
