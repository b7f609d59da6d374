"""When the files of each source were last compared, so that a change that hides is looked into.

Files that trade their names keep their sizes and times, and so does one that a program has set
back. But the system notes when the name or the content of a file was changed last, and that no
program sets (POSIX's ctime). A file that was changed since its source was last compared is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.index.building.sources.files import FolderSource
from anysense.index.building.sources.paths import is_under

if TYPE_CHECKING:
    from anysense.index.building.sources.base import Source
    from anysense.index.building.sources.scan import FileScan
    from anysense.index.folder.folder import CollectionFolder

__all__ = ["last_compared", "note_compared"]

PREFIX = "compared|"
"""What the keys of the notes begin with; the source follows."""


def last_compared(folder: CollectionFolder, scan: FileScan) -> int | None:
    """Since when a file of a scan may have changed unnoticed: nanoseconds since 1970.

    None if nobody knows, as in a collection that an earlier version has built.
    """
    notes = {key.removeprefix(PREFIX): int(text) for key, text in folder.notes(PREFIX).items()}
    times = [
        max(time for key, time in notes.items() if _covers(key, source))
        for source in scan.folders
        if any(_covers(key, source) for key in notes)
    ]
    return min(times, default=None)


def note_compared(folder: CollectionFolder, scan: FileScan) -> None:
    """Note that what has changed in the sources of a scan was compared."""
    time = str(scan.started_ns)
    folder.note({PREFIX + _key(source): time for source in scan.folders})


def _covers(key: str, source: Source) -> bool:
    return key == _key(source) or is_under(source.root, key)


def _key(source: Source) -> str:
    """What a source is noted as. A folder covers what is in it, other sources only a part."""
    return source.root if isinstance(source, FolderSource) else f"{source.root}|{source.name}"
