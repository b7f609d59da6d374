"""Opening a member of a tar with the care that files are opened with: the one that was added.

The tar is reached without a link and must have the size and the time that the stamp of the catalog
was made of; the member's header must be where the stamp says, with its name and its size. Nothing
but the bytes of that member can be read of what is given.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.media.digest import digest_bytes
from anysense.index.building.sources.paths import parse_path
from anysense.index.building.sources.tars.member import MemberBytes, find_member
from anysense.index.building.sources.tars.state import TarState, offset_in
from anysense.index.showing.opening import ItemFile, open_without_links

if TYPE_CHECKING:
    from anysense.index.catalog.records import FileRecord

__all__ = ["open_member"]


@dataclass(frozen=True)
class _MemberFile(ItemFile):
    """A member of a tar that is open.

    Attributes:
        tar: the tar, which is closed with the file.
        state: of the tar when it was opened.
    """

    tar: BinaryIO = field(repr=False)
    state: TarState

    def is_unchanged(self) -> bool:
        return TarState.of(os.fstat(self.tar.fileno())) == self.state


def open_member(record: FileRecord) -> ItemFile | None:
    """Open a member of a tar; None if it is gone, or is another one by now.

    Args:
        record: the member as the catalog has it.
    """
    path = parse_path(record.path)
    try:
        tar = open_without_links(Path(path.holder))
    except (OSError, ValueError):
        return None
    try:
        opened = _member_in(tar, path.name, record)
    except BaseException:
        tar.close()
        raise
    if opened is None:
        tar.close()
    return opened


def _member_in(tar: BinaryIO, name: str, record: FileRecord) -> ItemFile | None:
    status = os.fstat(tar.fileno())
    state, stamp = TarState.of(status), record.mtime_ns
    if not state.has_stamp(stamp):
        return None
    found = find_member(tar, name, offset_in(stamp), state.size)
    if found is None or found.size != record.size:
        return None
    facts = (record.content_hash, stamp, state.size, state.mtime_ns, status.st_ctime_ns)
    return _MemberFile(
        io.BufferedReader(MemberBytes(tar, found.start, found.size)),
        Path(record.path),
        found.size,
        state.mtime_ns,
        digest_bytes(repr(facts).encode())[:32],
        record.content_hash,
        tar,
        state,
    )
