"""A row of a table, and what all kinds of tables have in common."""

from __future__ import annotations

import datetime
import decimal
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.embed.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.building.tables.cells import FileCell

__all__ = [
    "ID_COLUMNS",
    "ITEM_COLUMNS",
    "NAMED_COLUMNS",
    "ROW_SUFFIXES",
    "Row",
    "check_columns",
    "list_names",
    "plain_value",
]

ROW_SUFFIXES = frozenset({".jsonl", ".ndjson", ".csv", ".tsv", ".parquet"})
ITEM_COLUMNS = ("path", "file_name", "text")
"""Of which a row has one that is an item."""

ID_COLUMNS = ("path", "file_name", "id")
"""Of which a row has one that describes an item."""

NAMED_COLUMNS = frozenset({*ITEM_COLUMNS, *ID_COLUMNS, "modality"})
"""The columns that mean something by their names; their values are never numbers in CSV."""

_MOST_NAMES = 8


class Row(NamedTuple):
    """One row of a table.

    Attributes:
        line: where it begins in the file: of a text its line, of Parquet its number, from 1.
        values: what it has, by column.
        problem: why it cannot be read, if so.
        cell: the bytes of a file that stand in it, where these were asked for.
    """

    line: int
    values: dict[str, Any]
    problem: str | None = None
    cell: FileCell | None = None


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


def check_columns(path: Path, names: Sequence[str], needed: Sequence[str]) -> None:
    """Refuse a table in which no row can be used, or a column cannot be told from another.

    Args:
        path: the table.
        names: its columns; those without a name do not count.
        needed: names of which there must be one; whatever is there will do if there are none.

    Raises:
        UsageError: two columns have one name, or none has a name that is needed.
    """
    names = [name for name in names if name]
    [(name, count)] = Counter(names).most_common(1) or [("", 0)]
    if count > 1:
        raise UsageError(f"{path} has {count} columns named {name!r}: give each its own name.")
    if needed and not names:
        raise UsageError(f"{path} is empty: its first row must name its columns.")
    if needed and not set(needed) & set(names):
        raise UsageError(
            f"{path} has the columns {list_names(names)}, and none of them is named "
            f"{', '.join(needed[:-1])} or {needed[-1]}: rename the one that is meant."
        )


def list_names(names: Sequence[str]) -> str:
    """The names of columns as a message lists them, the first few."""
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(name[:40] for name in names[:_MOST_NAMES]) + more
