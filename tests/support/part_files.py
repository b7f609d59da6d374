"""Parts as tests make them: those that hold what a collection holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.index.building.merging.stored import records_after
from anysense.index.building.parts.schema import Header
from anysense.index.building.parts.writing import PartWriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anysense.index.building.parts.rows import PartItem
    from anysense.index.catalog.records import ItemRecord
    from anysense.index.collection import Collection


def records_in(collection: Collection) -> list[ItemRecord]:
    """The items of a collection in the order in which they were added."""
    return records_after(collection.folder.catalog, 0, 1_000_000)[0]


def write_part(path: Path, collection: Collection, items: Sequence[PartItem]) -> Path:
    """Write items to a part, for the encoders of a collection."""
    header = Header(collection.folder.manifest.encoders, "anysense of a test")
    with PartWriter(path, header) as part:
        for item in items:
            part.add(item)
    return path
