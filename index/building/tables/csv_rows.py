"""The rows of a CSV or TSV file, with values of the types that its columns hold."""

from __future__ import annotations

import logging
import re
import string
from collections import Counter
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.index.building.tables.csv_layout import csv_layout
from anysense.index.building.tables.csv_records import read_records
from anysense.index.building.tables.row import NAMED_COLUMNS, Row, check_columns, plain_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from anysense.index.building.tables.csv_layout import CsvLayout
    from anysense.index.building.tables.csv_records import Record

__all__ = ["read_csv"]

_log = logging.getLogger("anysense")

_AROUND_NAMES = string.whitespace + "\ufeff"  # a byte order mark may have been written twice
_QUOTED = re.compile(r'"(?=.*"".*")(?:[^"]|"")+"', re.DOTALL)
_SHOWN = 40
LARGEST_INTEGER = 2**63 - 1
INTEGER = re.compile(r"-?(0|[1-9]\d{0,18})")
_WHOLE = "whole decimal"
WHOLE_DECIMAL = re.compile(r"(?:0|[1-9]\d{0,15})\.0")
DECIMAL = re.compile(r"-?(0|[1-9]\d*)?(\.\d+)?([eE][+-]?\d{1,3})?")


def read_csv(path: Path, needed: Sequence[str]) -> Iterator[Row]:
    """The rows of a file with a header. A column becomes numbers only if all of its values are.

    The file is read to its end before the first row is given, so a file that is refused gives none.
    In a row that is shorter than the header the other cells are empty, as programs write it.

    Args:
        path: the file.
        needed: names of which a column must have one.

    Raises:
        UsageError: the file as a whole cannot be used: see `csv_records`.
    """
    layout, survey = _survey(path)
    check_columns(path, survey.names, needed)
    if survey.short_rows:
        _log.warning(
            "%s: %s, the first in line %d: the cells that are missing are taken as empty.",
            path,
            "1 row has fewer cells than the header"
            if survey.short_rows == 1
            else f"{survey.short_rows:,} rows have fewer cells than the header",
            survey.first_short,
        )
    for name in survey.names:
        _warn_of_stray_text(path, name, survey)
    converters = {
        name: _converter(kinds) for name, kinds in survey.kinds.items() if name not in NAMED_COLUMNS
    }
    ids = set(survey.kinds.get("id", ()))
    decimals = ids == {_WHOLE}  # as pandas writes all, where one is missing
    converters["id"] = lambda value: value.strip().removesuffix(".0" if decimals else "")
    for row in _rows(path, layout, survey.names):
        yield row._replace(values={k: converters.get(k, str)(v) for k, v in row.values.items()})


class _Survey:
    """What a file holds as a whole.

    Attributes:
        names: of its columns.
        kinds: of the values of each, with how many there are.
        first_texts: of each, the line of the first value that is neither a number nor a boolean,
            and the value.
        short_rows: how many rows have fewer cells; `first_short` is the line of the first.
    """

    def __init__(self, path: Path, layout: CsvLayout) -> None:
        self.names: list[str] = []
        self.kinds: dict[str, Counter[str]] = {}
        self.first_texts: dict[str, tuple[int, str]] = {}
        self.short_rows = self.first_short = 0
        for record in read_records(path, layout):
            if not self.names:
                self.names = [name.strip(_AROUND_NAMES) for name in record.cells]
                continue
            if len(record.cells) < len(self.names) and record.end:
                self.short_rows += 1
                self.first_short = self.first_short or record.line
            for name, value in zip(self.names, record.cells, strict=False):
                if value:
                    is_whole = name == "id" and WHOLE_DECIMAL.fullmatch(value.strip())
                    kind = _WHOLE if is_whole else _kind(value)
                    self.kinds.setdefault(name, Counter())[kind] += 1
                    if kind == "text":
                        self.first_texts.setdefault(name, (record.line, value))


def _warn_of_stray_text(path: Path, name: str, survey: _Survey) -> None:
    """Say why a column is text that is mostly numbers: filters find no number in it."""
    kinds = survey.kinds.get(name, Counter())
    texts, numbers = kinds["text"], kinds["integer"] + kinds["decimal"]
    if name in NAMED_COLUMNS or not 0 < texts <= numbers:  # where most are, it looks like a slip
        return
    line, value = survey.first_texts[name]
    _log.warning(
        "%s: the column %s is text and no numbers, because of %s in line %d%s.",
        path,
        name,
        repr(value[:_SHOWN]),
        line,
        f" and of {texts - 1:,} more" if texts > 1 else "",
    )


def _survey(path: Path) -> tuple[CsvLayout, _Survey]:
    """How a file is written, and what it holds.

    In a file of tabs a quote may well be text, as in ``5" disk``: where it cannot be anything else,
    and all rows are whole then, it is. Where quotes are written twice, others are no text.
    """
    layout = csv_layout(path)
    try:
        return layout, _Survey(path, layout)
    except UsageError:
        if layout.delimiter != "\t":
            raise
        literal = layout._replace(is_quoted=False)
        survey = _Survey(path, literal)
        rows = _rows(path, literal, survey.names)
        if survey.short_rows or any(row.problem or _has_quoted_cell(row) for row in rows):
            raise
        return literal, survey


def _rows(path: Path, layout: CsvLayout, names: Sequence[str]) -> Iterator[Row]:
    records = read_records(path, layout)
    next(records, None)
    for record in records:
        cells = {k: v for k, v in zip(names, record.cells, strict=False) if k and v}
        problem = _problem(record, names)
        if cells or problem:
            yield Row(record.line, cells, problem)


def _has_quoted_cell(row: Row) -> bool:
    return any(map(_QUOTED.fullmatch, row.values.values()))


def _problem(record: Record, names: Sequence[str]) -> str | None:
    count, most = len(record.cells), len(names)
    if any(record.cells[most:]):
        return f"it has {count:,} cells, and the header {most:,}: are quotes missing around one?"
    if count < most and not record.end:
        return f"the file ends with it after {count:,} of {most:,} cells: it may be cut short"
    return None


def _kind(value: str) -> str:
    if INTEGER.fullmatch(value) and abs(int(value)) <= LARGEST_INTEGER:
        return "integer"
    if any(c.isdigit() for c in value) and DECIMAL.fullmatch(value):
        return "decimal"
    return "boolean" if value.lower() in ("true", "false") else "text"


def _converter(counts: Counter[str]) -> Callable[[str], Any]:
    kinds = set(counts)
    if kinds == {"integer"}:
        return int
    if kinds <= {"integer", "decimal"}:
        return lambda value: plain_value(float(value))
    if kinds == {"boolean"}:
        return lambda value: value.lower() == "true"
    return str
