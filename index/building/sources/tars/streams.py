"""Members whose suffix, ``.ts``, videos and programs in TypeScript have: their content tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.media.files import TRANSPORT_SUFFIXES
from anysense.embed.media.identify import is_transport_head

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.index.building.sources.tars.headers import Extent

__all__ = ["is_stream", "may_be_stream", "transport_streams"]

_SUFFIXES = tuple(TRANSPORT_SUFFIXES)
_HEAD_BYTES = 1024  # which have the marks of five packets


def transport_streams(tar: BinaryIO, members: Mapping[str, Extent]) -> frozenset[str]:
    """The names of the members of a tar that are videos, though programs have their suffix, too.

    Args:
        tar: the tar, of which the first bytes of each such member are read.
        members: its files, by name.
    """
    return frozenset(
        name for name, extent in members.items() if may_be_stream(name) and is_stream(tar, extent)
    )


def may_be_stream(name: str) -> bool:
    """Whether a name has such a suffix."""
    return name.lower().endswith(_SUFFIXES)


def is_stream(tar: BinaryIO, extent: Extent) -> bool:
    """Whether a member is a video, by its first bytes."""
    tar.seek(extent.start)
    return is_transport_head(tar.read(min(extent.size, _HEAD_BYTES)))
