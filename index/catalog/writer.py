"""Changing the catalog: whole transactions, on the disk when they return.

Only the process that holds the collection's lock may have a `CatalogWriter`.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import CorruptCollectionError, ItemNotFoundError
from anysense.embed.forking import new_rlock
from anysense.index.catalog.files import (
    drop_file,
    drop_quarantine,
    put_file,
    remove_item,
    rename_item,
    settle_items,
    take_file,
    update_item,
)
from anysense.index.catalog.reader import read_state
from anysense.index.catalog.records import (
    SAID,
    FileRecord,
    ItemChanges,
    ItemRecord,
    QuarantinedFile,
    read_sidecars,
)
from anysense.index.catalog.rows import LATEST
from anysense.index.catalog.schema import CATALOG, from_sql, row_crc, to_sql
from anysense.index.catalog.spaces import EVERY, Seen, insert_segments, read_keys
from anysense.index.catalog.sqlite.connections import WriterConnection, log_of, storage_errors
from anysense.index.catalog.sqlite.gate import keep_open, using
from anysense.index.catalog.sqlite.seals import Acknowledgement
from anysense.index.catalog.stored import metadata_text, vector_blobs
from anysense.index.catalog.totals import items_name
from anysense.index.catalog.transaction import Transaction, with_crc
from anysense.index.catalog.words.tables import NOTE, WordTables, is_damage, says_current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from anysense.index.catalog.sqlite.identity import FileId


__all__ = ["CatalogWriter"]

LOG_BYTES = 64 * 1024**2
"""The log is emptied into catalog.sqlite when it has grown to this, or sooner on a full disk."""


class CatalogWriter:
    """The only writer of a catalog. Its methods may be called from many threads.

    Args:
        folder: the collection, whose lock is held.
        file: its catalog, as it was opened for reading.
        check_lock: raises CollectionReplacedError if the lock does not count any more.
        seen: the spaces that searches go by.
    """

    def __init__(
        self,
        folder: Path,
        file: FileId | None = None,
        check_lock: Callable[[], None] = lambda: None,
        seen: Seen = EVERY,
    ) -> None:
        self._folder = folder
        self.path = folder / CATALOG
        self._lock = new_rlock()
        self._own = WriterConnection(folder, file)
        self._check_lock = check_lock
        self._seen: Seen | None = None
        with storage_errors(self.path), using(self.path), contextlib.ExitStack() as failing:
            self._acknowledgement = Acknowledgement(folder)
            failing.callback(self._acknowledgement.close)
            self._acknowledgement.record(read_state(self.path, self._connection).change)
            self.use(seen)
            if says_current(self._connection) != self._words.is_kept or not self._words.are_of(
                self._connection
            ):
                self.make_words()
            failing.pop_all()

    def use(self, seen: Seen) -> None:
        """Go by some spaces from now on."""
        with self._lock:
            if seen == self._seen:
                return
            self._seen = seen
            self._spaces, self._hidden = read_keys(self._connection, seen)
            texts = [self._spaces[name][0] for name in seen.texts]
            others = sorted(pk for pk, _ in self._spaces.values() if pk not in texts)
            self._words = WordTables([*texts, *others], self._hidden)

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._own.get()

    def close(self) -> None:
        """Empty the log into catalog.sqlite and close."""
        with using(self.path), self._lock:
            self._own.close_idle()
            self._acknowledgement.close()

    def abandon(self) -> None:
        """Let go of it in a forked process, without touching what the parent goes on with."""
        keep_open(self._own)
        self._acknowledgement.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One transaction: on the disk when it ends, or undone.

        Raises:
            CollectionReplacedError: the collection was replaced meanwhile. What was written may
                be lost, so it is not acknowledged.
        """
        with storage_errors(self.path), using(self.path), self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                state = read_state(self.path, self._connection)
                transaction = Transaction(self._connection, state, self._words, self._hidden)
                yield transaction
                transaction.finish()
                self._connection.execute("COMMIT")
            except BaseException as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                self._give_up_words(error)
                raise
            self.check_place()
            self._acknowledgement.record(transaction.change)
            if log_of(self.path).stat().st_size > self._most_log_bytes():
                with contextlib.suppress(sqlite3.Error):  # full disk: the log is as safe
                    self._own.empty_log()

    def _give_up_words(self, error: BaseException) -> None:
        """Leave out words that are damaged, until they are made anew: nothing is lost with them.

        Raises:
            CorruptCollectionError: they may be what the transaction failed at.
        """
        if is_damage(error) and self._words.give_up():
            with self.transaction() as transaction:
                transaction.note({NOTE: None})
            raise CorruptCollectionError(
                f"{self.path}: the words of its texts are damaged ({error}), and are left out from "
                "now on; try again, and they are made anew when it is next opened."
            ) from error

    def _most_log_bytes(self) -> int:
        """How long the log may get: to empty it may take as much room as it has.

        A log that has filled the disk could not be emptied, and no item be removed to make room.
        """
        try:
            return min(LOG_BYTES, shutil.disk_usage(self.path.parent).free // 2)
        except OSError:
            return LOG_BYTES

    def check_place(self) -> None:
        """See that the catalog, its log and the lock are the files that others will find.

        Raises:
            CollectionReplacedError: they are not.
        """
        with self._lock:
            self._own.check()
            self._check_lock()

    def checkpoint(self) -> bool:
        """Empty the log into catalog.sqlite, as far as readers let it; whether it is empty now.

        Raises:
            StorageError: there is no room for that; what was committed is as safe in the log.
        """
        with storage_errors(self.path), using(self.path), self._lock:
            return self._own.empty_log()

    # Items

    def write(self, records: Sequence[ItemRecord], remove: Sequence[str] = ()) -> None:
        """Write items and remove others, in one transaction; safe on the disk when it returns.

        An item of the same id is replaced. If it came from a file that has changed, and other
        files still hold its old content, it lives on under the first of those.

        Raises:
            UsageError: an item cannot be kept; nothing was written.
        """
        latest = {record.id: record for record in records}  # as if written one after the other
        prepared = [
            (r, metadata_text(r.id, r.metadata), vector_blobs(r, self._spaces))
            for r in latest.values()
        ]
        with self.transaction() as transaction:
            for name in remove:
                if name not in latest:
                    remove_item(transaction, name)
            kept = [self._make_way(transaction, record) for record, _, _ in prepared]
            for (record, metadata, vectors), others in zip(prepared, kept, strict=True):
                files = [*others, *record.files]
                self._insert(transaction, record, metadata, vectors, files)
                if record.said and record.content_hash is not None:
                    said = metadata_text(record.id, record.said)
                    transaction.note({SAID + record.content_hash: said})

    def remove(self, ids: Sequence[str]) -> int:
        """Remove items; returns how many there were of these ids."""
        with self.transaction() as transaction:
            return sum(remove_item(transaction, name) for name in ids)

    def _make_way(self, transaction: Transaction, record: ItemRecord) -> list[FileRecord]:
        """Take away what a new item replaces: the item of its id, and its files' former places.

        Returns the other files of the item it replaces, if their content is still the same.
        """
        connection = transaction.connection
        paths = {file.path for file in record.files}
        for path in paths:
            self._detach(transaction, path, spare=record.id)
        old = connection.execute(
            "SELECT item_pk, content_hash FROM items WHERE id = ?", (to_sql(record.id),)
        ).fetchone()
        if old is None:
            return []
        files = [
            FileRecord(from_sql(path), size, mtime_ns, content_hash, read_sidecars(sidecars))
            for path, size, mtime_ns, content_hash, sidecars in connection.execute(
                "SELECT path, size, mtime_ns, content_hash, sidecars FROM files WHERE item_pk = ?",
                old[:1],
            )
        ]
        others = [file for file in files if file.path not in paths]
        if others and old[1] != record.content_hash:
            if len(others) < len(files):  # one of them has changed, and is not just another file
                row = connection.execute(f"{LATEST.items} WHERE i.item_pk = ?", old[:1]).fetchone()
                for path in paths:
                    drop_file(transaction, path)
                rename_item(transaction, row, keep_given=False)
            others = []
        remove_item(transaction, record.id)
        return others

    def _insert(
        self,
        transaction: Transaction,
        record: ItemRecord,
        metadata: str,
        vectors: Sequence[bytes],
        files: Sequence[FileRecord],
    ) -> None:
        connection = transaction.connection
        item_pk, transaction.next_item = transaction.next_item, transaction.next_item + 1
        kind = record.kind.value
        item = (item_pk, record.id, record.source, kind, metadata, record.content_hash)
        row = with_crc((*item, time.time()))
        connection.execute(
            "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (row[0], to_sql(row[1]), to_sql(row[2]), *row[3:]),
        )
        transaction.count(items_name(kind), row[-1])
        insert_segments(transaction, item_pk, record.segments, vectors, self._spaces)
        self._words.add(transaction, item_pk)
        for file in files:
            put_file(transaction, file, item_pk)

    def describe(self, metadata: Mapping[str, Mapping[str, Any]]) -> None:
        """Give items other metadata, by id; ids that are not there are left out.

        Raises:
            UsageError: it cannot be kept as JSON; nothing was written.
        """
        texts = {name: metadata_text(name, entry) for name, entry in metadata.items()}
        with self.transaction() as transaction:
            for name, text in texts.items():
                row = transaction.connection.execute(
                    f"{LATEST.items} WHERE i.id = ?", (to_sql(name),)
                ).fetchone()
                if row is not None:
                    update_item(transaction, row, (*row[:4], text, *row[5:7]))

    # Files

    def assign_files(
        self, files: Iterable[tuple[FileRecord, str]], gone: Iterable[str] = ()
    ) -> ItemChanges:
        """Note which items files hold, by id, instead of whatever they held before, all at once.

        So files may trade places. What becomes of items that lose files is told in `forget_files`.

        Args:
            files: each with the id that its item has now.
            gone: paths of files to be forgotten.

        Raises:
            ItemNotFoundError: there is no item of an id; nothing was written.
        """
        with self.transaction() as transaction:
            placed = [(file, self._item_pk(transaction, name)) for file, name in files]
            losses: dict[int, set[str]] = {}
            for path in gone:
                take_file(transaction, path, losses)
            for file, item_pk in placed:
                take_file(transaction, file.path, losses)
                put_file(transaction, file, item_pk)
            return settle_items(transaction, losses)

    def forget_files(self, paths: Iterable[str]) -> ItemChanges:
        """Forget files that are gone, and tell what became of their items.

        An item whose last file is gone is removed. If its source is gone but another file holds
        the same, it gets that file's path as its source, and the id that goes with it; an id that
        was given stays.
        """
        return self.assign_files((), paths)

    def _item_pk(self, transaction: Transaction, name: str) -> int:
        row = transaction.connection.execute(
            "SELECT item_pk FROM items WHERE id = ?", (to_sql(name),)
        ).fetchone()
        if row is None:
            raise ItemNotFoundError(f"No item {name} in {self._folder}.")
        return int(row[0])

    def _detach(self, transaction: Transaction, path: str, spare: str) -> None:
        """Take a file from its item, unless that is `spare`."""
        row = transaction.connection.execute(
            "SELECT i.id FROM files AS f JOIN items AS i USING (item_pk) WHERE f.path = ?",
            (to_sql(path),),
        ).fetchone()
        if row is not None and from_sql(row[0]) != spare:
            losses: dict[int, set[str]] = {}
            take_file(transaction, path, losses)
            settle_items(transaction, losses)

    def quarantine(self, files: Iterable[QuarantinedFile]) -> None:
        """Note files that cannot be read, so that they are tried again only when they change."""
        with self.transaction() as transaction:
            for file in files:
                drop_quarantine(transaction, file.path)
                crc = row_crc(*file)
                transaction.connection.execute(
                    "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?)",
                    (to_sql(file.path), file.size, file.mtime_ns, to_sql(file.reason), crc),
                )
                transaction.count("quarantine", crc)

    def clear_quarantine(self, paths: Iterable[str]) -> None:
        """Forget that files could not be read."""
        with self.transaction() as transaction:
            for path in paths:
                drop_quarantine(transaction, path)

    def note(self, notes: Mapping[str, str | None]) -> None:
        """Keep notes by their keys; None forgets one."""
        with self.transaction() as transaction:
            transaction.note(notes)

    # Publishing

    def published(self, change: int, meta: Mapping[str, str]) -> None:
        """Note what was published, and drop the tombstones that its index no longer needs."""
        with self.transaction() as transaction:
            connection = transaction.connection
            transaction.note(meta)
            dropped = connection.execute(
                "DELETE FROM tombstones WHERE change <= ? RETURNING crc", (change,)
            ).fetchall()
            for (crc,) in dropped:
                transaction.count("tombstones", crc, -1)
            transaction.purged = max(transaction.purged, change)
            if not self._words.are_of(connection):
                self._words.make(transaction)

    def make_words(self) -> None:
        """Make the words of all rows anew, or note that they are missing where none can be kept."""
        with self.transaction() as transaction:
            self._words.make(transaction)

    def vacuum(self) -> None:
        """Give the space of what was deleted back to the disk."""
        with storage_errors(self.path), using(self.path), self._lock:
            self._connection.execute("VACUUM")
            self.checkpoint()
