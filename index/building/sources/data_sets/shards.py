"""The files that a data set is kept in, read a row at a time: Arrow's streams, and Parquet.

Rows are asked for about in their order, twice each (for their hash, and to be encoded), from
several threads. Of Arrow they are mapped into memory; of Parquet batches are kept for a while.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import CorruptMediaError
from anysense.embed.media.digest import digest_bytes
from anysense.index.building.sources.data_sets.columns import Columns, columns_of
from anysense.index.building.tables.parquet_file import open_parquet, read_batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyarrow import Array, RecordBatch

    from anysense.index.building.tables.parquet_columns import FileColumn

__all__ = ["ARROW", "PARQUET", "Rows", "ShardPool", "ShardState", "open_rows"]

ARROW, PARQUET = ".arrow", ".parquet"
KEPT_BYTES = 64 << 20
"""Of batches of one Parquet file that are kept, as their rows are asked for again."""

_MOST_OPEN = 4
_STATE_BITS = 28
_STREAM_END = b"\xff\xff\xff\xff\0\0\0\0"
_FILE_MARK = b"ARROW1"


@dataclass(frozen=True, slots=True)
class ShardState:
    """A file of a data set as it was when it was looked into."""

    size: int
    mtime_ns: int

    @staticmethod
    def of(path: str) -> ShardState:
        """Its state now.

        Raises:
            OSError: it is not there.
        """
        status = Path(path).stat()
        return ShardState(status.st_size, status.st_mtime_ns)

    def stamp(self, row: int, *, is_bare: bool = False) -> int:
        """The stamp of a row, from 0; `is_bare` if it is an item without the words about it."""
        return row << _STATE_BITS | _digest(self.size, self.mtime_ns, is_bare)

    def has_stamp(self, stamp: int) -> bool:
        """Whether a row of this file, as it is, may have a stamp."""
        row = row_in(stamp)
        return stamp in (self.stamp(row), self.stamp(row, is_bare=True))


def row_in(stamp: int) -> int:
    """The row that has a stamp, from 0."""
    return stamp >> _STATE_BITS


@lru_cache(64)
def _digest(size: int, mtime_ns: int, is_bare: bool) -> int:
    digest = digest_bytes(f"{size} {mtime_ns}{' bare' * is_bare}".encode())
    return int(digest[:15], 16) & ((1 << _STATE_BITS) - 1)


class Rows(ABC):
    """The rows of one file. May be read from many threads.

    Attributes:
        columns: what they have.
        count: how many there are.
        problem: why there are no more, if the file is cut off or damaged after them.
    """

    columns: Columns
    count: int
    problem: str | None = None

    @abstractmethod
    def row(self, number: int) -> tuple[RecordBatch, int]:
        """A batch, and the place in it of a row, by its number from 0.

        Raises:
            ArrowException, OSError, IndexError: it cannot be read.
        """

    @abstractmethod
    def column(self, name: str) -> Iterator[Array]:
        """A plain column, a batch at a time."""

    @abstractmethod
    def sizes(self, column: FileColumn) -> Iterator[int | None]:
        """The bytes of each file in a column, None where there is none; 0 if that is not known."""


class ArrowRows(Rows):
    """A stream of Arrow, as `save_to_disk` writes it, or a file of Arrow's format.

    It is mapped into memory: what is not asked for is not read. A stream that has no mark of its
    end is cut off, even where a batch ends.
    """

    def __init__(self, path: str, features: Mapping[str, Any] | None) -> None:
        import pyarrow
        from pyarrow import ipc

        with Path(path).open("rb") as file:
            head = file.read(len(_FILE_MARK))
            file.seek(max(0, os.fstat(file.fileno()).st_size - len(_STREAM_END)))
            end = file.read()
        self._batches: list[RecordBatch] = []
        mapped = pyarrow.memory_map(path)
        if head == _FILE_MARK:
            reader = ipc.open_file(mapped)
            self._batches = [reader.get_batch(at) for at in range(reader.num_record_batches)]
        else:
            reader = ipc.open_stream(mapped)
            try:
                while True:
                    self._batches.append(reader.read_next_batch())
            except StopIteration:
                if end != _STREAM_END:
                    self.problem = "has no mark of its end: it is cut off"
            except (pyarrow.ArrowException, OSError) as error:
                self.problem = f"is cut off or damaged: {_first_line(error)}"
        self.columns = columns_of(reader.schema, features)
        self._starts = list(accumulate((b.num_rows for b in self._batches), initial=0))
        self.count = self._starts[-1]

    def row(self, number: int) -> tuple[RecordBatch, int]:
        if not 0 <= number < self.count:
            raise IndexError(number)
        at = bisect_right(self._starts, number) - 1
        return self._batches[at], number - self._starts[at]

    def column(self, name: str) -> Iterator[Array]:
        for batch in self._batches:
            yield batch.column(name)

    def sizes(self, column: FileColumn) -> Iterator[int | None]:
        from pyarrow import compute

        for batch in self._batches:
            values = batch.column(column.name)
            paths = None
            if column.is_struct:
                names = [field.name for field in values.type]
                paths = compute.struct_field(values, "path") if "path" in names else None
                values = compute.struct_field(values, "bytes")
            lengths = compute.binary_length(values).to_pylist()
            named = compute.is_valid(paths).to_pylist() if paths is not None else None
            for at, length in enumerate(lengths):
                is_named = named is not None and named[at]
                yield length or (0 if is_named else None)


class ParquetRows(Rows):
    """A Parquet file. Of files in it nothing is known before they are read."""

    def __init__(self, path: str, features: Mapping[str, Any] | None) -> None:
        self._file = open_parquet(Path(path))
        metadata = self._file.metadata
        sizes = (metadata.row_group(at).num_rows for at in range(metadata.num_row_groups))
        self._starts = list(accumulate(sizes, initial=0))
        self.columns = columns_of(self._file.schema_arrow, features)
        self.count = self._starts[-1]
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, RecordBatch] = OrderedDict()  # by their first rows
        self._kept_bytes = 0
        self._batches: Iterator[RecordBatch] = iter(())
        self._next = 0  # the first row of the batch to come

    def row(self, number: int) -> tuple[RecordBatch, int]:
        if not 0 <= number < self.count:
            raise IndexError(number)
        with self._lock:
            found = self._find(number)
            if found is not None:
                return found
            if not self._next <= number < self._near_end or self._next == 0:
                self._start_group(number)
            while self._next <= number:
                self._read_batch()
            found = self._find(number)
            assert found is not None  # it is in the batch that was read last
            return found

    def column(self, name: str) -> Iterator[Array]:
        with self._lock:
            for batch in read_batches(self._file, [name]):
                yield batch.column(0)

    def sizes(self, column: FileColumn) -> Iterator[int | None]:
        yield from (0 for _ in range(self.count))

    def _find(self, number: int) -> tuple[RecordBatch, int] | None:
        for start, batch in reversed(self._kept.items()):
            if start <= number < start + batch.num_rows:
                return batch, number - start
        return None

    @property
    def _near_end(self) -> int:
        """Up to which row reading on costs less than starting anew: the end of the next group."""
        group = bisect_right(self._starts, self._next)
        end: int = self._starts[min(group + 1, len(self._starts) - 1)]
        return end

    def _start_group(self, number: int) -> None:
        """Go to the beginning of the row group of a row."""
        group = bisect_right(self._starts, number) - 1
        groups = range(group, len(self._starts) - 1)
        self._batches = read_batches(self._file, self.columns.selectors, groups)
        self._next = self._starts[group]

    def _read_batch(self) -> None:
        batch = next(self._batches, None)
        if batch is None:
            raise IndexError("the row group has fewer rows than it says")
        former = self._kept.pop(self._next, None)
        self._kept_bytes += batch.nbytes - (former.nbytes if former is not None else 0)
        self._kept[self._next] = batch
        self._next += batch.num_rows
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= oldest.nbytes


def open_rows(path: str, features: Mapping[str, Any] | None = None) -> Rows:
    """The rows of a file, by its suffix.

    Args:
        path: the file.
        features: what its folder says of its columns, where it does not say it itself.

    Raises:
        MediaError: it cannot be read, or pyarrow is not there.
    """
    try:
        import pyarrow
    except ImportError as error:  # a release of it may need a newer numpy than is here
        raise CorruptMediaError(path, f"needs pyarrow, which cannot be imported: {error}") from None
    try:
        kind = ArrowRows if path.lower().endswith(ARROW) else ParquetRows
        return kind(path, features)
    except (pyarrow.ArrowException, OSError, ValueError, KeyError) as error:
        raise CorruptMediaError(path, f"cannot be read: {_first_line(error)}") from None


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else "damaged"


class ShardPool:
    """Keeps a few files open, as long as what was found in them is still to be read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[str, tuple[ShardState, Rows]] = OrderedDict()

    def get(self, path: str, state: ShardState, features: Mapping[str, Any] | None) -> Rows:
        """The rows of a file that is as it was.

        Raises:
            MediaError: it has changed, or cannot be read.
        """
        with self._lock:
            try:
                is_same = ShardState.of(path) == state
            except OSError as error:
                reason = f"cannot be read: {error.strerror or error}"
                raise CorruptMediaError(path, reason) from None
            if not is_same:
                self._open.pop(path, None)
                raise CorruptMediaError(path, "has changed since it was looked into")
            known = self._open.pop(path, None)
            rows = known[1] if known is not None and known[0] == state else None
            rows = rows or open_rows(path, features)
            self._open[path] = (state, rows)
            while len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
            return rows
