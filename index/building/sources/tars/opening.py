"""Opening a tar where it is, in the state in which it was looked into: on a disk, or in storage."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CorruptMediaError
from anysense.embed.media.files import open_file
from anysense.index.building.sources.tars.state import TarState
from anysense.index.objects.addresses import is_object
from anysense.index.objects.shared import SharedObject

if TYPE_CHECKING:
    from anysense.index.objects.storage import StoredObject

__all__ = ["open_tar", "stored_state", "stored_tar"]


def open_tar(path: str, state: TarState) -> BinaryIO:
    """A tar as it was when it was looked into.

    One in storage is fetched when it is opened first, and kept while it is read.

    Raises:
        MediaError: it is not there, cannot be read, or has changed.
        OSError: it cannot be read.
        AccessError, ServiceUnreachableError: its service refuses, or does not answer.
    """
    if is_object(path):
        return stored_tar(path, state).open()
    file = open_file(Path(path))
    try:
        if TarState.of(os.fstat(file.fileno())) != state:
            raise CorruptMediaError(path, "has changed since it was looked into")
    except BaseException:
        file.close()
        raise
    return file


def stored_tar(address: str, state: TarState) -> SharedObject:
    """A tar in storage, to be read in this state."""
    return SharedObject(address, state.size, state.mtime_ns)


def stored_state(found: StoredObject) -> TarState:
    """The state of a tar in storage, as its service tells it."""
    return TarState(found.size, found.stamp)
