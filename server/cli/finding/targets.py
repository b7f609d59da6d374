"""From a folder that is named to the collection that is searched for it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import (
    AnysenseError,
    CollectionNotFoundError,
    CollectionReplacedError,
    CorruptCollectionError,
    IncompatibleCollectionError,
    UsageError,
)
from anysense.index.building.sources.paths import check_name, is_under
from anysense.server.cli.finding.cached import CachedCollection, cached_around, cached_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["UNUSABLE", "Target", "Wishes", "targets_of"]

MARKS = ("manifest.json", "catalog.sqlite")
"""By which a collection is known here, without what is imported to open one."""
UNUSABLE = (
    CollectionNotFoundError,
    CollectionReplacedError,
    CorruptCollectionError,
    IncompatibleCollectionError,
)
"""What is wrong with collections that are made anew."""
MOST_SHARED = 1000
"""Contents that lie in a part of a folder and outside of it: so many have room in a filter."""


@dataclass(frozen=True)
class Wishes:
    """How collections of folders are to be made and kept, as the command line says it.

    Attributes:
        update: whether to bring them up to date at all.
        yes: do without a question what takes long, or reads a home folder.
        is_watched: whether somebody sits before a terminal.
        encoders: names of models; empty if none are asked for.
        exclude: patterns of what to leave out; as the folder has them if it is empty.
        ignore_files: whether ignore files count; as the folder has it if None.
        ocr: whether words in pictures are recognised; as the folder has it if None.
        device: where models run.
    """

    update: bool = True
    yes: bool = False
    is_watched: bool = False
    encoders: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    ignore_files: bool | None = None
    ocr: bool | None = None
    device: str = "auto"

    @property
    def is_plain(self) -> bool:
        """Whether any collection of the folder will do, however it was made."""
        own = (self.ignore_files, self.ocr)
        return not self.encoders and not self.exclude and own == (None, None)


@dataclass(frozen=True)
class Target:
    """A folder that is searched.

    Attributes:
        named: the folder, as people know it.
        folder: its real path.
        cached: the collection: its own, or that of a folder around it.
        shared: of a part of a collection, the items that have a path inside and one outside, by
            id, with the path inside.
    """

    named: str
    folder: str
    cached: CachedCollection
    shared: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_part(self) -> bool:
        """Whether the collection is of a folder around it."""
        return self.folder != self.cached.folder

    @property
    def prefix(self) -> str:
        """What the paths of all that is in the folder begin with."""
        return self.folder.rstrip(os.sep) + os.sep


def targets_of(folders: Sequence[str], wishes: Wishes) -> list[Target]:
    """What is searched for the folders that are named, each once.

    Raises:
        UsageError: one is none, or is itself a collection.
    """
    named = {_real_folder(name): name for name in reversed(folders or (os.curdir,))}
    return [_target(name, folder, wishes) for folder, name in reversed(named.items())]


def _real_folder(name: str) -> str:
    if not name:
        raise UsageError("A folder is empty: name one, or none for the current one.")
    path = Path(name).expanduser()
    folder = os.path.realpath(path)
    check_name(folder)
    if not path.is_dir():
        what = "is a file: name its folder" if path.exists() else "no such folder"
        raise UsageError(f"{name}: {what}.")
    if any((path / mark).is_file() for mark in MARKS):
        raise UsageError(f"{name} is a collection: see `anysense search`.")
    return folder


def _target(name: str, folder: str, wishes: Wishes) -> Target:
    shown = folder if name in (os.curdir, os.pardir) else name
    own = cached_of(folder)
    if not own.is_there and wishes.is_plain:
        for around in cached_around(folder):
            # Patterns may begin at the folder that they were given for.
            shared = None if around.note.exclude else _shared_with(around, folder)
            if shared is not None:
                return Target(shown, folder, around, shared)
    return Target(shown, folder, own)


def _shared_with(around: CachedCollection, folder: str) -> dict[str, str] | None:
    """The `shared` of a folder in a larger one; None if that one's collection does not have it.

    A folder of which it has nothing may be hidden there, or left out.
    """
    from anysense.index.collection import Collection

    try:
        with Collection.open(around.path) as collection:
            files = collection.files()
    except AnysenseError:
        return None
    inside = {file.item_id: path for path, file in files.items() if is_under(path, folder)}
    outside = {file.item_id for path, file in files.items() if not is_under(path, folder)}
    shared = {item_id: path for item_id, path in inside.items() if item_id in outside}
    return shared if inside and len(shared) <= MOST_SHARED and _is_plain(folder) else None


def _is_plain(folder: str) -> bool:
    """Whether a filter can name a folder."""
    return not any("\ud800" <= sign <= "\udfff" for sign in folder)
