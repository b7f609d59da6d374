"""A Parquet file, read in batches that are small in bytes, whatever its rows hold."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from anysense.embed.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetFile

__all__ = ["open_parquet", "read_batches", "readable_parquet"]

BATCH_BYTES = 8 << 20
BATCH_ROWS = 4096
_BUFFER_BYTES = 1 << 20


@contextmanager
def readable_parquet(path: Path) -> Iterator[ParquetFile]:
    """Open a file; what is wrong with it inside of the block is told in a sentence.

    Raises:
        UsageError: it cannot be read, or pyarrow is not there.
    """
    try:
        import pyarrow
    except ImportError as error:  # a release of it may need a newer numpy than is here
        raise UsageError(f"{path} needs pyarrow, which cannot be imported: {error}.") from None
    try:
        with open_parquet(path) as file:
            yield file
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else "damaged"
        raise UsageError(f"{path} is not a Parquet file that can be read: {reason}.") from None


def open_parquet(path: Path) -> ParquetFile:
    """Open a file so that its columns are read page by page, not as a whole.

    Raises:
        ArrowException, OSError: it cannot be read.
    """
    from pyarrow import parquet

    return parquet.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)


def read_batches(
    file: ParquetFile, columns: Sequence[str], groups: Sequence[int] | None = None
) -> Iterator[RecordBatch]:
    """The rows of a file in order, about `BATCH_BYTES` at a time.

    Args:
        file: the file.
        columns: names of columns and of what is in them, such as ``image.bytes``.
        groups: the row groups to read; all if None.

    Raises:
        ArrowException, OSError: it cannot be read.
    """
    rows = min(BATCH_ROWS, max(1, BATCH_BYTES // max(1, _largest_row(file, columns))))
    yield from file.iter_batches(
        batch_size=rows, row_groups=groups, columns=list(columns), use_threads=False
    )


def _largest_row(file: ParquetFile, columns: Sequence[str]) -> int:
    """The bytes of a row of these columns, by the mean of the row group where it is largest."""
    largest = 0
    for at in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(at)
        chunks = (group.column(number) for number in range(group.num_columns))
        size = sum(
            chunk.total_uncompressed_size
            for chunk in chunks
            if any(f"{chunk.path_in_schema}.".startswith(f"{name}.") for name in columns)
        )
        largest = max(largest, size // max(1, group.num_rows))
    return largest
