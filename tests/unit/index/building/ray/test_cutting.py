"""What is to be encoded is cut where its content says so, not where a run began."""

from __future__ import annotations

from dataclasses import replace

from anysense.index.building.pending import PendingItem
from anysense.index.building.ray.cutting import Order, cut
from anysense.index.catalog.records import FileRecord
from anysense.index.types import NewItem


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
