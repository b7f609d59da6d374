"""Which files hold the same content while a build goes on: by the catalog, and as files are read.

Of one content one item is made; further files that hold it become further paths of that item.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.index.catalog.records import CatalogFile

__all__ = ["Copies", "CopyRegister"]


@dataclass(eq=False)
class Copies:
    """The files that hold one content.

    `is_written` once the catalog has an item of it; `failure` says why it never will.
    """

    paths: set[str] = field(default_factory=set)
    is_written: bool = False
    failure: str | None = None


class CopyRegister:
    """The copies of every content, found by a path or by the content's hash.

    Attributes:
        shared: paths whose item had further files when the build began.
        ids: of the items that had files then.
    """

    def __init__(self, files: Mapping[str, CatalogFile]) -> None:
        """Begin with the files that the catalog has."""
        self._files = files
        self._by_hash: dict[str, Copies] = {}
        self._by_path: dict[str, Copies] = {}
        by_id: dict[str, Copies] = {}
        for path, file in files.items():
            copies = by_id.setdefault(file.item_id, Copies(is_written=True))
            copies.paths.add(path)
            self._by_path[path] = copies
            self._by_hash.setdefault(file.record.content_hash, copies)
        self.shared = {path for path, c in self._by_path.items() if len(c.paths) > 1}
        self.ids = frozenset(by_id)

    def of_path(self, path: str) -> Copies:
        """The copies that a path is one of; KeyError if it was not met."""
        return self._by_path[path]

    def of_hash(self, content_hash: str) -> Copies | None:
        """The copies of a content."""
        return self._by_hash.get(content_hash)

    def begin(self, path: str, content_hash: str) -> None:
        """Note a file whose content is new."""
        self._by_path[path] = self._by_hash[content_hash] = Copies({path})

    def join(self, path: str, copies: Copies) -> None:
        """Note a file whose content is there already."""
        copies.paths.add(path)
        self._by_path[path] = copies

    def leave(self, path: str) -> None:
        """Part a file from the content that the catalog says it held."""
        copies = self._by_path.get(path)
        if copies is None:
            return
        copies.paths.discard(path)
        content_hash = self._files[path].record.content_hash
        if not copies.paths and self._by_hash.get(content_hash) is copies:
            del self._by_hash[content_hash]
