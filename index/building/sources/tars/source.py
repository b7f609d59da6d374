"""Tars as sources: given by their names, found in a folder, or listed in storage."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.errors import CorruptMediaError, MediaError, UsageError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.files import open_file
from anysense.index.building.sources.base import Source
from anysense.index.building.sources.entries import LazyEntry
from anysense.index.building.sources.paths import (
    check_name,
    holder_of,
    link_target,
    member_path,
    parse_path,
)
from anysense.index.building.sources.tars.groups import group_key, group_members
from anysense.index.building.sources.tars.headers import MemberKind, TarError, read_members
from anysense.index.building.sources.tars.member import TarMember
from anysense.index.building.sources.tars.opening import open_tar
from anysense.index.building.sources.tars.packed import PackedWords
from anysense.index.building.sources.tars.state import MOST_BYTES, TarState, offset_in
from anysense.index.building.sources.tars.stored import looked_into
from anysense.index.building.sources.tars.streams import transport_streams
from anysense.index.building.sources.tars.words import read_words
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from anysense.index.building.sources.base import Listing
    from anysense.index.building.sources.tars.groups import Groups
    from anysense.index.building.sources.tars.headers import Extent, Member
    from anysense.index.building.sources.tars.stored import StoredTar

__all__ = ["TAR_SUFFIX", "TarSource", "stored_entries", "tar_entries"]

TAR_SUFFIX = ".tar"


@dataclass(frozen=True)
class TarSource(Source):
    """A tar that was given by its name, which is its `root`."""

    def find(self, listing: Listing) -> Iterator[LazyEntry]:
        return tar_entries(self.root, listing, is_given=True)

    def covers(self, path: str) -> bool:
        return path == self.root or holder_of(path) == self.root


@dataclass(eq=False, slots=True)
class _Tar:
    """A tar as the holder of its members; see `anysense.index.building.sources.entries.Holder`.

    Attributes:
        path: of the tar, or its address.
        state: as it was when it was looked into.
        changed_ns: when it was changed last, by the system's own note.
        written_ns: when it was written last; 0 of one in storage.
        words: what says something of the items of a group.
        encoding: what texts in it are in that are not Unicode; found out where it is None.
    """

    path: str
    state: TarState
    changed_ns: int
    written_ns: int
    words: PackedWords
    encoding: str | None

    def item(self, entry: LazyEntry) -> NewItem:
        name = parse_path(entry.path).name
        offset = offset_in(entry.stamp)
        content = TarMember(entry.path, entry.size, self.path, name, offset, self.state)
        return NewItem(content, None, entry.path)

    def described_item(self, entry: LazyEntry) -> NewItem:
        item = self.item(entry)
        words = self.words.of(group_key(parse_path(entry.path).name) or "")
        if not words:
            return item
        try:
            with self._open(entry.path) as file:
                said = read_words(file, entry.path, words, encoding=self.encoding)
        except OSError as error:
            reason = f"is in a tar that cannot be read: {error.strerror or error}"
            raise CorruptMediaError(entry.path, reason) from None
        return NewItem(item.content, None, entry.path, None, said.metadata, said.captions)

    def _open(self, member: str) -> BinaryIO:
        try:
            return open_tar(self.path, self.state)
        except MediaError as error:
            raise CorruptMediaError(member, f"is in a tar that {error.reason}") from None


def tar_entries(
    path: str,
    listing: Listing,
    *,
    is_given: bool = False,
    is_link: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[LazyEntry]:
    """What a tar holds, by its headers alone. What cannot be used of it is told.

    Args:
        path: of the tar.
        listing: the rules, and where to note what is left out.
        is_given: whether it was named itself.
        is_link: whether it is a link, which may lead out of the sources.
        limits: of which the number of members counts.

    Raises:
        UsageError: it was named itself, and is no tar; or its name is another one in UTF-8.
    """
    if is_link:
        target = link_target(path)
        if target is None or not listing.is_linkable(target):
            listing.count_outside_link()
            return
    check_name(path)
    listing.note_held(path)
    try:
        with open_file(Path(path)) as file:
            status = os.fstat(file.fileno())
            members = _members(file, status.st_size)
            files = _files(members, path, listing, limits, is_given=is_given)
            files = files._replace(streams=transport_streams(file, files.by_name))
    except (MediaError, OSError) as error:
        _note_unread(path, error, listing)
        return
    changed_ns = 0 if os.name == "nt" else status.st_ctime_ns
    state = TarState.of(status)
    groups = _groups(path, files, listing)
    words = PackedWords(groups.words)
    tar = _Tar(path, state, changed_ns, state.mtime_ns, words, listing.encoding)
    yield from _entries(tar, groups.items, listing)


def stored_entries(
    tars: Sequence[StoredTar],
    listing: Listing,
    *,
    is_given: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[LazyEntry]:
    """What tars in storage hold; one that was looked into before in the same state is not read.

    Args:
        tars: as a listing has them.
        listing: the rules, and where to note what is left out.
        is_given: whether they were named themselves.
        limits: of which the number of members counts.

    Raises:
        UsageError: one was named itself, and is no tar.
        AccessError, ServiceUnreachableError: a service refuses, or does not answer.
    """
    for tar, found in looked_into(tars):
        listing.note_held(tar.address)
        if isinstance(found, MediaError):
            _note_unread(tar.address, found, listing)
            continue
        files = _files(found.members(), tar.address, listing, limits, is_given=is_given)
        files = files._replace(streams=found.streams)
        groups = _groups(tar.address, files, listing)
        words = PackedWords(groups.words)
        holder = _Tar(tar.address, tar.state, 0, 0, words, listing.encoding)
        yield from _entries(holder, groups.items, listing)


def _note_unread(path: str, error: MediaError | OSError, listing: Listing) -> None:
    listing.note_unread_part(path)
    listing.report(path, getattr(error, "reason", None) or f"cannot be read: {error}")


def _members(file: BinaryIO, size: int) -> Iterator[Member]:
    """The members of a tar; see `read_members`."""
    if size > MOST_BYTES:
        raise TarError(f"has {size:,} of at most {MOST_BYTES:,} bytes")
    yield from read_members(file, size)


class _Files(NamedTuple):
    """The files of a tar by their names, of which the last counts, and the names of what else is.

    Folders and links are neither. `streams` are those files that are videos, of suffixes that
    programs have, too.
    """

    by_name: dict[str, Extent]
    others: list[str]
    streams: frozenset[str] = frozenset()


def _files(
    members: Iterable[Member], path: str, listing: Listing, limits: Limits, *, is_given: bool
) -> _Files:
    """The files among the members of a tar. Why there are no more is told.

    Raises:
        UsageError: it was named itself, and is no tar.
    """
    files = _Files({}, [])
    problem, is_none = None, False
    try:
        for member in members:
            name = _usable_name(member, path, listing, files.others)
            if name is None:
                continue
            if len(files.by_name) >= limits.tar_members and name not in files.by_name:
                problem = f"has more than {limits.tar_members:,} files"
                break
            files.by_name[name] = member.extent
    except TarError as error:
        _drop_last_group(files.by_name, error)
        problem, is_none = str(error), error.is_of_all
    if problem is not None:
        if is_given and is_none:
            raise UsageError(f"{path} {problem}.")
        listing.note_unread_part(path)
        count = len(files.by_name)
        used = f"; what was read before, {count:,} files, is used" if count else ""
        listing.report(path, problem + used)
    return files


def _drop_last_group(members: dict[str, Extent], error: TarError) -> None:
    """Leave out the last group of a tar that is cut off, if what is lost may belong to it.

    Otherwise a picture would lose its caption. In a WebDataset groups lie together.
    """
    last = group_key(next(reversed(members), ""))
    if error.name is not None and group_key(error.name.decode(errors="replace")) != last:
        return
    while last is not None and group_key(next(reversed(members), "")) == last:
        members.popitem()


def _usable_name(member: Member, tar: str, listing: Listing, others: list[str]) -> str | None:
    """The name of a member that is a file and is looked at; None of others, which are told."""
    if member.kind is MemberKind.FOLDER:
        return None
    if member.kind is MemberKind.LINK:
        listing.count_outside_link()
        return None
    try:
        name = member.name.decode()
    except UnicodeDecodeError:
        readable = member_path(tar, member.name.decode(errors="replace"))
        listing.report(readable, "its name is too long, or is not valid UTF-8")
        return None
    if member.kind is MemberKind.SPARSE:
        listing.report(member_path(tar, name), "is a sparse file, which is not read out of a tar")
        return None
    if member.kind is not MemberKind.FILE or not name or "\0" in name:
        others.append(name)
        return None
    parts = name.split("/")
    is_hidden = any(part.startswith(".") and part not in (".", "..") for part in parts)
    return None if is_hidden or "__MACOSX" in parts else name


def _groups(path: str, files: _Files, listing: Listing) -> Groups:
    """The files of a tar, sorted out; notes what is not read."""
    from anysense.embed.media.extras import readable_suffixes

    groups = group_members(
        files.by_name, readable_suffixes(), files.streams, with_words=listing.with_sidecars
    )
    listing.note_unread(member_path(path, name) for name in files.others + groups.others)
    return groups


def _entries(tar: _Tar, items: Mapping[str, Extent], listing: Listing) -> Iterator[LazyEntry]:
    for name, member in items.items():
        stamp = tar.state.stamp(member.offset, is_bare=not listing.with_sidecars)
        yield LazyEntry(member_path(tar.path, name), member.size, stamp, tar)
