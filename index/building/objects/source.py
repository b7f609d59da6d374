"""Objects as a source: those whose keys begin alike, listed without reading one.

The rules are those of folders, as far as a listing can tell: suffixes, names that start with a dot,
folders of systems and programs, ``--exclude``, and texts beside pictures and sounds. Ignore files
would have to be read, and are not. Tars are looked into, as in a folder; tables and data sets are
not, and that is told.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anysense.embed.errors import UsageError
from anysense.index.building.objects.walk import ObjectWalk
from anysense.index.building.sources.base import Source
from anysense.index.building.sources.glob import has_braces, translate_glob
from anysense.index.building.sources.paths import holder_of
from anysense.index.objects.addresses import address_of
from anysense.index.objects.services import storage_of

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Sequence

    from anysense.index.building.sources.base import Listing
    from anysense.index.building.sources.entries import LazyEntry
    from anysense.index.objects.addresses import Address
    from anysense.index.objects.storage import StoredObject

__all__ = ["ObjectSource", "open_objects"]


def open_objects(name: str, address: Address) -> ObjectSource:
    """The source that an address means: an object, all below it, or those that braces stand for.

    Args:
        name: the address as it was given.
        address: what it means.

    Raises:
        UsageError: what its service needs is not installed; or braces are no range.
    """
    storage_of(address.protocol)
    if not has_braces(address.key):
        return ObjectSource(name, str(address).rstrip("/"), address)
    if address.protocol == "https":
        raise UsageError(f"{name}: a web server lists nothing: name each file.")
    base, parts = "", address.key.rstrip("/").split("/")
    while not has_braces(parts[0]):
        base += f"{parts.pop(0)}/"
    start = address._replace(key=base)
    return ObjectSource(name, str(start).rstrip("/"), start, translate_glob(tuple(parts)))


@dataclass(frozen=True)
class ObjectSource(Source):
    """Objects whose keys begin with that of an address and a slash; or else the one at it.

    Attributes:
        address: the start.
        pattern: of what follows it, if not all of it is meant.
    """

    address: Address
    pattern: re.Pattern[str] | None = None

    def covers(self, path: str) -> bool:
        path = holder_of(path) or path
        if self.pattern is None:
            return path == self.root or path.startswith(f"{self.root}/")
        start = f"{self.root}/"
        return path.startswith(start) and bool(self.pattern.fullmatch(path[len(start) :]))

    def find(self, listing: Listing) -> Iterator[LazyEntry]:
        storage = storage_of(self.address.protocol)
        walk = ObjectWalk(self, self.address, listing)
        is_empty = True
        for folder, objects in _by_folder(storage.pages(self.address)):
            is_empty = False
            yield from walk.entries(folder, objects)
        key = self.address.key.rstrip("/")
        if is_empty and key and self.pattern is None:
            with suppress(FileNotFoundError):
                yield from walk.alone(storage.look(self.address._replace(key=key)))

    def is_alive(self, path: str) -> bool:
        """Whether an object is there that was listed, as it must have been, and not read.

        What has a suffix that is read, and was not found, is gone or is left out now; so is what
        is in a tar that was not found.
        """
        from anysense.embed.media.extras import readable_suffixes

        if holder_of(path) is not None or path.lower().endswith(readable_suffixes()):
            return False
        address = address_of(path)
        try:
            storage_of(address.protocol).look(address)
        except FileNotFoundError:
            return False
        return True


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
