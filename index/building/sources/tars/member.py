"""One member of a tar as a file: read in place, and only from the tar that was looked into.

The catalog knows a member by its path, its size and a stamp, which is made of where its header is
and of the size and the time of the tar. So a member is found at once, in a tar of any length, and
with any change of the tar all of its members are looked at again.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CorruptMediaError, MediaError
from anysense.embed.media.digest import digest_bytes
from anysense.embed.media.files import open_file
from anysense.embed.types import EmbeddedFile
from anysense.index.building.sources.paths import member_path
from anysense.index.building.sources.tars.headers import (
    BLOCK,
    MemberKind,
    TarError,
    read_member,
    read_members,
)
from anysense.index.objects.ranges import RangeFile

if TYPE_CHECKING:
    from anysense.index.building.sources.paths import CatalogPath
    from anysense.index.building.sources.tars.headers import Extent

__all__ = [
    "MOST_BYTES",
    "MemberBytes",
    "TarMember",
    "TarState",
    "find_member",
    "member_file",
    "offset_in",
]

_STATE_BITS = 28
_OFFSET_BITS = 35
MOST_BYTES = BLOCK << _OFFSET_BITS
"""Bytes of the largest tar: 16 TiB."""

_CHANGED = "is in a tar that has changed since it was looked into"


@dataclass(frozen=True, slots=True)
class TarState:
    """A tar as it was when it was looked into."""

    size: int
    mtime_ns: int

    @staticmethod
    def of(status: os.stat_result) -> TarState:
        return TarState(status.st_size, status.st_mtime_ns)

    def stamp(self, offset: int, *, is_bare: bool = False) -> int:
        """The stamp of a member.

        Args:
            offset: of its header.
            is_bare: whether it is an item without the words about it in the tar, so that it is
                another one with them.
        """
        return (offset // BLOCK) << _STATE_BITS | _digest(self.size, self.mtime_ns, is_bare)

    def has_stamp(self, stamp: int) -> bool:
        """Whether a member of this tar, as it is, may have a stamp."""
        offset = offset_in(stamp)
        return stamp in (self.stamp(offset), self.stamp(offset, is_bare=True))


@lru_cache(64)
def _digest(size: int, mtime_ns: int, is_bare: bool) -> int:
    digest = digest_bytes(f"{size} {mtime_ns}{' bare' * is_bare}".encode())
    return int(digest[:15], 16) & ((1 << _STATE_BITS) - 1)


def offset_in(stamp: int) -> int:
    """Where the header is of the member that has a stamp."""
    return (stamp >> _STATE_BITS) * BLOCK


@dataclass(frozen=True)
class TarMember(EmbeddedFile):
    """A member of a tar, called by its path in the catalog.

    Attributes:
        tar: the path of the tar.
        member: its own name.
        offset: of its header.
        state: of the tar, in which alone it is looked for.
    """

    tar: str
    member: str
    offset: int
    state: TarState

    def open(self) -> BinaryIO:
        try:
            file = open_file(Path(self.tar))
        except MediaError as error:
            raise CorruptMediaError(self.name, f"is in a tar that {error.reason}") from None
        try:
            found = None
            if TarState.of(os.fstat(file.fileno())) == self.state:
                found = find_member(file, self.member, self.offset, self.state.size)
            if found is None or found.size != self.size:
                raise CorruptMediaError(self.name, _CHANGED)
            return io.BufferedReader(MemberBytes(file, found.start, found.size))
        except BaseException:
            file.close()
            raise


class MemberBytes(RangeFile):
    """The bytes of a member, read from its tar, which is closed with it.

    Args:
        tar: the tar, of which nobody else reads.
        start: where its bytes begin.
        size: how many it has.
    """

    def __init__(self, tar: BinaryIO, start: int, size: int) -> None:
        super().__init__(partial(_read_range, tar, start), size)
        self._tar = tar

    def close(self) -> None:
        self._tar.close()
        super().close()


def _read_range(tar: BinaryIO, at: int, start: int, end: int) -> bytes:
    """The bytes from `start` to before `end` of what begins at a place in a tar."""
    tar.seek(at + start)
    return tar.read(end - start)


def find_member(file: BinaryIO, name: str, offset: int, size: int) -> Extent | None:
    """Where the member of a name is, if it is a file and its header is at an offset; else None.

    Args:
        file: the tar.
        name: of the member.
        offset: of its first header.
        size: bytes of the tar.
    """
    member = read_member(file, offset, size)
    if member is None or member.kind is not MemberKind.FILE or member.name != _in_tar(name):
        return None
    return member.extent


def _in_tar(name: str) -> bytes:
    return name.encode(errors="surrogatepass")


def member_file(path: CatalogPath, stamp: int | None = None) -> TarMember:
    """A member of a tar, by the path that the catalog has of it.

    Without a stamp the tar is gone through for it.

    Raises:
        MediaError: the tar or its member is not there, or is another one than the stamp says.
    """
    whole = member_path(path.holder, path.name)
    try:
        with open_file(Path(path.holder)) as file:
            state = TarState.of(os.fstat(file.fileno()))
            member = _look_up(file, path.name, state, stamp)
    except MediaError as error:
        raise type(error)(whole, f"is in a tar that {error.reason}") from None
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        raise CorruptMediaError(whole, reason) from None
    if member is None:
        raise CorruptMediaError(whole, "is not in its tar any more" if stamp is None else _CHANGED)
    return TarMember(whole, member.size, path.holder, path.name, member.offset, state)


def _look_up(file: BinaryIO, name: str, state: TarState, stamp: int | None) -> Extent | None:
    if stamp is not None:
        if not state.has_stamp(stamp):
            return None
        return find_member(file, name, offset_in(stamp), state.size)
    last, wanted = None, _in_tar(name)
    try:
        for member in read_members(file, state.size):
            if member.kind is MemberKind.FILE and member.name == wanted:
                last = member.extent  # as when it is unpacked
    except TarError:
        pass  # what was read whole is used
    return last
