"""The SQLite side of the catalog: its tables, its connections, and errors a user can act on.

See docs/format.md for the reasons.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import (
    CollectionLockedError,
    CollectionReplacedError,
    CorruptCollectionError,
    StorageError,
)
from anysense.embed.forking import new_lock
from anysense.index.catalog.schema import CATALOG, row_crc
from anysense.index.catalog.sqlite.gate import close_before_fork, using
from anysense.index.catalog.sqlite.identity import FileId, check_file, file_id, replaced
from anysense.index.catalog.sqlite.seals import seal, stamp
from anysense.index.filters.distance import add_distance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "FORBIDDEN",
    "Pool",
    "WriterConnection",
    "check_row",
    "connect",
    "connect_to",
    "damaged",
    "log_of",
    "refused_by",
    "small_cache",
    "storage_errors",
]

CACHE_KIB = 32 * 1024
SMALL_CACHE_KIB = 2 * 1024
BUSY_MS = 30_000
CHECKPOINT_MS = 50  # a reader in the middle of a transaction is not waited for
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def connect_to(path: Path, opened: FileId | None, *, writable: bool) -> sqlite3.Connection:
    """Open a catalog of which other connections are or were open: the same file, or none.

    Raises:
        CollectionReplacedError: another file has come into its place.
    """
    check_file(path, opened)
    connection = connect(path, writable=writable)
    try:
        check_file(path, opened)  # again: it may have been replaced just before it was opened
    except CollectionReplacedError:
        connection.close()
        raise
    return connection


def connect(path: Path, *, writable: bool) -> sqlite3.Connection:
    """Open an existing catalog. Transactions are begun and ended by hand.

    A read-only connection neither checkpoints nor changes the file, even when it is the last.
    """
    mode = "rw" if writable else "ro"
    connection = _open(path, f"mode={mode}")
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if writable or not _may_be_immutable(path):
            raise
        # In a folder that cannot be written, SQLite cannot make the shared memory of its log. As
        # there is no log, and nobody who could write, the file can be read without.
        connection = _open(path, "mode=ro&immutable=1")
    try:
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        if writable:
            # FULL: a transaction is on the disk when its commit returns. Checkpoints are ours, as
            # the file's time is recorded after each.
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def small_cache(connection: sqlite3.Connection) -> Iterator[None]:
    """Keep few pages meanwhile, as where much is read once and about in its order."""
    connection.execute(f"PRAGMA cache_size = -{SMALL_CACHE_KIB}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def _open(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{options}",
        uri=True,
        timeout=BUSY_MS / 1000,
        isolation_level=None,
        check_same_thread=False,  # a connection is used by one thread at a time: see Pool
    )
    add_distance(connection)
    return connection


def _may_be_immutable(path: Path) -> bool:
    log = log_of(path)
    return path.exists() and (not log.exists() or log.stat().st_size == 0)


class Pool:
    """Read-only connections to one file, each lent to one thread at a time.

    Attributes:
        path: the catalog's.
        file: which file that was when the first connection was asked for.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: FileId | None = None
        self._idle: list[sqlite3.Connection] = []
        self._lock = new_lock()
        self._closed = False
        self._era = 0
        close_before_fork(self)

    @contextlib.contextmanager
    def lend(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection, with SQLite's errors turned into those of `anysense.embed.errors`."""
        with storage_errors(self.path), using(self.path):
            with self._lock:
                era = self._era
                connection = self._idle.pop() if self._idle else None
                if self.file is None:
                    self.file = file_id(self.path)
            if connection is None:
                connection = self._connected()
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.rollback()
                with self._lock:
                    if self._closed or era != self._era:
                        connection.close()
                    else:
                        self._idle.append(connection)

    def _connected(self) -> sqlite3.Connection:
        if self.file is None:
            return connect(self.path, writable=False)  # which says what is wrong with the file
        return connect_to(self.path, self.file, writable=False)

    def close(self) -> None:
        """Close what is idle now, and the rest when it comes back."""
        with self._lock:
            self._closed = True
            self.close_idle()

    def forget(self) -> None:
        """Close what is idle now, with the pages that it has read; the rest when it comes back."""
        with self._lock:
            self._era += 1
            self.close_idle()

    def close_idle(self) -> None:
        """Close what is idle now; the next loan opens another."""
        while self._idle:
            self._idle.pop().close()


class WriterConnection:
    """The connection of a collection's only writer, which opens it again after a fork.

    It is used inside `using`, by one thread at a time.

    Args:
        folder: the collection, whose lock is held.
        file: its catalog, as it was opened for reading.
    """

    def __init__(self, folder: Path, file: FileId | None = None) -> None:
        self._folder = folder
        self.path = folder / CATALOG
        self._file = file or file_id(self.path)
        self._log: FileId | None = None
        self._connection: sqlite3.Connection | None = None
        self._sound: dict[str, int] = {}
        close_before_fork(self)

    def get(self) -> sqlite3.Connection:
        """The connection, opened if it is not."""
        if self._connection is None:
            connection = connect_to(self.path, self._file, writable=True)
            try:
                connection.execute("BEGIN IMMEDIATE")  # only this tells whether it can be written
                connection.execute("ROLLBACK")
            except sqlite3.Error:
                connection.close()
                raise
            self._connection = connection
            self._sound = stamp(self.path)
            self._log = file_id(log_of(self.path))
        return self._connection

    def check(self) -> None:
        """See that what was committed is in the files that whoever opens it next will find.

        Raises:
            CollectionReplacedError: the catalog or its log is another file by now, or somebody else
                has written to the catalog.
        """
        check_file(self.path, self._file)
        if self._connection is None:
            return  # closed by a fork: it will be opened again
        check_file(log_of(self.path), self._log)
        if stamp(self.path) != self._sound:
            raise replaced(self.path)

    def empty_log(self) -> bool:
        """Empty the log into catalog.sqlite, as far as readers let it; whether it is empty now.

        What there is no room for stays in the log, as safe as before.
        """
        connection = self.get()
        # If something else has changed the file, that must not be sealed as sound.
        is_same = file_id(self.path) == self._file
        sound = is_same and stamp(self.path) == self._sound
        is_empty = False
        connection.execute(f"PRAGMA busy_timeout = {CHECKPOINT_MS}")
        try:
            _, log, done = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            is_empty = bool(log == done)
        finally:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            if sound:
                # Half a checkpoint, as where the disk is full, is sound only together with its log:
                # leave it to be checked.
                if is_empty:
                    seal(self._folder)
                self._sound = stamp(self.path)
        return is_empty

    def close_idle(self) -> None:
        """Empty the log and close; the next use opens it again."""
        if self._connection is not None:
            with contextlib.suppress(Exception):  # what is in the log is as safe there
                self.empty_log()
            self._connection.close()
            self._connection = None


def log_of(path: Path) -> Path:
    """Where SQLite keeps what was committed and is not in the catalog's own file yet."""
    return path.with_name(path.name + "-wal")


_DISK = ("disk is full", "disk i/o error", "readonly database", "unable to open", "too big")
_BUSY = ("database is locked", "table is locked")


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and of the file system into ours, with the file and what to do.

    Raises:
        StorageError: the disk is full, read-only, or denies permission.
        CollectionLockedError: another program holds SQLite's own lock for long.
        CorruptCollectionError: the file is damaged.
    """
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
        raise  # a mistake of ours, not of the file
    except sqlite3.Error as error:
        # By message, as Python 3.10 does not give SQLite's error codes.
        message = str(error).lower()
        if "readonly database" in message and _may_write(path):
            raise damaged(path, f"{error}, though the file can be written") from error
        if any(words in message for words in _DISK):
            raise _refused(path, str(error), forbidden=_is_forbidden(path)) from error
        if any(words in message for words in _BUSY):
            raise CollectionLockedError(
                f"{path}: another program holds the file; try again when it is done."
            ) from error
        raise damaged(path, str(error)) from error
    except UnicodeDecodeError as error:  # the name of a table, or a message that holds one
        raise damaged(path, "it holds text that is not UTF-8") from error
    except OSError as error:
        raise refused_by(error, path) from error


def refused_by(error: OSError, path: Path | str) -> StorageError:
    """The error for what the system refused to do with a path, or with the one that it names."""
    reason = error.strerror or str(error)
    return _refused(error.filename or path, reason, forbidden=error.errno in FORBIDDEN)


def _refused(path: Path | str, reason: str, *, forbidden: bool) -> StorageError:
    """The error for a disk that has no room or is broken, or that this user may not use so."""
    if forbidden:
        return StorageError(
            f"{path}: not permitted to this user ({reason}); see who may read and write the file "
            "and its folder, and whether its disk is mounted read-only."
        )
    return StorageError(
        f"{path}: the disk refused ({reason}); see that it has space, then try again."
    )


def _may_write(path: Path) -> bool:
    return path.is_file() and os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _is_forbidden(path: Path) -> bool:
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return True
    return os.access(path, os.F_OK) and not os.access(path, os.W_OK)


def damaged(path: Path, reason: str) -> CorruptCollectionError:
    """The error for a catalog that cannot be trusted."""
    return CorruptCollectionError(
        f"{path} is damaged ({reason}): restore the collection from a backup, or build it again "
        "in another folder."
    )


def check_row(path: Path, table: str, key: object, crc: int, *columns: Any) -> None:
    """Check a row against its checksum.

    Raises:
        CorruptCollectionError: they differ.
    """
    if row_crc(*columns) != crc:
        raise damaged(path, f"the row {key} of {table} does not match its checksum")
