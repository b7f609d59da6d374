"""Parts and collections as one collection, which is made if it is not there yet."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import AnysenseError
from anysense.index.collection import Collection

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from anysense.index.building.merging.report import MergeReport
    from anysense.index.types import Progress

__all__ = ["merge"]


def merge(
    inputs: Sequence[str | Path], path: str | os.PathLike[str], *, progress: Progress | None = None
) -> MergeReport:
    """Merge parts and collections into the collection at a path; see `Collection.merge`.

    Where there is none it is made for the encoders of the first input, whose models need not be
    here; it does not outlive a merge that is refused.

    Args:
        inputs: paths of parts, of folders of parts, and of collections.
        path: the folder of the collection.
        progress: called with the items that are dealt with, and their number.

    Raises:
        CorruptMediaError: there is no collection yet, and no input can be read.
        UsageError, IncompatibleCollectionError, CollectionLockedError, StorageError: see
            `Collection.merge`.
    """
    from anysense.index.building.merging.merge import make_for

    paths = [inputs] if isinstance(inputs, (str, Path)) else inputs
    is_new = not Collection.exists(path)
    if is_new:
        make_for(Path(path), paths)
    is_unused = False
    try:
        with Collection.open(path) as collection:
            try:
                return collection.merge(paths, progress=progress)
            finally:
                is_unused = is_new and collection.info()["items"] == 0
    except AnysenseError:
        if is_unused:
            shutil.rmtree(path, ignore_errors=True)
        raise
