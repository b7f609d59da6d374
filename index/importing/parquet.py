"""Parquet files of vectors, or of what is said of vectors, a few rows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.embed.errors import UsageError
from anysense.index.building.tables.parquet_columns import plain_columns
from anysense.index.building.tables.parquet_file import readable_parquet
from anysense.index.building.tables.row import plain_value
from anysense.index.importing.arrays import column_vectors
from anysense.index.importing.batches import BATCH_ROWS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["ParquetPart", "count_rows", "plain_names", "read_parts", "vector_column"]

VECTOR_COLUMNS = ("vector", "embedding")


class ParquetPart(NamedTuple):
    """Some rows of a file: the number of the first, from 1, their vectors, and what else they say.

    `vectors` is None where they were not asked for.
    """

    start: int
    vectors: NDArray[Any] | None
    values: list[dict[str, Any]]


def count_rows(path: Path) -> int:
    """How many rows a file has.

    Raises:
        UsageError: it cannot be read.
    """
    with readable_parquet(path) as file:
        return int(file.metadata.num_rows)


def plain_names(path: Path) -> list[str]:
    """The columns of a file that hold neither bytes nor vectors.

    Raises:
        UsageError: it cannot be read.
    """
    with readable_parquet(path) as file:
        names = plain_columns(file.schema_arrow, ())
        return [name for name in names if name not in VECTOR_COLUMNS]


def vector_column(path: Path) -> str:
    """The column of a file that holds its vectors.

    Raises:
        UsageError: it has none of that name, or cannot be read.
    """
    with readable_parquet(path) as file:
        names = file.schema_arrow.names
    for name in VECTOR_COLUMNS:
        if name in names:
            return name
    raise UsageError(f"{path} has no column named vector: rename the one that is meant.")


def read_parts(
    path: Path,
    columns: Sequence[str],
    vectors: str | None = None,
    dimension: int | None = None,
    name: str | None = None,
) -> Iterator[ParquetPart]:
    """The rows of a file in order, `BATCH_ROWS` at a time.

    Args:
        path: the file.
        columns: what to read of it beside the vectors; empty values are left out.
        vectors: the column of the vectors, if they are wanted.
        dimension: the length that these must have; that of the first if None.
        name: what messages call the file.

    Raises:
        UsageError: it cannot be read, or a vector is missing or has another length.
    """
    wanted = [*columns, *([vectors] if vectors is not None else [])]
    start = 1
    with readable_parquet(path) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=wanted, use_threads=False):
            rows = None
            if vectors is not None:
                column = batch.column(vectors)
                rows = column_vectors(column, dimension, name or str(path), start)
            yield ParquetPart(start, rows, _values(batch, columns))
            start += batch.num_rows


def _values(batch: Any, columns: Collection[str]) -> list[dict[str, Any]]:
    """What rows say in some columns."""
    if not columns:
        return [{} for _ in range(batch.num_rows)]
    names = [name for name in batch.schema.names if name in columns]
    return [
        {k: plain for k, v in row.items() if (plain := plain_value(v)) is not None}
        for row in batch.select(names).to_pylist()
    ]
