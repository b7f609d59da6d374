"""A table as a source: a JSONL, CSV or Parquet file of which each row is an item."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.types import Modality
from anysense.index.building.rows import Row, read_rows
from anysense.index.building.sources.base import Source
from anysense.index.building.sources.found import Found
from anysense.index.building.sources.paths import is_under
from anysense.index.catalog.records import ID_RULE, is_id
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.building.sources.scan import Scan

__all__ = ["ManifestSource", "hash_text", "row_metadata"]


@dataclass(frozen=True)
class ManifestSource(Source):
    """A file of rows. `root` is the folder that the rows' paths start at and stay under."""

    file: str

    def covers(self, path: str) -> bool:
        return is_under(path, self.root) or path.startswith(f"{self.file}:")

    def find(self, scan: Scan) -> Iterator[Found]:
        first: dict[tuple[str, str], int] = {}
        for row in read_rows(Path(self.file)):
            found = self._read_or_report(row, scan, first)
            if found is not None:
                yield found

    def _read_or_report(
        self, row: Row, scan: Scan, first: dict[tuple[str, str], int]
    ) -> Found | None:
        """Read a row; `first` holds the row in which each path and each id came first."""
        try:
            found = self._read(row)
            keys = [("item", found.path)]
            if found.item is not None and found.item.id is not None:
                keys.append(("id", found.item.id))
            for key in keys:
                if key in first:
                    raise _RowError(f"the same {key[0]} as in row {first[key]}")
        except _RowError as error:
            scan.report(f"{self.file}:{row.line}", str(error))
            return None
        first.update((key, row.line) for key in keys)
        return found

    def _read(self, row: Row) -> Found:
        if row.problem is not None:
            raise _RowError(row.problem)
        path = row.values.get("path", row.values.get("file_name"))
        text = row.values.get("text")
        if path is None and text is None:
            raise _RowError("the row has neither a path nor a text")
        if not isinstance(path if path is not None else text, str):
            raise _RowError("its path or text is not a string")
        key = row.values.get("id")
        item_id = str(key) if isinstance(key, (str, int)) and str(key) else None
        if item_id is not None and not is_id(item_id):
            raise _RowError(f"an id is {ID_RULE}")
        modality = _modality(row.values.get("modality"))
        metadata = row_metadata(row, leave_out={"text"} if path is None else set())
        if path is None:
            source = f"{self.file}#{item_id or hash_text(str(text))[:16]}"
            item = NewItem(str(text), item_id, source, modality or Modality.TEXT, metadata)
            # As a text has no time, its hash stands for it, so that a change of the text shows.
            return Found(source, len(str(text).encode()), int(hash_text(str(text))[:15], 16), item)
        absolute = self._resolve(str(path))
        item = NewItem(Path(absolute), item_id, absolute, modality, metadata)
        try:
            status = Path(absolute).stat()
        except (OSError, ValueError) as error:
            if isinstance(error, FileNotFoundError):
                raise _RowError(self._missing(str(path))) from None
            raise _RowError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
        if not stat.S_ISREG(status.st_mode):
            raise _RowError(f"{path}: not a file")
        return Found(absolute, status.st_size, status.st_mtime_ns, item)

    def _resolve(self, path: str) -> str:
        if "://" in path:
            raise _RowError(f"{path}: addresses are not fetched; give the path of a file")
        absolute = os.path.normpath(os.path.join(self.root, path))  # noqa: PTH118
        if "\0" in path or not is_under(os.path.realpath(absolute), self.root):
            if not os.path.exists(absolute):  # noqa: PTH110 - which takes any text
                raise _RowError(self._missing(path))
            raise _RowError(
                f"{path}: outside {self.root}; if that is meant, name a folder above both with "
                "--root, where all paths of the rows start then"
            )
        return absolute

    def _missing(self, path: str) -> str:
        if os.path.isabs(path):  # noqa: PTH117 - which takes any text
            return f"{path}: no such file"
        where = f"{self.root}, where its paths start; --root names another folder"
        return f"{path}: no such file in {where}"


class _RowError(Exception):
    """One row of a manifest cannot be used."""


def row_metadata(row: Row, leave_out: set[str]) -> dict[str, Any]:
    """The metadata of a row: its column `metadata`, if that is an object, and all other columns."""
    named = {"path", "file_name", "id", "modality"} | leave_out
    nested = row.values.get("metadata")
    if isinstance(nested, dict):
        named = named | {"metadata"}
    others = {k: v for k, v in row.values.items() if k not in named}
    return {**(nested if isinstance(nested, dict) else {}), **others}


def _modality(name: Any) -> Modality | None:
    if name is None:
        return None
    try:
        return Modality(name)
    except ValueError:
        names = ", ".join(m.value for m in Modality)
        raise _RowError(f"its modality is {name!r}, not one of {names}") from None


def hash_text(text: str) -> str:
    """The content hash of a text: that of a file which holds it as UTF-8."""
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()
