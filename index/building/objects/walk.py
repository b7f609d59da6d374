"""What is read of the objects in each folder of a bucket."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from anysense.embed.errors import UsageError
from anysense.embed.media.beside import pair_sidecars
from anysense.embed.media.extras import readable_suffixes
from anysense.embed.media.signatures import TRANSPORT_PACKETS
from anysense.index.building.objects.holder import IS_STREAM, ObjectHolder
from anysense.index.building.sources.data_sets.source import SHARD_SUFFIXES
from anysense.index.building.sources.entries import LazyEntry
from anysense.index.building.sources.litter import is_litter_file, is_litter_folder
from anysense.index.building.sources.paths import holder_of
from anysense.index.building.sources.tars.opening import stored_state
from anysense.index.building.sources.tars.source import TAR_SUFFIX, stored_entries
from anysense.index.building.sources.tars.stored import StoredTar
from anysense.index.building.sources.tars.streams import may_be_stream
from anysense.index.building.sources.unread import is_packed_tar
from anysense.index.building.tables.row import ROW_SUFFIXES
from anysense.index.catalog.records import Sidecar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

    from anysense.index.building.sources.base import Listing, Source
    from anysense.index.objects.addresses import Address
    from anysense.index.objects.storage import StoredObject

__all__ = ["ObjectWalk"]

_log = logging.getLogger("anysense")

_LEAST_STREAM = 64 * 1024


class ObjectWalk:
    """Goes through the objects of one source, folder by folder.

    Args:
        source: tells what is meant.
        address: where it starts.
        listing: the rules, and where to note what is left out.
    """

    def __init__(self, source: Source, address: Address, listing: Listing) -> None:
        self._source = source
        self._bucket = address._replace(key="")
        self._start = address.key.rstrip("/")
        self._listing = listing
        self._rules = listing.rules_at(source.root)
        self._holder = ObjectHolder(listing.encoding)
        self._suffixes = readable_suffixes()
        self._has_told_tables = False

    def alone(self, found: StoredObject) -> Iterator[LazyEntry]:
        """An object that was named itself, whatever its suffix.

        Raises:
            UsageError: it is a table, of a data set, or a compressed tar.
        """
        path = self._path(found.key)
        if path.lower().endswith((*SHARD_SUFFIXES, *ROW_SUFFIXES)):
            raise UsageError(
                f"{path}: tables and data sets are not read in storage: copy it to a disk first."
            )
        if is_packed_tar(path):
            raise UsageError(f"{path} is a compressed tar, which is not read: unpack it first.")
        if path.lower().endswith(TAR_SUFFIX):
            yield from self._members([found], is_given=True)
        else:
            yield self._entry(found)

    def entries(self, folder: str, objects: Sequence[StoredObject]) -> Iterator[LazyEntry]:
        """What is read of the objects in one folder: itself, or in a tar."""
        if self._is_left_out(folder):
            return
        by_name = {_name(each): each for each in objects if self._is_wanted(each)}
        streams = {name for name, each in by_name.items() if _may_be_stream(each)}
        read = [n for n in by_name if n in streams or n.lower().endswith(self._suffixes)]
        beside = pair_sidecars(by_name) if self._listing.with_sidecars else {}
        for name in read:  # the texts beside others, too, in case that these cannot be read
            sidecars = [by_name[text] for text in beside.get(name, ())]
            key = IS_STREAM if name in streams else 0
            yield self._entry(by_name[name], tuple(map(_sidecar, sidecars)), key)
        tars = [name for name in by_name if name.lower().endswith(TAR_SUFFIX)]
        yield from self._members([by_name[name] for name in tars])
        texts = {text for name in read for text in beside.get(name, ())}
        others = by_name.keys() - texts - set(read) - set(tars)
        unread = [name for name in sorted(others) if not is_litter_file(name)]
        self._listing.note_unread(self._path(by_name[name].key) for name in unread)
        self._tell_tables(folder, unread, {name.rpartition(".")[0] for name in tars})

    def _entry(
        self, found: StoredObject, sidecars: tuple[Sidecar, ...] = (), key: int = 0
    ) -> LazyEntry:
        path = self._path(found.key)
        return LazyEntry(path, found.size, found.stamp, self._holder, key, sidecars)

    def _members(
        self, tars: Sequence[StoredObject], *, is_given: bool = False
    ) -> Iterator[LazyEntry]:
        stored = [StoredTar(self._path(tar.key), stored_state(tar)) for tar in tars]
        return stored_entries(stored, self._listing, is_given=is_given)

    def _path(self, key: str) -> str:
        return str(self._bucket._replace(key=key))

    def _tell_tables(self, folder: str, names: Sequence[str], tars: Set[str]) -> None:
        """Say once of a source that what data sets are kept in is not looked into.

        What img2dataset writes beside each tar says nothing that is not in there.
        """
        shards = (name for name in names if name.lower().endswith(SHARD_SUFFIXES))
        is_missed = any(name.rpartition(".")[0] not in tars for name in shards)
        if is_missed and not self._has_told_tables:
            self._has_told_tables = True
            _log.warning(
                "%s: tables and data sets (.parquet, .arrow) are not read in storage: copy them to "
                "a disk, and build from there.",
                self._path(folder),
            )

    def _is_left_out(self, folder: str) -> bool:
        """Whether a folder, or one around it below the start, is no user's; notes which."""
        names = folder[len(self._start) :].strip("/").split("/")
        if any(name.startswith(".") for name in names):
            return True
        path = self._path(self._start).rstrip("/")
        for name in names:
            path = f"{path}/{name}"
            if is_litter_folder(path):
                self._listing.note_litter(path)
                return True
        return False

    def _is_wanted(self, found: StoredObject) -> bool:
        """Whether an object is looked at; notes what patterns leave out of what is read."""
        name, path = _name(found), self._path(found.key)
        if name.startswith(".") or not self._source.covers(path):
            return False
        if holder_of(path) is not None:
            self._listing.report(path, "is called as a member of a tar is: rename it")
            return False
        left_out_by = self._rules.left_out_by(path, is_folder=False)
        if left_out_by is not None and name.lower().endswith((*self._suffixes, TAR_SUFFIX)):
            self._listing.note_ignored(path, left_out_by)
        return left_out_by is None


def _may_be_stream(found: StoredObject) -> bool:
    """Whether an object is a video, and no program in TypeScript, as far as its size can tell.

    To look into each such object would take a request for each, with every build.
    """
    if not may_be_stream(found.key) or found.size < _LEAST_STREAM:
        return False
    return any(found.size % length == 0 for _, length in TRANSPORT_PACKETS)


def _name(found: StoredObject) -> str:
    return found.key.rpartition("/")[2]


def _sidecar(found: StoredObject) -> Sidecar:
    return Sidecar(_name(found), found.size, found.stamp)
