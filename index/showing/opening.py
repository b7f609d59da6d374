"""Opening the file of an item: the one that was added, or none.

Whoever may write to a folder that was indexed can put anything in the place of a file: a link to
what the service may read and they may not, a pipe that blocks, another file. So no link is followed
on the way, neither to the file nor to a folder above it (the catalog has real paths, which lead
through none), what was opened is looked at and not its path, and it must have the size and the time
that the catalog has. What a client uploaded is called by its content, and must have that.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.media.digest import digest_bytes, new_digest
from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from anysense.index.catalog.records import FileRecord

__all__ = ["ItemFile", "open_catalogued", "open_without_links"]

_BLOCK = 1 << 20
_ON_THE_WAY = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)
_NEVER = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_READ = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
)
_DIGESTS = 4096


@dataclass(frozen=True)
class ItemFile:
    """A file that is open, and is the one that the catalog knows.

    Attributes:
        file: open for reading; whoever has it closes it.
        path: where it was.
        size: in bytes.
        mtime_ns: when it was last written, in nanoseconds since 1970.
        tag: another one as soon as anything about the file is changed.
        content_hash: as the catalog has it: of its content, with the texts beside it.
    """

    file: BinaryIO
    path: Path
    size: int
    mtime_ns: int
    tag: str
    content_hash: str

    def is_unchanged(self) -> bool:
        """Whether the file still has the size and the time with which it was opened."""
        status = os.fstat(self.file.fileno())
        return (status.st_size, status.st_mtime_ns) == (self.size, self.mtime_ns)


def open_catalogued(record: FileRecord, added_at: float, *, is_stored: bool) -> ItemFile | None:
    """Open a file that an item was made from; None if it is gone, or is another one by now.

    Args:
        record: the file as the catalog has it, at the path where it is now.
        added_at: when its item was added, in seconds since 1970.
        is_stored: whether it lies in the collection, under a name made from its content.
    """
    try:
        file = open_without_links(Path(record.path))
    except (OSError, ValueError):
        return None
    status = os.fstat(file.fileno())
    if not _is_same(file, status, record, added_at, is_stored=is_stored):
        file.close()
        return None
    facts = (record.content_hash, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    tag = digest_bytes(repr(facts).encode())[:32]
    path, size, mtime = Path(record.path), status.st_size, status.st_mtime_ns
    return ItemFile(file, path, size, mtime, tag, record.content_hash)


def open_without_links(path: Path) -> BinaryIO:
    """Open a regular file whose path leads through no link, without ever waiting for it.

    Raises:
        OSError: it is not there, may not be read, is no regular file, or a link leads to it.
        ValueError: no file can have this path.
    """
    if not path.is_absolute() or ".." in path.parts:
        raise OSError(errno.EINVAL, "no real path")
    if os.open in os.supports_dir_fd:
        descriptor = _walk(path)
    else:  # Windows
        if any(parent.is_symlink() for parent in (path, *path.parents)):
            raise OSError(errno.ELOOP, "a link")
        _check_regular(path.lstat().st_mode)
        descriptor = os.open(path, _READ | _NEVER)
    try:
        _check_regular(os.fstat(descriptor).st_mode)  # it may have been swapped a moment ago
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _walk(path: Path) -> int:
    """A descriptor of a file, reached folder by folder, so that none can be swapped meanwhile."""
    folder = os.open(path.anchor, _ON_THE_WAY | _NEVER)
    try:
        for name in path.parts[1:-1]:
            inner = os.open(name, _ON_THE_WAY | _NEVER, dir_fd=folder)
            os.close(folder)
            folder = inner
        # Before it is opened: to open a device may do something already.
        _check_regular(os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode)
        return os.open(path.name, _READ | _NEVER, dir_fd=folder)
    finally:
        os.close(folder)


def _check_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "no regular file")


def _is_same(
    file: BinaryIO,
    status: os.stat_result,
    record: FileRecord,
    added_at: float,
    *,
    is_stored: bool,
) -> bool:
    """Whether an open file is the one of the catalog.

    Size and time can be forged by whoever has made a file that is a hard link by now, so a file
    with several names that was touched after it was added must have the content too. (Not one with
    texts beside it: what the catalog has is of all of them.)
    """
    if status.st_size != record.size:
        return False
    has_time = status.st_mtime_ns == record.mtime_ns
    is_untouched = has_time and status.st_ctime_ns <= added_at * 1e9
    if is_stored:
        return is_untouched or _digest_of(file, status) == record.content_hash
    if has_time and status.st_nlink > 1 and not is_untouched and not record.sidecars:
        return _digest_of(file, status) == record.content_hash
    return has_time


@dataclass(frozen=True)
class _Identity:
    """Which file, as of which change; by what descriptor to read it."""

    facts: tuple[int, ...]
    descriptor: int = field(compare=False)


def _digest_of(file: BinaryIO, status: os.stat_result) -> str:
    """The hash of an open file's content, which is read once for as long as nothing changes it."""
    facts = (
        *(status.st_dev, status.st_ino, status.st_size),
        *(status.st_mtime_ns, status.st_ctime_ns),
    )
    return _read_digest(_Identity(facts, file.fileno()))


@lru_cache(_DIGESTS)
def _read_digest(identity: _Identity) -> str:
    digest = new_digest()
    with os.fdopen(os.dup(identity.descriptor), "rb", buffering=0) as file:
        file.seek(0)
        while block := file.read(_BLOCK):
            check_waiter()
            digest.update(block)
        file.seek(0)  # the position is shared
    return digest.hexdigest()
