"""Rows of a JSONL, CSV or Parquet file, as plain values that JSON can hold.

Used for tables, which list items, and for metadata files, which describe them.
"""

from __future__ import annotations

import csv
import datetime
import decimal
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from anysense.embed.errors import UsageError
from anysense.embed.limits import DEFAULT_LIMITS, exceeds_depth
from anysense.index.catalog.stored import MAX_NESTING

if TYPE_CHECKING:
    from pathlib import Path

    from pyarrow import RecordBatch, Scalar

__all__ = ["ROW_SUFFIXES", "Row", "plain_value", "read_rows"]

ROW_SUFFIXES = frozenset({".jsonl", ".ndjson", ".csv", ".tsv", ".parquet"})
TEXT_COLUMNS = frozenset({"id", "path", "file_name", "text", "modality"})  # never numbers
LARGEST_INTEGER = 2**63 - 1
INTEGER = re.compile(r"-?(0|[1-9]\d{0,18})")
DECIMAL = re.compile(r"-?(0|[1-9]\d*)?(\.\d+)?([eE][+-]?\d{1,3})?")


class Row(NamedTuple):
    """One row: where it is in the file (from 1), its values, and why it cannot be read, if so."""

    line: int
    values: dict[str, Any]
    problem: str | None = None


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file of one of `ROW_SUFFIXES`; empty values are left out.

    A damaged line of JSON comes back as a row with a problem.

    Raises:
        UsageError: the file as a whole cannot be read.
    """
    read = {".csv": _read_csv, ".tsv": _read_csv, ".parquet": _read_parquet}
    try:
        yield from read.get(path.suffix.lower(), _read_jsonl)(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text: save it as UTF-8.") from None


def plain_value(value: Any) -> Any:
    """A value as JSON can hold it: dates as ISO 8601, decimals as floats, NaN and bytes as None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, decimal.Decimal):
        return plain_value(float(value))
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(k): plain_value(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain_value(v) for v in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    return None if isinstance(value, (bytes, bytearray)) else str(value)


def _read_jsonl(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _parse_line(number, line)


def _parse_line(number: int, line: str) -> Row:
    try:
        values = json.loads(line, parse_constant=_refuse_constant, parse_float=_finite_float)
        if exceeds_depth(values, MAX_NESTING):
            return Row(number, {}, f"it has over {MAX_NESTING} lists and objects inside each other")
        line.encode()
        json.dumps(values, ensure_ascii=False).encode()  # refuses half a surrogate pair
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"not a line of JSON: {error}")
    if not isinstance(values, dict):
        return Row(number, {}, "not a JSON object in braces")
    return Row(number, {k: v for k, v in values.items() if v is not None})


def _finite_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:30]} is too large a number")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _read_csv(path: Path) -> Iterator[Row]:
    """CSV with a header line. A column becomes numbers only if all of its values are numbers."""
    converters: dict[str, Callable[[str], Any]] = {}
    columns: dict[str, set[str]] = {}
    for row in _csv_rows(path):
        for name, value in row.values.items():
            columns.setdefault(name, set()).add(_kind(value))
    for name, kinds in columns.items():
        if name not in TEXT_COLUMNS:
            converters[name] = _converter(kinds)
    for row in _csv_rows(path):
        yield row._replace(values={k: converters.get(k, str)(v) for k, v in row.values.items()})


def _csv_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        header = lines.readline()
        lines.seek(0)
        delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(header)
        reader = csv.DictReader(lines, delimiter=delimiter)
        # A limit of the whole process, by itself 128 KiB: a cell may be a document.
        csv.field_size_limit(max(csv.field_size_limit(), DEFAULT_LIMITS.text_characters))
        try:
            _check_columns(path, [name.strip() for name in reader.fieldnames or ()])
            for values in reader:
                spare = values.pop(None, None)
                cells = {k.strip(): v for k, v in values.items() if k and v}
                problem = "more values than the header has columns" if spare else None
                if cells or problem:
                    yield Row(reader.line_num, cells, problem)
        except csv.Error as error:
            raise UsageError(f"{path} is not CSV: line {reader.line_num}: {error}.") from None


def _delimiter(header: str) -> str:
    return ";" if ";" in header and "," not in header else ","


def _kind(value: str) -> str:
    if INTEGER.fullmatch(value) and abs(int(value)) <= LARGEST_INTEGER:
        return "integer"
    if any(c.isdigit() for c in value) and DECIMAL.fullmatch(value):
        return "decimal"
    return "boolean" if value.lower() in ("true", "false") else "text"


def _converter(kinds: set[str]) -> Callable[[str], Any]:
    if kinds == {"integer"}:
        return int
    if kinds <= {"integer", "decimal"}:
        return lambda value: plain_value(float(value))
    if kinds == {"boolean"}:
        return lambda value: value.lower() == "true"
    return str


def _read_parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:  # a release of it may need a newer numpy than is here
        raise UsageError(f"{path} needs pyarrow, which cannot be imported: {error}.") from None

    try:
        file = parquet.ParquetFile(path)
        types = pyarrow.types
        names = [
            field.name
            for field in file.schema_arrow
            if not (types.is_binary(field.type) or types.is_large_binary(field.type))
        ]
        _check_columns(path, names)
        number = 0
        for batch in file.iter_batches(batch_size=4096, columns=names):
            for values in _batch_rows(batch):
                number += 1
                cells = {str(k): plain_value(v) for k, v in values.items()}
                yield Row(number, {k: v for k, v in cells.items() if v is not None})
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else "damaged"
        raise UsageError(f"{path} is not a Parquet file that can be read: {reason}.") from None


def _batch_rows(batch: RecordBatch) -> Iterator[dict[str, Any]]:
    try:
        yield from batch.to_pylist()
    except (ValueError, OverflowError):  # a date beyond Python's, or text that is not UTF-8
        for row in range(batch.num_rows):
            names = batch.schema.names
            yield {name: _cell(batch.column(at)[row]) for at, name in enumerate(names)}


def _cell(cell: Scalar) -> Any:
    try:
        return cell.as_py()
    except (ValueError, OverflowError):
        return None


def _check_columns(path: Path, names: Iterable[str]) -> None:
    """Of two columns of one name only one would be read, and nobody could tell which."""
    [(name, count)] = Counter(name for name in names if name).most_common(1) or [("", 0)]
    if count > 1:
        raise UsageError(f"{path} has {count} columns named {name!r}: give each its own name.")
