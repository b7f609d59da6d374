"""Which animated pictures a collection has as pictures, of before they were read as videos.

The catalog notes their ids, found once by looking into each file whose name allows it; they are
read again when they are built the next time, however often builds are stopped. Objects in storage
are not looked into, as each would have to be asked for.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from anysense.embed.errors import (
    AnysenseError,
    CollectionLockedError,
    ItemNotFoundError,
    StorageError,
)
from anysense.embed.media.formats.animation import animated_format
from anysense.embed.media.identify import ANIMATED_SUFFIXES, identify
from anysense.embed.types import Kind
from anysense.index.building.sources.paths import parse_path
from anysense.index.building.sources.reaching import file_at
from anysense.index.catalog.browse import files_named, find_item
from anysense.index.objects.addresses import is_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anysense.index.folder.folder import CollectionFolder

__all__ = ["items_to_animate", "note_animated"]

_PREFIX = "animated|"
_STILL = f"{_PREFIX}still"


def items_to_animate(folder: CollectionFolder) -> frozenset[str]:
    """The ids of items that are pictures so far, and of which all frames are to be read."""
    note = folder.notes(_PREFIX).get(_STILL)
    if note is not None:
        return _stills(folder, json.loads(note))
    files = files_named(folder.catalog, Kind.IMAGE, ANIMATED_SUFFIXES)
    return frozenset(item for item, path, stamp in files if _is_animated(path, stamp))


def note_animated(folder: CollectionFolder, to_animate: frozenset[str]) -> None:
    """Note which of these items are pictures still: nobody has to look into all files again."""
    left = json.dumps(sorted(_stills(folder, to_animate)))
    if left != folder.notes(_PREFIX).get(_STILL):
        # A build that has nothing else to write needs no lock, and no disk that takes anything.
        with contextlib.suppress(CollectionLockedError, StorageError):
            folder.note({_STILL: left})


def _stills(folder: CollectionFolder, items: Iterable[str]) -> frozenset[str]:
    """Those of some items that are there, and are pictures."""
    stills = set()
    for item in items:
        with contextlib.suppress(ItemNotFoundError):
            if find_item(folder.catalog, item).kind is Kind.IMAGE:
                stills.add(item)
    return frozenset(stills)


def _is_animated(path: str, stamp: int) -> bool:
    """Whether a file that is there as it was, or a member of a tar, has several frames."""
    if is_object(parse_path(path).holder):
        return False
    try:
        content = file_at(path, stamp)
        with content.open() as file:
            return animated_format(file, identify(file, content)) is not None
    except (AnysenseError, OSError):  # it is gone, or another one, or is read by no one any more
        return False
