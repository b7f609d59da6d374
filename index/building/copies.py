"""Which files hold the same content while a build goes on: by the catalog, and as files are read.

Of one content one item is made; further files that hold it become further paths of that item.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from anysense.index.catalog.browse import files_of_contents, ids_with_files, paths_of_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from anysense.index.catalog.records import CatalogFile
    from anysense.index.folder.folder import CollectionFolder

__all__ = ["Copies", "CopyRegister"]

_BATCH = 1000
"""So many contents are looked up at once."""


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

    What the catalog knows of a content is read when that is first asked for: before the build
    changes anything about it.

    Args:
        folder: the collection.
        files: those files that it has of what has changed, by path.
        given_ids: that tables give items of what has changed.

    Attributes:
        shared: paths of `files` whose item had further files when the build began.
        ids: those of `given_ids` of items that had files then.
    """

    def __init__(
        self,
        folder: CollectionFolder,
        files: Mapping[str, CatalogFile],
        given_ids: Sequence[str] = (),
    ) -> None:
        self._folder = folder
        self._by_path: dict[str, Copies] = {}
        self._by_hash: dict[str, list[Copies]] = {}
        self._by_id: dict[str, Copies] = {}
        with folder.catalog.transaction() as connection:
            self._is_empty = not folder.catalog.totals(connection).files
        hashes = iter(dict.fromkeys(file.record.content_hash for file in files.values()))
        while batch := list(islice(hashes, _BATCH)):
            self._load(batch)
        for path, file in files.items():
            if path not in self._by_path:  # its item is noted with another hash than it is
                paths = paths_of_items(folder.catalog, [file.item_id])
                for other in dict.fromkeys([path, *paths]):
                    self._note(other, file)
        copies = ((path, self._by_path.get(path)) for path in files)
        self.shared = {path for path, c in copies if c is not None and len(c.paths) > 1}
        self.ids = ids_with_files(folder.catalog, given_ids)

    def _load(self, hashes: Sequence[str]) -> None:
        """Read what the catalog knows of contents that were not asked for yet."""
        self._by_hash.update((content_hash, []) for content_hash in hashes)
        if self._is_empty:
            return
        for file in files_of_contents(self._folder.catalog, hashes):
            self._note(file.record.path, file)

    def _note(self, path: str, file: CatalogFile) -> None:
        """Note a path of the item of a file."""
        content_hash = file.record.content_hash
        copies = self._by_id.get(file.item_id)
        if copies is None:
            copies = Copies(content_hash, item_id=file.item_id, is_written=True)
            self._by_id[file.item_id] = copies
            self._by_hash.setdefault(content_hash, []).append(copies)
        copies.paths.add(path)
        self._by_path[path] = copies

    def _of_hash(self, content_hash: str) -> list[Copies]:
        if content_hash not in self._by_hash:
            self._load([content_hash])
        return self._by_hash[content_hash]

    def of_path(self, path: str) -> Copies:
        """The copies that a path is one of; KeyError if it was not met."""
        return self._by_path[path]

    def of_hash(self, content_hash: str) -> Copies | None:
        """The copies of a content. Of several, those that no file holds any more come first."""
        return min(self._of_hash(content_hash), key=lambda c: bool(c.paths), default=None)

    def of_item(self, item_id: str, content_hash: str) -> Copies | None:
        """The copies that an item is made of, if this is its content."""
        self._of_hash(content_hash)
        copies = self._by_id.get(item_id)
        return copies if copies is not None and copies.content_hash == content_hash else None

    def begin(self, path: str, content_hash: str) -> None:
        """Note a file whose content is new."""
        copies = Copies(content_hash, {path})
        self._by_path[path] = copies
        self._of_hash(content_hash).append(copies)

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
