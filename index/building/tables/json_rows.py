"""The rows of a JSONL file: one object on each line."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from anysense.embed.json_faults import json_fault
from anysense.embed.limits import exceeds_depth
from anysense.index.building.tables.row import Row, plain_value
from anysense.index.building.tables.text_file import open_table
from anysense.index.catalog.stored import MAX_NESTING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["read_jsonl"]

_HALF_PAIR = re.compile("[\ud800-\udfff]")
_ESCAPED_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


def read_jsonl(path: Path) -> Iterator[Row]:
    """The rows of a file; a damaged line is a row with a problem.

    What JSON has no word for, and Python writes all the same, is left out: NaN and Infinity. Half
    of a surrogate pair, which is no character, becomes U+FFFD.

    Raises:
        UsageError: the file cannot be read.
    """
    with open_table(path) as lines:
        for number, line in enumerate(lines, 1):
            line = line.lstrip("\ufeff")  # of a file that was appended to this one
            if line.strip():
                yield _parse_line(number, line)


def _parse_line(number: int, line: str) -> Row:
    try:
        values = json.loads(line, object_pairs_hook=_object)
        if exceeds_depth(values, MAX_NESTING):
            return Row(number, {}, f"it has over {MAX_NESTING} lists and objects inside each other")
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"not a line of JSON: {json_fault(error)}")
    if not isinstance(values, dict):
        return Row(number, {}, "not a JSON object in braces")
    values = plain_value(values)
    if _ESCAPED_HALF_PAIR.search(line):
        values = _with_whole_characters(values)
    return Row(number, {k: v for k, v in values.items() if v is not None})


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of two values under one key nobody could tell which is meant."""
    values = dict(pairs)
    if len(values) < len(pairs):
        for key, value in pairs:
            if value != values[key]:
                raise ValueError(f"the key {key[:40]!r} stands twice in one object")
    return values


def _with_whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF_PAIR.sub("\ufffd", value)
    if isinstance(value, list):
        return [_with_whole_characters(v) for v in value]
    if isinstance(value, dict):
        return {_HALF_PAIR.sub("\ufffd", k): _with_whole_characters(v) for k, v in value.items()}
    return value
