"""An overlap is kept with the collection: texts to come get it, others when they are read again."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from tiny_files import summary

from anysense.embed.errors import UsageError
from anysense.index.building.build import build
from anysense.index.building.settings.cutting import overlap_of

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection

LONG = " ".join(f"w{n}" for n in range(50))  # passages of the tiny encoder have 20 words


def overlaps(collection: Collection, path: Path) -> list[int]:
    """How many characters each passage of a file shares with the one before it."""
    item_id = collection.folder.files()[str(path.resolve())].item_id
    places = [s.place for s in collection.folder.snapshot().item(item_id).segments]
    return [int(max(0, (a.end or 0) - (b.start or 0))) for a, b in itertools.pairwise(places)]


def test_it_is_kept_for_texts_to_come(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    first, second = folder / "a.txt", folder / "b.txt"
    first.write_text(LONG)
    assert not build(collection, [folder]).has_new_overlap
    assert overlaps(collection, first) == [0, 0]
    second.write_text(f"{LONG} more")
    report = build(collection, [folder], overlap=25)
    assert (summary(report), report.has_new_overlap) == ({"added": 1, "unchanged": 1}, True)
    assert overlaps(collection, first) == [0, 0]
    assert all(shared > 0 for shared in overlaps(collection, second))
    third = folder / "c.txt"
    third.write_text(f"{LONG} and more")
    report = build(collection, [folder])
    assert (summary(report), report.has_new_overlap) == ({"added": 1, "unchanged": 2}, False)
    assert all(shared > 0 for shared in overlaps(collection, third))
    build(collection, [folder], reread=True)
    assert all(shared > 0 for shared in overlaps(collection, first))
    build(collection, [folder], overlap=0, reread=True)
    assert overlaps(collection, first) == [0, 0]
    assert overlap_of(collection.folder) == 0


@pytest.mark.parametrize("overlap", [-1, 51])
def test_too_much_of_it_is_refused(collection: Collection, media: Path, overlap: int) -> None:
    with pytest.raises(UsageError, match=f"An overlap is 0 to 50 percent, not {overlap}"):
        build(collection, [media], overlap=overlap)
