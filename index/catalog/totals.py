"""How many rows of each kind a catalog has, by the names under which `totals` counts them.

These are ``items|image``, ``segments|1|image`` (the space's number, then the modality), ``files``,
``quarantine`` and ``tombstones``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anysense.embed.types import Kind, Modality

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Totals", "items_name", "read_totals", "segments_name"]


@dataclass(frozen=True)
class Totals:
    """The number of rows of each kind that has any.

    Attributes:
        items: of each kind of item.
        segments: of each space, by its number, and modality.
        files: files that items came from.
        quarantined: files that could not be read.
    """

    items: dict[Kind, int] = field(default_factory=dict)
    segments: dict[tuple[int, Modality], int] = field(default_factory=dict)
    files: int = 0
    quarantined: int = 0


def items_name(kind: Kind | str) -> str:
    return f"items|{kind}"


def segments_name(space_pk: int, modality: Modality | str) -> str:
    return f"segments|{space_pk}|{modality}"


def read_totals(connection: sqlite3.Connection) -> Totals:
    """Read the totals.

    Raises:
        ValueError: one has a name that none is given.
    """
    rows = dict(connection.execute("SELECT kind, rows FROM totals WHERE rows > 0"))
    totals = Totals(files=rows.pop("files", 0), quarantined=rows.pop("quarantine", 0))
    for name, count in sorted(rows.items()):
        table, *rest = name.split("|")
        if table == "items":
            totals.items[Kind(rest[0])] = count
        elif table == "segments":
            totals.segments[int(rest[0]), Modality(rest[1])] = count
    return totals
