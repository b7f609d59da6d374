"""Files in the rows of a Parquet file, read when they are encoded.

Each row is encoded once, and about in the order of the file, by several threads. So a column is
read on from where it is, and what is passed on the way to a row waits for the thread that will ask
for it. A row that waits no more is read again from the beginning of its row group.
"""

from __future__ import annotations

import io
import threading
import weakref
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CorruptMediaError
from anysense.embed.media.digest import digest_bytes
from anysense.embed.types import EmbeddedFile
from anysense.index.building.tables.parquet_file import open_parquet, read_batches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetFile

    from anysense.index.building.tables.parquet_columns import FileColumn

__all__ = ["ParquetCell", "ParquetColumn"]

WAITING_BYTES = 128 << 20
_MOST_OPEN = 4
_turn = threading.Lock()  # one reads at a time, whatever the file
_open_columns: deque[weakref.ref[ParquetColumn]] = deque()


@dataclass(frozen=True)
class ParquetCell(EmbeddedFile):
    """The file in one row of a column."""

    column: ParquetColumn
    row: int
    content_hash: str

    def open(self) -> BinaryIO:
        return io.BytesIO(self.read())

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            CorruptMediaError: it is not what the hash was taken of.
        """
        data = self.column.read(self.row)
        if data is None or digest_bytes(data) != self.content_hash:
            reason = "cannot be read: its table has changed since it was read"
            raise CorruptMediaError(self.name, reason)
        return data


class ParquetColumn:
    """The files in a column. May be read from many threads.

    Args:
        path: the Parquet file.
        column: which of its columns.
    """

    def __init__(self, path: Path, column: FileColumn) -> None:
        self.path = path
        self._column = column
        self._file: ParquetFile | None = None
        self._batches: Iterator[RecordBatch] = iter(())
        self._waiting: dict[int, bytes | None] = {}  # by row
        self._waiting_bytes = 0
        self._starts = [0]  # of the row groups, and the end of the last
        self._next = 0  # the first row of the batch to come

    def __reduce__(self) -> tuple[type[ParquetColumn], tuple[Path, FileColumn]]:
        """In another process it opens the file anew."""
        return ParquetColumn, (self.path, self._column)

    def read(self, row: int) -> bytes | None:
        """The bytes in a row, by its number from 0; None if there are none any more."""
        import pyarrow

        with _turn:
            try:
                return self._read(row)
            except (pyarrow.ArrowException, OSError, IndexError, KeyError, ValueError):
                self._close()
                return None

    def _read(self, row: int) -> bytes | None:
        if row not in self._waiting:
            if not self._next <= row < self._near_end:
                self._start_group(row)
            while self._next <= row:
                self._read_batch()
        data = self._waiting.pop(row)
        self._waiting_bytes -= len(data or b"")
        if not self._waiting and self._next == self._starts[-1]:
            self._close()  # all was read
        return data

    def _read_batch(self) -> None:
        """Copy the rows of the next batch, whose own memory may be that of a whole page."""
        batch = next(self._batches, None)
        if batch is None:
            raise IndexError("the row group has fewer rows than it says")
        for at in range(batch.num_rows):
            data = self._column.read(batch, at)[0]
            if self._next not in self._waiting:
                self._waiting[self._next] = data
                self._waiting_bytes += len(data or b"")
            self._next += 1
        while self._waiting_bytes > WAITING_BYTES and len(self._waiting) > batch.num_rows:
            passed = next(iter(self._waiting))
            self._waiting_bytes -= len(self._waiting.pop(passed) or b"")

    @property
    def _near_end(self) -> int:
        """Up to which row reading on costs less than starting anew: the end of the next group."""
        group = bisect_right(self._starts, self._next)
        return self._starts[min(group + 1, len(self._starts) - 1)]

    def _start_group(self, row: int) -> None:
        """Go to the beginning of the row group of a row."""
        if self._file is None:
            self._file = _open_one_more(self)
            metadata = self._file.metadata
            sizes = (metadata.row_group(at).num_rows for at in range(metadata.num_row_groups))
            self._starts = list(accumulate(sizes, initial=0))
        group = bisect_right(self._starts, row) - 1
        self._next = self._starts[group]
        groups = range(group, len(self._starts) - 1)
        self._batches = read_batches(self._file, self._column.selectors, groups)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._batches = None, iter(())
        self._waiting.clear()
        self._starts = [0]
        self._waiting_bytes = self._next = 0

    def __repr__(self) -> str:
        return f"ParquetColumn({str(self.path)!r}, {self._column.name!r})"


def _open_one_more(column: ParquetColumn) -> ParquetFile:
    """Open the file of a column, and close one that was opened long before."""
    _open_columns.append(weakref.ref(column))
    while len(_open_columns) > _MOST_OPEN:
        earlier = _open_columns.popleft()()
        if earlier is not None and earlier is not column:
            earlier._close()
    return open_parquet(column.path)
