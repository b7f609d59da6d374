"""Parquet files whose rows hold files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow
from pyarrow import parquet

if TYPE_CHECKING:
    from pathlib import Path

FILE = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
"""As the features Image and Audio of Hugging Face's data sets are stored."""


def embedded(*files: tuple[bytes | None, str | None] | None) -> pyarrow.Array:
    """A column of files by their bytes and paths."""
    rows = [None if file is None else {"bytes": file[0], "path": file[1]} for file in files]
    return pyarrow.array(rows, type=FILE)


def write_parquet(file: Path, /, row_group_size: int | None = None, **columns: Any) -> Path:
    """A file of some columns."""
    parquet.write_table(pyarrow.table(columns), file, row_group_size=row_group_size)
    return file
