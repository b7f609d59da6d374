"""What can be merged: parts, folders of parts, and collections, which give their items alike."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from anysense.embed.errors import CorruptMediaError, UsageError
from anysense.index.building.merging.stored import (
    claims_of,
    count_items,
    item_claim,
    path_claim,
    records_after,
)
from anysense.index.building.parts.reading import Part
from anysense.index.building.parts.schema import GROUP_ROWS, SUFFIX
from anysense.index.catalog.records import ID_RULE, ItemRecord, is_id
from anysense.index.folder.folder import CollectionFolder
from anysense.index.folder.opening import has_collection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anysense.index.building.parts.rows import PartItem
    from anysense.index.snapshots.manifest import EncoderEntry

__all__ = ["CollectionInput", "Input", "PartInput", "find_inputs"]


class Input(Protocol):
    """One part or one collection."""

    @property
    def path(self) -> Path: ...

    def encoders(self) -> Sequence[EncoderEntry]:
        """Those that made its vectors.

        Raises:
            CorruptMediaError: it is damaged.
            CollectionError: it cannot be opened.
        """
        ...

    def claims(self) -> Iterator[str]:
        """The ids of its items, and the paths of their files; all of it is checked meanwhile.

        Raises:
            CorruptMediaError: it is damaged.
        """
        ...

    def count(self) -> int:
        """How many items it has, and files that could not be read."""
        ...

    def batches(self) -> Iterator[list[PartItem]]:
        """Its items and the files that could not be read, a few at a time."""
        ...


class PartInput:
    """A part; its file is open only while it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def encoders(self) -> Sequence[EncoderEntry]:
        with Part(self.path) as part:
            return part.header.encoders

    def claims(self) -> Iterator[str]:
        for batch in self.batches():
            for item in batch:
                if isinstance(item, ItemRecord):
                    if not is_id(item.id):
                        raise CorruptMediaError(
                            self.path, f"has the id {item.id[:80]!r}, and an id is {ID_RULE}"
                        )
                    yield item_claim(item.id)
                    yield from (path_claim(file.path) for file in item.files)

    def count(self) -> int:
        with Part(self.path) as part:
            return len(part)

    def batches(self) -> Iterator[list[PartItem]]:
        with Part(self.path) as part:
            yield from part.batches()


class CollectionInput:
    """Another collection. It may be searched and added to meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def encoders(self) -> Sequence[EncoderEntry]:
        with closing(CollectionFolder(self.path)) as folder:
            return folder.manifest.encoders

    def claims(self) -> Iterator[str]:
        with closing(CollectionFolder(self.path)) as folder:
            yield from claims_of(folder.catalog)

    def count(self) -> int:
        with closing(CollectionFolder(self.path)) as folder:
            return count_items(folder.catalog)

    def batches(self) -> Iterator[list[PartItem]]:
        with closing(CollectionFolder(self.path)) as folder:
            catalog, last = folder.catalog, 0
            while True:
                records, position = records_after(catalog, last, GROUP_ROWS)
                if position == last:
                    break
                last = position
                yield list(records)
            yield list(folder.quarantined())


def find_inputs(paths: Sequence[str | Path]) -> list[Input]:
    """The parts and collections that paths name, in order; those in a folder by their names.

    Raises:
        UsageError: there is nothing at a path, or nothing to be merged.
    """
    inputs: list[Input] = []
    for path in map(Path, paths):
        if path.is_dir() and has_collection(path):
            inputs.append(CollectionInput(path))
        elif path.is_dir():
            parts = sorted(entry for entry in path.iterdir() if entry.suffix == SUFFIX)
            if not parts:
                raise UsageError(f"{path} is no collection, and has no parts (*{SUFFIX}) in it.")
            inputs += map(PartInput, parts)
        elif path.exists():
            inputs.append(PartInput(path))
        else:
            raise UsageError(f"{path}: there is neither a part nor a collection.")
    if not inputs:
        raise UsageError("Name what is to be merged: parts, folders of parts, or collections.")
    return inputs
