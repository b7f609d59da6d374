"""What is to be encoded is cut where its content says so, not where a run began."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from parquet_files import embedded, write_parquet
from tiny_files import picture_bytes

from anysense.index.building.build import scan_sources
from anysense.index.building.options import DEFAULT_OPTIONS
from anysense.index.building.pending import PendingItem
from anysense.index.building.ray.cutting import (
    LEAST_ITEMS,
    PART_ITEMS,
    Order,
    cut,
    part_items_of,
)
from anysense.index.building.tables.parquet_cells import ParquetCell
from anysense.index.catalog.records import FileRecord
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from pathlib import Path


def pending(number: int, size: int = 10) -> PendingItem:
    file = FileRecord(f"/media/{number}.png", size, 5, f"hash-{number}")
    return PendingItem(number, NewItem("x"), f"id-{number}", file.path, file.content_hash, (file,))


ITEMS = [pending(number) for number in range(2000)]


def cut_all(items: list[PendingItem], key: str = "k") -> list[Order]:
    return list(cut(items, key, part_items=32))


def test_parts_hold_everything_in_order_and_are_bounded() -> None:
    parts = cut_all(ITEMS)
    assert [item for part in parts for item in part.items] == ITEMS
    assert all(16 <= len(part.items) <= 64 for part in parts[:-1])
    assert 40 <= len(parts) <= 125


def test_most_parts_are_as_they_were_wherever_a_run_begins() -> None:
    names = {part.name for part in cut_all(ITEMS)}
    later = cut_all(ITEMS[137:])
    assert sum(part.name not in names for part in later) <= 3
    gone = cut_all([item for item in ITEMS if item.index not in (500, 1500)])
    assert sum(part.name not in names for part in gone) <= 6


def cut_to_the_end(items: list[PendingItem], actors: int = 2) -> list[Order]:
    return list(cut(items, "k", part_items=64, total=len(ITEMS), actors=actors))


@pytest.mark.parametrize("actors", [1, 2, 5])
def test_towards_the_end_no_part_is_much_of_what_is_left(actors: int) -> None:
    parts = cut_to_the_end(ITEMS, actors)
    assert [item for part in parts for item in part.items] == ITEMS
    for part in parts:
        left = len(ITEMS) - part.items[0].index
        assert len(part.items) <= max(2 * LEAST_ITEMS, left / (1.5 * actors))
    assert max(len(part.items) for part in parts) > 64 / 2
    assert len(parts[-2].items) <= 2 * LEAST_ITEMS


def test_parts_are_cut_as_before_after_a_build_that_was_stopped() -> None:
    parts = cut_to_the_end(ITEMS)
    assert cut_to_the_end([i for part in parts[20:] for i in part.items]) == parts[20:]
    names = {part.name for part in parts}
    later = cut_to_the_end(ITEMS[137:])  # of a part some items were written already
    assert sum(part.name not in names for part in later) <= 4


def test_parts_stay_as_large_as_asked_for_while_much_is_left() -> None:
    assert part_items_of(10**6, 8) == PART_ITEMS
    assert [part_items_of(left, 2) for left in (1536, 1535, 600, 64, 1)] == [256, 128, 64, 8, 8]
    assert part_items_of(1, 2, 4) == 4


def test_a_name_follows_from_all_that_goes_in() -> None:
    [one] = cut_all(ITEMS[:3])
    item = ITEMS[0]
    for other in (
        replace(item, id="other"),
        replace(item, content_hash="other"),
        replace(item, files=(item.files[0]._replace(mtime_ns=6),)),
        replace(item, item=NewItem("x", metadata={"year": 1})),
    ):
        [part] = cut_all([other, *ITEMS[1:3]])
        assert part.name != one.name
    assert cut_all(ITEMS[:3], "other encoders")[0].name != one.name
    assert cut_all(ITEMS[:3])[0].name == one.name


def test_large_files_are_in_parts_of_their_own() -> None:
    items = [pending(n, size) for n, size in enumerate((10, 900, 10, 10))]
    parts = list(cut(items, "k", part_items=32, part_bytes=100))
    assert [[item.index for item in part.items] for part in parts] == [[0], [1], [2, 3]]


def test_cells_of_a_table_go_to_other_processes_as_where_they_are(tmp_path: Path) -> None:
    """Ray copies items; an open file or what was read of it does not go along."""
    table = write_parquet(
        tmp_path / "t.parquet",
        image=embedded((picture_bytes("red"), None), (picture_bytes("blue"), None)),
    )
    entries = scan_sources([table], DEFAULT_OPTIONS, None).entries
    cells = [entry.item.content for entry in entries if entry.item is not None]
    assert isinstance(cells[0], ParquetCell)
    first = cells[0].read()  # the file is open now
    copies = copy.deepcopy(cells)
    assert [cell.read() for cell in copies] == [first, cells[1].read()]  # type: ignore[union-attr]
