"""How a CSV file is written: what parts its cells, and whether quotes around a cell are no text."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, NamedTuple

from anysense.index.building.tables.row import NAMED_COLUMNS
from anysense.index.building.tables.text_file import open_table

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CsvLayout", "csv_layout"]

_DELIMITERS = (",", ";", "\t", "|")
_EXCEL_HINT = re.compile(r'"?sep=(.)"?[;,\t]*\s*', re.IGNORECASE)
_HEADER_CHARACTERS = 1 << 20


class CsvLayout(NamedTuple):
    """How a file is written.

    Attributes:
        delimiter: what parts its cells.
        first_line: the line of its header, from 1.
        is_quoted: whether quotes around a cell are not part of its text.
    """

    delimiter: str
    first_line: int = 1
    is_quoted: bool = True


def csv_layout(path: Path) -> CsvLayout:
    """Tell how a file is written by its first line, or by the line ``sep=;`` that Excel reads.

    The delimiter is the one by which most columns have a name that means something; else the one
    that is there most often. Where that is one as good as another, the suffix decides.

    Raises:
        UsageError: it cannot be read.
    """
    with open_table(path, newline="") as lines:
        first = "\n"
        while first and first.isspace():
            first = lines.readline(_HEADER_CHARACTERS)
        hint = _EXCEL_HINT.fullmatch(first)
        if hint is not None:
            return CsvLayout(hint[1], first_line=2)
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    delimiters = (usual, *(d for d in _DELIMITERS if d != usual))
    return CsvLayout(max(delimiters, key=lambda delimiter: _fit(first, delimiter)))


def _fit(header: str, delimiter: str) -> tuple[int, int]:
    """How well a delimiter fits: the columns with a name that means something, and all columns."""
    cells = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])
    return sum(cell.strip() in NAMED_COLUMNS for cell in cells), len(cells)
