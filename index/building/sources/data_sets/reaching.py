"""Reaching a row of a data set again by its path, and all rows of a file that are wanted again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from anysense.embed.errors import CorruptMediaError
from anysense.index.building.sources.data_sets.rows import RowFile, Shard, row_path
from anysense.index.building.sources.data_sets.shards import (
    ARROW,
    PARQUET,
    ShardPool,
    ShardState,
    open_rows,
)
from anysense.index.building.sources.table import row_file as table_row_file

if TYPE_CHECKING:
    from anysense.embed.types import EmbeddedFile
    from anysense.index.building.sources.paths import CatalogPath

__all__ = ["is_shard", "row_file"]

_ROW = re.compile(r"(\d{1,12})(?:/(.+))?", re.DOTALL)
_CHANGED = "is in a data set that has changed since it was added"


def is_shard(path: str, stamp: int) -> bool:
    """Whether a file is one of a data set, as it was when a row of it got a stamp."""
    if not path.lower().endswith((ARROW, PARQUET)):
        return False
    try:
        return ShardState.of(path).has_stamp(stamp)
    except (OSError, ValueError):
        return False


def row_file(path: CatalogPath, stamp: int | None = None) -> EmbeddedFile:
    """What is in a row of a data set or of a table, by the path that the catalog has of it.

    Raises:
        MediaError: it is not there any more, or is another one than the stamp says.
    """
    holder, match = path.holder, _ROW.fullmatch(path.name)
    is_arrow = holder.lower().endswith(ARROW)
    if match is None or not (is_arrow or holder.lower().endswith(PARQUET)):
        return table_row_file(path, stamp)
    if stamp is None or is_shard(holder, stamp):
        found = _row_of(path, int(match[1]), match[2])
        if found is not None:
            return found
    if is_arrow:
        raise CorruptMediaError(row_path(holder, int(match[1]), match[2]), _CHANGED)
    return table_row_file(path, stamp)


def _row_of(path: CatalogPath, row: int, column: str | None) -> RowFile | None:
    """The row of a data set that a path stands for; None if there is none."""
    name = row_path(path.holder, row, column)
    try:
        state = ShardState.of(path.holder)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CorruptMediaError(name, f"is in a data set that cannot be read: {reason}") from None
    rows = open_rows(path.holder)
    names = [each.name for each in rows.columns.media]
    if row >= rows.count or not rows.columns.holds_items or (column and column not in names):
        return None
    shard = Shard(
        path=path.holder,
        state=state,
        changed_ns=0,
        columns=rows.columns,
        features=None,
        split=None,
        ids=None,
        with_captions=True,
        pool=ShardPool(),
    )
    return RowFile(name, 0, shard, row, names.index(column) if column else 0)
