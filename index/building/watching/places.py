"""Where the files of sources may change, and which changes there may be of any account."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.media.beside import SIDECAR_SUFFIXES
from anysense.embed.media.files import TRANSPORT_SUFFIXES
from anysense.embed.media.identify import MEDIA_SUFFIXES
from anysense.index.building.objects.source import ObjectSource
from anysense.index.building.sources.data_sets.source import SHARD_SUFFIXES
from anysense.index.building.sources.files import FileSource
from anysense.index.building.sources.ignoring import IGNORE_FILES
from anysense.index.building.sources.litter import is_litter_folder
from anysense.index.building.sources.paths import is_under
from anysense.index.building.sources.table import TableSource
from anysense.index.building.sources.tars.source import TAR_SUFFIX, TarSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anysense.index.building.sources.base import Source
    from anysense.index.building.sources.scan import FileScan

__all__ = ["IS_DEEP", "Places", "places_of"]

IS_DEEP = sys.platform != "linux"
"""Whether folders are watched with all that is in them. On Linux that would follow links, and count
each hidden folder against a limit; there, those that a scan has walked are watched one by one."""

_SUFFIXES = (*MEDIA_SUFFIXES, *TRANSPORT_SUFFIXES, *SIDECAR_SUFFIXES, *SHARD_SUFFIXES, TAR_SUFFIX)


@dataclass(frozen=True)
class Places:
    """The real paths at which sources are.

    Attributes:
        trees: folders whose changes count at any depth.
        files: files that count by themselves.
        collection: the collection's folder, whose changes are our own.
    """

    trees: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    collection: str = ""

    @cached_property
    def folders(self) -> frozenset[str]:
        """Those of the files: a file that is written anew is another one to the system."""
        return frozenset(str(Path(file).parent) for file in self.files)

    @property
    def roots(self) -> frozenset[str]:
        """The folders that must be there for anything to be told."""
        return self.trees | self.folders

    def watched(self, scan: FileScan) -> frozenset[str]:
        """What the system is to watch, once a scan has walked the folders."""
        return self.roots if IS_DEEP else frozenset(scan.walked) | self.folders

    def concerns(self, path: str) -> bool:
        """Whether a build may find something else once this path has changed.

        A folder that has come or gone is told by its own path alone, so only what is known to be a
        file can be passed over for its name.
        """
        if self.collection and is_under(path, self.collection):
            return False
        if path in self.files or path in self.roots:
            return True
        if path.lower().endswith(SIDECAR_SUFFIXES) and str(Path(path).parent) in self.folders:
            return True
        return any(_is_met(path, tree) for tree in self.trees if is_under(path, tree))


def _is_met(path: str, tree: str) -> bool:
    """Whether a walk of a folder may come upon a path in it and look at it."""
    *above, name = Path(path).relative_to(tree).parts
    folder = tree
    for part in above:
        folder = os.path.join(folder, part)  # noqa: PTH118 - of every change
        if part.startswith(".") or is_litter_folder(folder):
            return False
    if name.startswith("."):
        return name in IGNORE_FILES
    return name.lower().endswith(_SUFFIXES) or not Path(path).is_file()


def places_of(
    sources: Iterable[Source], collection: Path, more_files: Iterable[Path] = ()
) -> Places:
    """Where sources are.

    Args:
        sources: what is built.
        collection: its folder.
        more_files: others that a build reads, such as one of metadata.
    """
    trees, files = set(), {os.path.realpath(path) for path in more_files}
    for source in sources:
        if isinstance(source, FileSource | TarSource):
            files.add(source.root)
        elif isinstance(source, TableSource):
            files.add(source.file)
        elif not isinstance(source, ObjectSource):  # of whose changes nobody tells
            trees.add(source.root)
    return Places(frozenset(trees), frozenset(files), os.path.realpath(collection))
