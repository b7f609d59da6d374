"""Rows of a JSONL, CSV or Parquet file, as plain values that JSON can hold.

Used for tables, which list items, and for metadata files, which describe them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.index.building.tables.csv_rows import read_csv
from anysense.index.building.tables.json_rows import read_jsonl
from anysense.index.building.tables.parquet_rows import read_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from anysense.index.building.tables.row import Row

__all__ = ["read_rows"]


def read_rows(path: Path, needed: Sequence[str] = (), *, with_cells: bool = False) -> Iterator[Row]:
    """The rows of a file of one of `ROW_SUFFIXES`; empty values are left out.

    A damaged line of JSON, and a row of CSV that is too long, come back as rows with a problem.

    Args:
        path: the file.
        needed: names of which a column must have one, where the file says what columns it has.
        with_cells: whether to look for files whose bytes stand in the rows, which are read for it.

    Raises:
        UsageError: the file as a whole cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return read_parquet(path, needed, with_cells=with_cells)
    return read_csv(path, needed) if suffix in (".csv", ".tsv") else read_jsonl(path)
