"""The records of a CSV file, read strictly: what does not fit is told, with the line.

A quote that is left open takes what follows into its cell, up to the next quote: rows, of which
nobody would hear again. Where that shows, the file as a whole is refused, as nothing after the
quote can be trusted:

* the file ends inside of a cell in quotes, or more text follows the quote that closes one;
* a record of several lines has another number of cells than the header;
* a record that is too short, or the one after it, has a quote without a partner: they may be the
  parts of a longer one;
* each of the lines of a record would be a row by itself: see `looks_like_rows`.
"""

from __future__ import annotations

import csv
import itertools
import re
from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.errors import UsageError
from anysense.embed.limits import DEFAULT_LIMITS
from anysense.embed.media.identify import named_modality
from anysense.index.building.tables.text_file import open_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from anysense.index.building.tables.csv_layout import CsvLayout

__all__ = ["Record", "looks_like_rows", "read_records"]


class Record(NamedTuple):
    """The cells of a record, the line where it begins, and its lines with their ends."""

    line: int
    cells: list[str]
    lines: list[str]

    @property
    def end(self) -> str:
        """How its last line ends: CR, LF, both, or not at all, where the file does."""
        return self.lines[-1][len(self.lines[-1].rstrip("\r\n")) :]

    @property
    def last_line(self) -> int:
        return self.line + len(self.lines) - 1

    @property
    def name(self) -> str:
        """What messages call it."""
        if len(self.lines) == 1:
            return f"line {self.line:,}"
        return f"lines {self.line:,} to {self.last_line:,}"


def read_records(path: Path, layout: CsvLayout) -> Iterator[Record]:
    """The records of a file, the header first; empty lines are left out.

    Raises:
        UsageError: the file cannot be read, or it does not fit: see the module.
    """
    # A limit of the whole process, by itself 128 KiB: a cell may be a document.
    csv.field_size_limit(max(csv.field_size_limit(), DEFAULT_LIMITS.text_characters))
    header: Record | None = None
    former: Record | None = None
    half_ended = None  # a record that ends with a CR, where the header does not
    with open_table(path, newline="") as file:
        for record in _every_record(_Lines(path, file, layout), layout):
            if not record.cells:
                half_ended = None  # an end that was written twice: CR, CR, LF
                continue
            if half_ended is not None:
                raise UsageError(
                    f"{path} has a carriage return in the middle of {half_ended.name}: remove it, "
                    "or put the cell that it belongs to in quotes."
                )
            header = header or record
            if layout.is_quoted:
                _check_quotes(path, record, former, header)
            if len(record.lines) > 1:
                _check_lines(path, record, header, layout)
            former = record
            if record.end == "\r" != header.end:
                half_ended = record
            yield record


class _Lines:
    """The lines of a file with their ends, and which of them the record at hand is made of.

    Raises:
        UsageError: while iterating: a line holds NUL characters.
    """

    def __init__(self, path: Path, file: Iterator[str], layout: CsvLayout) -> None:
        self.path = path
        self.number = layout.first_line - 1
        delimiter = re.escape(layout.delimiter)
        self._file = itertools.islice(file, self.number, None)
        self._spaces = re.compile(rf'(?<=[^" {delimiter}])" +(?=[{delimiter}\r\n]|$)')
        self._of_record: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self.number += 1
        if "\0" in line:
            raise UsageError(
                f"{self.path} has NUL characters in line {self.number:,}: it is damaged, or in an "
                "encoding other than UTF-8; save it as UTF-8."
            )
        self._of_record.append(line)
        if '" ' in line:  # spaces after a quote that closes a cell, which csv takes for text
            return self._spaces.sub('"', line)
        return line

    def end_record(self) -> list[str]:
        """The lines of the record that ends here; the next one begins."""
        lines, self._of_record = self._of_record, []
        return lines


def _every_record(lines: _Lines, layout: CsvLayout) -> Iterator[Record]:
    reader = csv.reader(
        lines,
        delimiter=layout.delimiter,
        quoting=csv.QUOTE_MINIMAL if layout.is_quoted else csv.QUOTE_NONE,
        skipinitialspace=True,  # as in `a.jpg, "a cat, asleep"`
        strict=True,
    )
    while True:
        start = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            record = Record(start, [], lines.end_record())
            raise UsageError(f"{lines.path} {_why_not_csv(record, layout, error)}") from None
        yield Record(start, cells, lines.end_record())


