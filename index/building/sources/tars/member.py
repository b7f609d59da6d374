"""One member of a tar as a file: read in place, and only from the tar that was looked into."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CorruptMediaError, MediaError
from anysense.embed.types import EmbeddedFile
from anysense.index.building.sources.tars.headers import MemberKind, read_member
from anysense.index.building.sources.tars.opening import open_tar
from anysense.index.objects.ranges import RangeFile

if TYPE_CHECKING:
    from anysense.index.building.sources.tars.headers import Extent
    from anysense.index.building.sources.tars.state import TarState

__all__ = ["CHANGED", "MemberBytes", "TarMember", "find_member", "name_in_tar"]

CHANGED = "is in a tar that has changed since it was looked into"


@dataclass(frozen=True)
class TarMember(EmbeddedFile):
    """A member of a tar, called by its path in the catalog.

    Attributes:
        tar: the path of the tar, or its address.
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
            file = open_tar(self.tar, self.state)
        except MediaError as error:
            raise CorruptMediaError(self.name, f"is in a tar that {error.reason}") from None
        try:
            found = find_member(file, self.member, self.offset, self.state.size)
            if found is None or found.size != self.size:
                raise CorruptMediaError(self.name, CHANGED)
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
    if member is None or member.kind is not MemberKind.FILE or member.name != name_in_tar(name):
        return None
    return member.extent


def name_in_tar(name: str) -> bytes:
    """A member's name as the tar has it."""
    return name.encode(errors="surrogatepass")
