"""A member of a tar, reached again by the path that a catalog has of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CorruptMediaError, MediaError
from anysense.embed.media.files import open_file
from anysense.embed.types import EmbeddedFile
from anysense.index.building.sources.paths import member_path
from anysense.index.building.sources.tars.headers import MemberKind, TarError, read_members
from anysense.index.building.sources.tars.member import (
    CHANGED,
    TarMember,
    find_member,
    name_in_tar,
)
from anysense.index.building.sources.tars.opening import stored_state, stored_tar
from anysense.index.building.sources.tars.state import TarState, offset_in
from anysense.index.objects.addresses import address_of, is_object
from anysense.index.objects.services import storage_of

if TYPE_CHECKING:
    from anysense.index.building.sources.paths import CatalogPath
    from anysense.index.building.sources.tars.headers import Extent
    from anysense.index.objects.content import RangedObject

__all__ = ["member_file"]


def member_file(path: CatalogPath, stamp: int | None = None) -> EmbeddedFile:
    """A member of a tar, by the path that the catalog has of it; of one in storage, by ranges.

    Without a stamp the tar is gone through for it.

    Raises:
        MediaError: the tar or its member is not there, or is another one than the stamp says.
        AccessError, ServiceUnreachableError: its service refuses, or does not answer.
        UsageError: what its service needs is not installed.
    """
    whole = member_path(path.holder, path.name)
    try:
        return (_in_storage if is_object(path.holder) else _on_disk)(path, whole, stamp)
    except FileNotFoundError:
        raise CorruptMediaError(whole, "is in a tar that is not there any more") from None
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        raise CorruptMediaError(whole, reason) from None


def _on_disk(path: CatalogPath, whole: str, stamp: int | None) -> TarMember:
    try:
        with open_file(Path(path.holder)) as file:
            state = TarState.of(os.fstat(file.fileno()))
            found = _look_up(file, path.name, state, stamp)
    except MediaError as error:
        raise type(error)(whole, f"is in a tar that {error.reason}") from None
    found = _checked(found, whole, stamp)
    return TarMember(whole, found.size, path.holder, path.name, found.offset, state)


@dataclass(frozen=True)
class _StoredMember(EmbeddedFile):
    """A member of a tar in storage, of which only what is read is fetched.

    Attributes:
        tar: that it is in.
        start: where its bytes begin.
    """

    tar: RangedObject
    start: int

    def open(self) -> BinaryIO:
        return self.tar.open_part(self.start, self.size)


def _in_storage(path: CatalogPath, whole: str, stamp: int | None) -> _StoredMember:
    address = address_of(path.holder)
    state = stored_state(storage_of(address.protocol).look(address))
    tar = stored_tar(path.holder, state).ranges
    try:
        with tar.open() if stamp is None else tar.open_sparsely() as file:
            found = _look_up(file, path.name, state, stamp)
    except MediaError as error:
        raise CorruptMediaError(whole, f"is in a tar that {error.reason}") from None
    found = _checked(found, whole, stamp)
    return _StoredMember(whole, found.size, tar, found.start)


def _checked(found: Extent | None, whole: str, stamp: int | None) -> Extent:
    if found is None:
        raise CorruptMediaError(whole, "is not in its tar any more" if stamp is None else CHANGED)
    return found


def _look_up(file: BinaryIO, name: str, state: TarState, stamp: int | None) -> Extent | None:
    if stamp is not None:
        if not state.has_stamp(stamp):
            return None
        return find_member(file, name, offset_in(stamp), state.size)
    last, wanted = None, name_in_tar(name)
    try:
        for member in read_members(file, state.size):
            if member.kind is MemberKind.FILE and member.name == wanted:
                last = member.extent  # as when it is unpacked
    except TarError:
        pass  # what was read whole is used
    return last