def _why_not_csv(record: Record, layout: CsvLayout, error: csv.Error) -> str:
    """What is wrong with a record that csv gave up; most often a quote that is left open."""
    opened, closed = _last_quotes(record, layout.delimiter)
    advice = 'inside of a cell in quotes, write each quote twice ("")'
    if opened and not closed:
        return (
            f"has a quote in line {opened:,} that opens a cell and is never closed: close it; "
            f"{advice}."
        )
    if opened:
        cell = f"the cell in quotes of line {opened:,}" + (
            f", which a quote in line {closed:,} closes" if closed != opened else ""
        )
        return f"has text after {cell}: a quote is missing there, or too much; {advice}."
    return f"is not CSV: {record.name}: {error}."


def _last_quotes(record: Record, delimiter: str) -> tuple[int, int]:
    """The line where the last cell in quotes opens, and where it is closed; 0 for neither.

    Reading stops where text follows a quote that closes a cell.
    """
    opened = closed = 0
    is_start, is_inside, is_after = True, False, False  # of a cell; inside quotes; after them
    for number, line in enumerate(record.lines, record.line):
        for char in line:
            if is_inside:
                is_inside, is_after = char != '"', char == '"'
                closed = number if is_after else closed
            elif char == '"' and (is_start or is_after):
                if is_start:
                    opened = number
                is_start, is_inside, is_after, closed = False, True, False, 0
            elif char == delimiter:
                is_start, is_after = True, False
            elif is_after and char not in "\r\n":
                return opened, closed
            elif not (is_start and char == " "):
                is_start = False
    return opened, closed


def _check_quotes(path: Path, record: Record, former: Record | None, header: Record) -> None:
    """Refuse a quote without a partner where a cell may have been parted for want of that.

    Raises:
        UsageError: there is one, and the record or the one before it is too short.
    """
    short = next((r for r in (former, record) if r and len(r.cells) < len(header.cells)), None)
    if short is not None and "".join(record.lines).count('"') % 2:
        raise UsageError(
            f"{path} has {len(short.cells):,} of {len(header.cells):,} cells in {short.name}, and "
            f"a quote without a partner in {record.name}: one is missing before it, or it is too "
            "much."
        )


def _check_lines(path: Path, record: Record, header: Record, layout: CsvLayout) -> None:
    """Refuse a record of several lines that is none by the number of its cells, or is several.

    Raises:
        UsageError: a quote is left open, or there is one too much.
    """
    if len(record.cells) != len(header.cells):
        raise UsageError(
            f"{path} has {len(record.cells):,} cells in {record.name}, which a cell in quotes "
            f"joins, and {len(header.cells):,} columns: a quote is missing there, or there is "
            "one too much."
        )
    if looks_like_rows(record, header, layout.delimiter):
        raise UsageError(
            f"{path} has in {record.name} a cell in quotes that holds what look like rows: a quote "
            "is missing there, or there is one too much. If the cell is right, write the table as "
            "JSONL."
        )


def looks_like_rows(record: Record, header: Record, delimiter: str) -> bool:
    """Whether the lines of a record are rows by themselves, which a quote left open has joined.

    They are if each has as many cells as the header, and what stands in the column of paths are
    names of media files. Where there are no paths, there must be two columns, no cell may begin
    with a space, as what follows a comma in prose does, and ids must be of one kind. The first
    line of a header is one in any case.
    """
    rows = [line.rstrip("\r\n").split(delimiter) for line in record.lines]
    if any(len(row) != len(header.cells) for row in rows):
        return False
    if record is header:
        del rows[0]
    names = [name.strip() for name in header.cells]
    for name in ("path", "file_name"):
        if name in names:
            paths = [row[names.index(name)].strip(' "') for row in rows]
            return all(named_modality(path) is not None for path in paths)
    if len(names) == 1 or any(cell.startswith(" ") for row in rows for cell in row):
        return False
    if "id" in names:
        return _are_alike([row[names.index("id")].strip('"') for row in rows])
    return True


def _are_alike(ids: Sequence[str]) -> bool:
    """Whether ids may be those of one table: all of them numbers, or none, and without spaces."""
    return len({item_id.isdecimal() for item_id in ids}) == 1 and all(
        item_id and not any(map(str.isspace, item_id)) for item_id in ids
    )
