"""The sheets of an Excel workbook as HTML: each under its name, as a table."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import BinaryIO

__all__ = ["write_workbook"]

_LARGEST_EXACT = 2.0**53


def write_workbook(file: BinaryIO, out: TextIO) -> None:
    """Write the rows of each sheet, with the values that were computed last."""
    import openpyxl

    workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    for sheet in workbook.worksheets:
        # What a sheet says of its size may be less than it has, or countless blank columns more.
        sheet.reset_dimensions()
        out.write(f"<h1>{html.escape(sheet.title)}</h1>\n<table>\n")
        _write_rows(sheet.iter_rows(values_only=True), out)
        out.write("</table>\n")


def _write_rows(rows: Iterable[Sequence[Any]], out: TextIO) -> None:
    for row in rows:
        cells = [_words(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            out.write(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n")


def _words(value: Any) -> str:
    """A value as one reads it: a whole number without its point, a day without midnight."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_EXACT:
        value = int(value)
    return html.escape(str(value).removesuffix(" 00:00:00"))
