"""Objects as a source: those whose keys begin alike, listed without reading one.

The rules are those of folders, as far as a listing can tell: suffixes, names that start with a dot,
folders of systems and programs, ``--exclude``, and texts beside pictures and sounds. Ignore files
would have to be read, and are not.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anysense.embed.media.beside import pair_sidecars
from anysense.embed.media.extras import readable_suffixes
from anysense.index.building.objects.holder import ObjectHolder
from anysense.index.building.sources.base import Source
from anysense.index.building.sources.entries import LazyEntry
from anysense.index.building.sources.litter import is_litter_file, is_litter_folder
from anysense.index.catalog.records import Sidecar
from anysense.index.objects.addresses import Address, address_of
from anysense.index.objects.services import storage_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from anysense.index.building.sources.base import Listing
    from anysense.index.objects.storage import StoredObject

__all__ = ["ObjectSource", "open_objects"]


def open_objects(name: str, address: Address) -> ObjectSource:
    """The source that an address means: an object, or all below it.

    Args:
        name: the address as it was given.
        address: what it means.

    Raises:
        UsageError: what its service needs is not installed.
    """
    storage_of(address.protocol)
    return ObjectSource(name, str(address).rstrip("/"), address)


@dataclass(frozen=True)
class ObjectSource(Source):
    """Objects whose keys begin with that of an address and a slash; or else the one at it."""

    address: Address

    def covers(self, path: str) -> bool:
        return path == self.root or path.startswith(f"{self.root}/")

    def find(self, listing: Listing) -> Iterator[LazyEntry]:
        storage = storage_of(self.address.protocol)
        walk = _Walk(self, listing)
        is_empty = True
        for folder, objects in _by_folder(storage.pages(self.address)):
            is_empty = False
            yield from walk.entries(folder, objects)
        if is_empty and self.address.key.rstrip("/"):
            with suppress(FileNotFoundError):
                alone = self.address._replace(key=self.address.key.rstrip("/"))
                yield walk.entry(storage.look(alone))

    def is_alive(self, path: str) -> bool:
        """Whether an object is there that was listed, as it must have been, and not read.

        What has a suffix that is read, and was not found, is gone or is left out now.
        """
        if path.lower().endswith(readable_suffixes()):
            return False
        address = address_of(path)
        try:
            storage_of(address.protocol).look(address)
        except FileNotFoundError:
            return False
        return True


class _Walk:
    """Goes through the objects of one source, folder by folder."""

    def __init__(self, source: ObjectSource, listing: Listing) -> None:
        self._bucket = source.address._replace(key="")
        self._start = source.address.key.rstrip("/")
        self._listing = listing
        self._rules = listing.rules_at(source.root)
        self._holder = ObjectHolder()
        self._suffixes = readable_suffixes()

    def entry(self, found: StoredObject, sidecars: tuple[Sidecar, ...] = ()) -> LazyEntry:
        path = str(self._bucket._replace(key=found.key))
        return LazyEntry(path, found.size, found.stamp, self._holder, sidecars=sidecars)

    def entries(self, folder: str, objects: Sequence[StoredObject]) -> Iterator[LazyEntry]:
        """What is read of the objects in one folder."""
        if self._is_left_out(folder):
            return
        by_name = {_name(each): each for each in objects if self._is_wanted(each)}
        read = [name for name in by_name if name.lower().endswith(self._suffixes)]
        beside = pair_sidecars(by_name) if self._listing.with_sidecars else {}
        texts = {text for name in read for text in beside.get(name, ())}
        for name in read:
            if name not in texts:
                sidecars = [by_name[text] for text in beside.get(name, ())]
                yield self.entry(by_name[name], tuple(map(_sidecar, sidecars)))
        others = by_name.keys() - texts - set(read)
        self._listing.note_unread(
            str(self._bucket._replace(key=by_name[name].key))
            for name in sorted(others)
            if not is_litter_file(name)
        )

    def _is_left_out(self, folder: str) -> bool:
        """Whether a folder, or one around it below the start, is no user's; notes which."""
        names = folder[len(self._start) :].strip("/").split("/")
        if any(name.startswith(".") for name in names):
            return True
        path = str(self._bucket._replace(key=self._start)).rstrip("/")
        for name in names:
            path = f"{path}/{name}"
            if is_litter_folder(path):
                self._listing.note_litter(path)
                return True
        return False

    def _is_wanted(self, found: StoredObject) -> bool:
        """Whether an object is looked at; notes what patterns leave out of what is read."""
        name = _name(found)
        if name.startswith("."):
            return False
        path = str(self._bucket._replace(key=found.key))
        left_out_by = self._rules.left_out_by(path, is_folder=False)
        if left_out_by is not None and name.lower().endswith(self._suffixes):
            self._listing.note_ignored(path, left_out_by)
        return left_out_by is None


def _by_folder(
    pages: Iterable[Sequence[StoredObject]],
) -> Iterator[tuple[str, list[StoredObject]]]:
    """Objects in the order of their keys, put together by folder as soon as each is complete.

    What lies in the folders inside comes first, and only a folder and those around it are held.
    """
    open_folders: list[tuple[str, list[StoredObject]]] = []
    for found in itertools.chain.from_iterable(pages):
        folder = found.key.rpartition("/")[0]
        while open_folders and not _is_in(folder, open_folders[-1][0]):
            yield open_folders.pop()
        if not open_folders or open_folders[-1][0] != folder:
            open_folders.append((folder, []))
        open_folders[-1][1].append(found)
    yield from reversed(open_folders)


def _is_in(folder: str, around: str) -> bool:
    return not around or folder == around or folder.startswith(f"{around}/")


def _name(found: StoredObject) -> str:
    return found.key.rpartition("/")[2]


def _sidecar(found: StoredObject) -> Sidecar:
    return Sidecar(_name(found), found.size, found.stamp)
