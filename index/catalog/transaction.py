"""The beginning of a catalog, and the bookkeeping of each transaction that changes it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import TYPE_CHECKING, Any

from anysense.index.catalog.schema import (
    APPLICATION_ID,
    CATALOG,
    FORMAT,
    PAGE_SIZE,
    SCHEMA,
    SUM_MASK,
    row_crc,
)
from anysense.index.catalog.sqlite.connections import storage_errors
from anysense.index.catalog.sqlite.gate import using
from anysense.index.catalog.sqlite.seals import seal
from anysense.index.catalog.words.tables import NOTE, WordTables, has_fts5, statements
from anysense.index.catalog.words.tokens import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from anysense.embed.types import Space
    from anysense.index.catalog.reader import State

__all__ = ["Transaction", "create_catalog", "with_crc"]


def create_catalog(folder: Path, spaces: Sequence[Space], meta: Mapping[str, str]) -> None:
    """Make an empty catalog. It is there as a whole, or not at all."""
    path = folder / CATALOG
    with storage_errors(path), using(path):
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            for statement in SCHEMA:
                connection.execute(statement)
            for pk, space in enumerate(spaces, 1):
                columns = (pk, space.id, space.dimension)
                connection.execute("INSERT INTO spaces VALUES (?, ?, ?, ?)", with_crc(columns))
            for row in meta.items():
                connection.execute("INSERT INTO meta VALUES (?, ?, ?)", with_crc(row))
            state = (0, 1, 1, 0)
            connection.execute("INSERT INTO state VALUES (1, ?, ?, ?, ?, ?)", with_crc(state))
            if has_fts5():
                for statement in statements():
                    connection.execute(statement)
                note = with_crc((NOTE, VERSION))
                connection.execute("INSERT INTO meta VALUES (?, ?, ?)", note)
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
    seal(folder)


def with_crc(columns: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*columns, row_crc(*columns))


class Transaction:
    """The counters of a transaction that is under way, and what it changes in the totals.

    Attributes:
        words: keeps the words of what is changed.
        hidden: the numbers of the spaces of which no index has anything.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        state: State,
        words: WordTables,
        hidden: frozenset[int] = frozenset(),
    ) -> None:
        self.connection = connection
        self.words = words
        self.hidden = hidden
        self.change = state.change + 1
        self.next_item = state.next_item
        self.next_segment = state.next_segment
        self.purged = state.purged
        self._rows: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()

    def count(self, kind: str, crc: int, rows: int = 1) -> None:
        """Count a row of a kind in, or with ``rows=-1`` out."""
        self._rows[kind] += rows
        self._sums[kind] += rows * crc

    def note(self, notes: Mapping[str, str | None]) -> None:
        """Keep notes by their keys, in place of those there are; None forgets one."""
        for key, value in notes.items():
            self.connection.execute("DELETE FROM meta WHERE key = ?", (key,))
            if value is not None:
                row = with_crc((key, value))
                self.connection.execute("INSERT INTO meta VALUES (?, ?, ?)", row)

    def finish(self) -> None:
        for kind, rows in self._rows.items():
            self.connection.execute(
                "INSERT INTO totals VALUES (:kind, :rows, :crc & :mask) ON CONFLICT (kind) "
                "DO UPDATE SET rows = rows + :rows, crc = (crc + :crc) & :mask",
                {"kind": kind, "rows": rows, "crc": self._sums[kind], "mask": SUM_MASK},
            )
        state = (self.change, self.next_item, self.next_segment, self.purged)
        self.connection.execute(
            "UPDATE state SET change = ?, next_item = ?, next_segment = ?, purged = ?, crc = ?",
            with_crc(state),
        )
