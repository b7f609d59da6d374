"""Two small files beside the catalog that tell when it is not what it was.

ACKNOWLEDGED holds the number of the last change that a writer was told is safe. SQLite ends its
log at the first damaged frame without a word, so a flipped bit there could undo transactions that
were acknowledged: a catalog that is behind this number has lost some.

VERIFIED holds the size and the time of catalog.sqlite when it was last known to be sound. As long
as they match, opening needs no check of the whole file.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
import zlib
from typing import TYPE_CHECKING

from anysense.index.catalog.schema import CATALOG

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "ACKNOWLEDGED",
    "VERIFIED",
    "Acknowledgement",
    "acknowledged",
    "is_sealed",
    "seal",
    "stamp",
]

ACKNOWLEDGED = "ACKNOWLEDGED"
VERIFIED = "VERIFIED"
_SLOT = 30  # "%020d %08x\n"
_SECONDS_BACK = 3  # more than the coarsest clock of a file system in use (FAT: 2 s)

_log = logging.getLogger("anysense")


class Acknowledgement:
    """Writes the number of each change to ACKNOWLEDGED, through to the disk.

    There are two slots, written in turn, so a write that is cut short leaves the one before.
    """

    def __init__(self, folder: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._file = os.open(folder / ACKNOWLEDGED, flags, 0o644)

    def record(self, change: int) -> None:
        """Record that this change is in the catalog. Never fails: the change itself is safe."""
        try:
            os.lseek(self._file, change % 2 * _SLOT, os.SEEK_SET)
            os.write(self._file, _slot(change))
            os.fsync(self._file)
        except OSError as error:
            _log.warning("%s could not be written: %s", ACKNOWLEDGED, error)

    def close(self) -> None:
        os.close(self._file)


def _slot(change: int) -> bytes:
    number = b"%020d" % change
    return b"%s %08x\n" % (number, zlib.crc32(number))


def acknowledged(folder: Path) -> int:
    """The number of the last acknowledged change; 0 if the file is gone or unreadable."""
    try:
        data = (folder / ACKNOWLEDGED).read_bytes()
    except OSError:
        return 0
    best = 0
    for at in (0, _SLOT):
        number = data[at : at + 20]
        if number.isdigit() and data[at : at + _SLOT] == _slot(int(number)):
            best = max(best, int(number))
    return best


def seal(folder: Path, *, touch: bool = True) -> None:
    """Record that catalog.sqlite is sound as it is now. Never fails: it is only checked again.

    Args:
        folder: the collection.
        touch: set the time of the file a little back, so that any later change to it gets another
            time, however coarse the clock of the file system is. For its writer only.
    """
    catalog = folder / CATALOG
    with contextlib.suppress(OSError):
        if touch:
            back = time.time_ns() - _SECONDS_BACK * 1_000_000_000
            os.utime(catalog, ns=(back, back))
        elif time.time_ns() - catalog.stat().st_mtime_ns < _SECONDS_BACK * 1_000_000_000:
            return  # a change in the same tick of the clock would go unseen
        temporary = folder / f"{VERIFIED}.{os.getpid()}.tmp"
        try:
            temporary.write_text(json.dumps(stamp(catalog)) + "\n", encoding="ascii")
            temporary.replace(folder / VERIFIED)
        finally:
            temporary.unlink(missing_ok=True)


def is_sealed(folder: Path) -> bool:
    """Whether catalog.sqlite has not been touched since it was last known to be sound."""
    try:
        recorded = json.loads((folder / VERIFIED).read_text(encoding="ascii"))
        return bool(recorded == stamp(folder / CATALOG))
    except (OSError, ValueError):
        return False


def stamp(path: Path) -> dict[str, int]:
    """The size and the time of a file."""
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
