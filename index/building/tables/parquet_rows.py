"""The rows of a Parquet file, with the files whose bytes stand in them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.embed.media.digest import digest_bytes
from anysense.index.building.tables.cells import FileCell
from anysense.index.building.tables.parquet_cells import ParquetCell, ParquetColumn
from anysense.index.building.tables.parquet_columns import (
    file_columns,
    inner_columns,
    plain_columns,
)
from anysense.index.building.tables.parquet_file import read_batches, readable_parquet
from anysense.index.building.tables.row import Row, check_columns, list_names, plain_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pyarrow import RecordBatch, Scalar
    from pyarrow.parquet import ParquetFile

    from anysense.index.building.tables.parquet_columns import FileColumn

__all__ = ["read_parquet"]

_log = logging.getLogger("anysense")


def read_parquet(path: Path, needed: Sequence[str], *, with_cells: bool) -> Iterator[Row]:
    """The rows of a file, a few at a time.

    Args:
        path: the file.
        needed: names of which a column must have one, if no column holds files.
        with_cells: whether to look for columns of files; of several, the first counts in which a
            row has bytes. Without it, bytes are left out.

    Raises:
        UsageError: the file cannot be read, or its files are in lists.
    """
    with readable_parquet(path) as file:
        columns = file_columns(file) if with_cells else []
        if with_cells:
            _check_inner(path, file, columns)
        check_columns(path, file.schema_arrow.names, () if columns else needed)
        if len(columns) > 1:
            names = list_names([column.name for column in columns])
            _log.warning("%s: of the files in %s, only the first of each row is read.", path, names)
        files = [(column, ParquetColumn(path, column)) for column in columns]
        selectors = plain_columns(file.schema_arrow, [column.name for column in columns])
        selectors += [selector for column in columns for selector in column.selectors]
        number = 0
        for batch in read_batches(file, selectors):
            plain = [name for name in batch.schema.names if name not in {c.name for c in columns}]
            for at, values in enumerate(_batch_rows(batch, plain)):
                cells = {str(k): plain_value(v) for k, v in values.items()}
                cells = {k: v for k, v in cells.items() if v is not None}
                yield _row(number, cells, batch, at, files)
                number += 1


def _row(
    number: int,
    values: dict[str, Any],
    batch: RecordBatch,
    at: int,
    files: Sequence[tuple[FileColumn, ParquetColumn]],
) -> Row:
    """A row with the first file in it; where there is only the path of one, with that as path."""
    for column, source in files:
        data, name = column.read(batch, at)
        if data is not None:
            content_hash = digest_bytes(data)
            content = ParquetCell(
                f"{source.path}:{number + 1}", len(data), source, number, content_hash
            )
            return Row(number + 1, values, None, FileCell(content, len(data), content_hash, name))
        if name is not None and not {"path", "file_name"} & values.keys():
            values = {**values, "path": name}
    return Row(number + 1, values)


def _check_inner(path: Path, file: ParquetFile, columns: Sequence[FileColumn]) -> None:
    """Refuse a file of which the pictures or sounds would be left out; warn of some of them.

    Raises:
        UsageError: all of its files are deeper inside of columns.
    """
    inner = inner_columns(file.schema_arrow)
    if not inner:
        return
    names = list_names(inner)
    if columns or {"path", "file_name"} & set(file.schema_arrow.names):
        _log.warning("%s: the files inside of %s are left out.", path, names)
        return
    raise UsageError(
        f"{path} has files inside of lists or objects, in {names}: give each file a row of its "
        "own, as a column of bytes or as the feature Image or Audio of a data set."
    )


def _batch_rows(batch: RecordBatch, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The values of some columns, row by row."""
    if not names:
        yield from ({} for _ in range(batch.num_rows))
        return
    try:
        yield from batch.select(names).to_pylist()
    except (ValueError, OverflowError):  # a date beyond Python's, or text that is not UTF-8
        for row in range(batch.num_rows):
            yield {name: _cell(batch.column(name)[row]) for name in names}


def _cell(cell: Scalar) -> Any:
    try:
        return cell.as_py()
    except (ValueError, OverflowError):
        return None
