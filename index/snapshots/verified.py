"""Which large files of a generation are as they were when they were last known to be sound.

To compare 10 GB with their checksum takes seconds at each opening, and a minute from a disk. So it
is done once on each machine: VERIFIED, in the folder of the generation, holds the size, the time
and the inode of each large file that was found sound. Who copies, restores or changes a file
changes one of them. A bit that flips on the disk itself changes none, and is found by
`anysense verify`, which compares all.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING, Any

from anysense.index.catalog.sqlite.seals import VERIFIED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["LARGE", "note_verified", "verified_files"]

LARGE = 64 * 1024**2
"""Files under so many bytes are compared each time: that takes some milliseconds."""

_SECONDS_BACK = 3  # more than the coarsest clock of a file system in use (FAT: 2 s)


def verified_files(folder: Path, least_bytes: int = LARGE) -> set[str]:
    """The names of the large files in a folder that nothing has touched since they were noted.

    Args:
        folder: of a generation.
        least_bytes: what makes a file large.
    """
    try:
        noted = json.loads((folder / VERIFIED).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return set()
    if not isinstance(noted, dict):
        return set()
    found = set()
    for name, stamp in noted.items():
        with contextlib.suppress(OSError):
            status = (folder / name).stat()
            if status.st_size >= least_bytes and _stamp(status) == stamp:
                found.add(name)
    return found


def note_verified(
    folder: Path, names: Iterable[str], *, touch: bool = False, least_bytes: int = LARGE
) -> None:
    """Note that files are sound as they are. Never fails: they are only compared again.

    Args:
        folder: of a generation.
        names: its files, just compared with their checksums, or written.
        touch: set the times of files that are newer a little back, so that any later change gives
            them another, however coarse the clock is. For who has just written them.
        least_bytes: what makes a file large; others are not noted.
    """
    noted = {}
    with contextlib.suppress(OSError):
        for name in names:
            path = folder / name
            status = path.stat()
            if status.st_size < least_bytes:
                continue
            back = time.time_ns() - _SECONDS_BACK * 1_000_000_000
            if status.st_mtime_ns > back:
                if not touch:
                    continue  # a change in the same tick of the clock would go unseen
                os.utime(path, ns=(back, back))
                status = path.stat()
            noted[name] = _stamp(status)
        if noted:
            temporary = folder / f"{VERIFIED}.{os.getpid()}.tmp"
            try:
                temporary.write_text(json.dumps(noted) + "\n", encoding="ascii")
                temporary.replace(folder / VERIFIED)
            finally:
                temporary.unlink(missing_ok=True)


def _stamp(status: os.stat_result) -> Any:
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "inode": status.st_ino}
