"""Reading keys of segments by the million: as text of a range of rows at a time.

A row for each key would be a Python tuple and an int for each, and SQLite lets other threads go
first at each row. The text of a range is one row, which numpy reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from anysense.index.types import Ids

__all__ = ["segment_parts"]

RANGE = 4_096
"""Keys in a range; what is found in it is in memory as text."""


def segment_parts(
    connection: sqlite3.Connection,
    source: str,
    parameters: Sequence[str | int | float],
    until: int,
    step: int = RANGE,
) -> Iterator[Ids]:
    """The keys of segments that a query finds, in no order, a part at a time.

    Args:
        connection: in a transaction.
        source: what follows ``SELECT s.segment_pk``; its last two parameters are the bounds of a
            range of keys, the second not in it.
        parameters: the others.
        until: all keys are less.
        step: how many keys a range has.
    """
    query = f"SELECT group_concat(s.segment_pk) {source}"
    for start in range(0, until, step):
        (text,) = connection.execute(query, (*parameters, start, start + step)).fetchone()
        if text is not None:  # a number alone may come as one
            yield np.fromstring(str(text), dtype=np.int64, sep=",")
