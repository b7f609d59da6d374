"""Which files hold the same content while a build goes on: by the catalog, and as files are read.

Of one content one item is made; further files that hold it become further paths of that item.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from anysense.index.catalog.records import CatalogFile

__all__ = ["Copies", "CopyRegister"]


@dataclass(eq=False)
class Copies:
    """The files that hold one content.

    `item_id` is the id that its item had when the build began, if it had one. `is_written` once the
    catalog has an item of it; `failure` says why it never will.
    """

    content_hash: str
    paths: set[str] = field(default_factory=set)
    item_id: str | None = None
    is_written: bool = False
    failure: str | None = None


class CopyRegister:
    """The copies of every content, found by a path, by the content's hash or by an item's id.

    Attributes:
        shared: paths whose item had further files when the build began.
        ids: of the items that had files then.
    """

    def __init__(self, files: Mapping[str, CatalogFile]) -> None:
        """Begin with the files that the catalog has."""
        self._by_path: dict[str, Copies] = {}
        self._by_hash: dict[str, list[Copies]] = {}
        self._by_id: dict[str, Copies] = {}
        for path, file in files.items():
            copies = self._by_id.get(file.item_id)
            if copies is None:
                copies = Copies(file.record.content_hash, item_id=file.item_id, is_written=True)
                self._by_id[file.item_id] = copies
                self._by_hash.setdefault(copies.content_hash, []).append(copies)
            copies.paths.add(path)
            self._by_path[path] = copies
        self.shared = {path for path, c in self._by_path.items() if len(c.paths) > 1}
        self.ids = frozenset(self._by_id)

    def of_path(self, path: str) -> Copies:
        """The copies that a path is one of; KeyError if it was not met."""
        return self._by_path[path]

    def of_hash(self, content_hash: str) -> Copies | None:
        """The copies of a content. Of several, those that no file holds any more come first."""
        return min(self._by_hash.get(content_hash, ()), key=lambda c: bool(c.paths), default=None)

    def of_item(self, item_id: str, content_hash: str) -> Copies | None:
        """The copies that an item is made of, if this is its content."""
        copies = self._by_id.get(item_id)
        return copies if copies is not None and copies.content_hash == content_hash else None

    def begin(self, path: str, content_hash: str) -> None:
        """Note a file whose content is new."""
        copies = Copies(content_hash, {path})
        self._by_path[path] = copies
        self._by_hash.setdefault(content_hash, []).append(copies)

    def join(self, path: str, copies: Copies) -> None:
        """Note a file whose content is there already."""
        copies.paths.add(path)
        self._by_path[path] = copies

    def leave(self, path: str) -> Copies:
        """Part a file from the content that the catalog says it held; returns the copies of that.

        They can be joined, also if nothing holds them now, until `drop` is called.
        """
        copies = self._by_path.pop(path)
        copies.paths.discard(path)
        return copies

    def drop(self, lost: Iterable[Copies]) -> None:
        """Forget contents that no file holds: another file of the same content is a new item."""
        for copies in lost:
            same = self._by_hash.get(copies.content_hash, [])
            if not copies.paths and copies in same:
                same.remove(copies)
