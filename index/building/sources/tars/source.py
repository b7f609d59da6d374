"""Tars as sources, given by their names or found in a folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
from anysense.index.building.sources.tars.member import MOST_BYTES, TarMember, TarState, offset_in
from anysense.index.building.sources.tars.words import read_words
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from anysense.index.building.sources.base import Listing
    from anysense.index.building.sources.tars.groups import Words
    from anysense.index.building.sources.tars.headers import Extent, Member

__all__ = ["TAR_SUFFIX", "TarSource", "is_packed_tar", "tar_entries"]

TAR_SUFFIX = ".tar"
_PACKED = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tzst")


def is_packed_tar(name: str) -> bool:
    """Whether a name is that of a compressed tar, in which nothing is found by where it is."""
    return name.lower().endswith(_PACKED)


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
        path: of the tar.
        state: as it was when it was looked into.
        changed_ns: when it was changed last, by the system's own note.
        words: what says something of the items of a group, by the group's key.
    """

    path: str
    state: TarState
    changed_ns: int
    words: dict[str, tuple[Words, ...]]

    @property
    def written_ns(self) -> int:
        return self.state.mtime_ns

    def item(self, entry: LazyEntry) -> NewItem:
        name = parse_path(entry.path).name
        offset = offset_in(entry.stamp)
        content = TarMember(entry.path, entry.size, self.path, name, offset, self.state)
        return NewItem(content, None, entry.path)

    def described_item(self, entry: LazyEntry) -> NewItem:
        item = self.item(entry)
        words = self.words.get(group_key(parse_path(entry.path).name) or "")
        if not words:
            return item
        try:
            with open_file(Path(self.path)) as file:
                if TarState.of(os.fstat(file.fileno())) != self.state:
                    raise CorruptMediaError(entry.path, "is in a tar that was changed meanwhile")
                said = read_words(file, entry.path, words)
        except OSError as error:
            reason = f"is in a tar that cannot be read: {error.strerror or error}"
            raise CorruptMediaError(entry.path, reason) from None
        return NewItem(item.content, None, entry.path, None, said.metadata, said.captions)


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
            members, others, problem = _files(file, path, status.st_size, listing, limits)
    except (MediaError, OSError) as error:
        listing.note_unread_part(path)
        reason = getattr(error, "reason", None) or f"cannot be read: {error}"
        listing.report(path, reason)
        return
    if problem is not None:
        if is_given and not members and problem == "is no tar":
            raise UsageError(f"{path} is no tar: if it is compressed, unpack it to a plain tar.")
        listing.note_unread_part(path)
        used = f"; what was read before, {len(members):,} files, is used" if members else ""
        listing.report(path, problem + used)
    yield from _entries(path, status, members, others, listing)


def _files(
    file: BinaryIO, path: str, size: int, listing: Listing, limits: Limits
) -> tuple[dict[str, Extent], list[str], str | None]:
    """The files of a tar by their names, of which the last counts, and why there are no more.

    Between these the names of what is neither a file nor a folder nor a link.
    """
    members: dict[str, Extent] = {}
    others: list[str] = []
    if size > MOST_BYTES:
        return members, others, f"has {size:,} of at most {MOST_BYTES:,} bytes"
    try:
        for member in read_members(file, size):
            name = _usable_name(member, path, listing, others)
            if name is None:
                continue
            if len(members) >= limits.tar_members and name not in members:
                return members, others, f"has more than {limits.tar_members:,} files"
            members[name] = member.extent
    except TarError as error:
        _drop_last_group(members, error)
        return members, others, str(error)
    return members, others, None


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


def _entries(
    path: str,
    status: os.stat_result,
    members: dict[str, Extent],
    others: list[str],
    listing: Listing,
) -> Iterator[LazyEntry]:
    from anysense.embed.media.extras import readable_suffixes

    with_words = listing.with_sidecars
    groups = group_members(members, readable_suffixes(), with_words=with_words)
    others += groups.others
    listing.note_unread(member_path(path, name) for name in others)
    state = TarState.of(status)
    changed_ns = 0 if os.name == "nt" else status.st_ctime_ns
    tar = _Tar(path, state, changed_ns, groups.words)
    for name, member in groups.items.items():
        stamp = state.stamp(member.offset, is_bare=not with_words)
        yield LazyEntry(member_path(path, name), member.size, stamp, tar)
