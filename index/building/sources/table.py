"""A table as a source: a JSONL, CSV or Parquet file of which each row is an item.

Users know it as a manifest; the code calls only manifest.json so.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.media.digest import digest_text
from anysense.embed.types import Modality
from anysense.index.building.rows import Row, read_rows
from anysense.index.building.sources.base import Source
from anysense.index.building.sources.entries import Entry, FileEntry, TextEntry
from anysense.index.building.sources.paths import is_under
from anysense.index.catalog.records import ID_RULE, is_id
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.building.sources.base import Listing

__all__ = ["TableSource", "row_metadata"]


@dataclass(frozen=True)
class TableSource(Source):
    """A file of rows. `root` is the folder that the rows' paths start at and stay under."""

    file: str

    def covers(self, path: str) -> bool:
        return is_under(path, self.root) or path.startswith(f"{self.file}:")

    def find(self, listing: Listing) -> Iterator[Entry]:
        first_lines: dict[tuple[str, str], int] = {}
        for row in read_rows(Path(self.file)):
            entry = self._read_or_report(row, listing, first_lines)
            if entry is not None:
                yield entry

    def _read_or_report(
        self, row: Row, listing: Listing, first_lines: dict[tuple[str, str], int]
    ) -> Entry | None:
        try:
            entry = self._read(row)
            _note_first(entry, row.line, first_lines)
            if isinstance(entry, FileEntry):
                entry = entry._replace(sidecars=listing.sidecars_beside(entry.path))
        except _RowError as error:
            listing.report(f"{self.file}:{row.line}", str(error))
            return None
        return entry

    def _read(self, row: Row) -> Entry:
        if row.problem is not None:
            raise _RowError(row.problem)
        path = row.values.get("path", row.values.get("file_name"))
        text = row.values.get("text")
        if path is None and text is None:
            raise _RowError("the row has neither a path nor a text")
        if not isinstance(path if path is not None else text, str):
            raise _RowError("its path or text is not a string")
        item_id = _row_id(row)
        modality = _modality(row.values.get("modality"))
        if path is None:
            return self._text_entry(
                str(text), item_id, modality, row_metadata(row, frozenset({"text"}))
            )
        return self._file_entry(str(path), item_id, modality, row_metadata(row))

    def _text_entry(
        self, text: str, item_id: str | None, modality: Modality | None, metadata: dict[str, Any]
    ) -> TextEntry:
        content_hash = digest_text(text)
        path = f"{self.file}#{item_id or content_hash[:16]}"
        item = NewItem(text, item_id, path, modality or Modality.TEXT, metadata)
        return TextEntry(path, len(text.encode()), content_hash, item)

    def _file_entry(
        self, path: str, item_id: str | None, modality: Modality | None, metadata: dict[str, Any]
    ) -> FileEntry:
        absolute = self._resolve(path)
        item = NewItem(Path(absolute), item_id, absolute, modality, metadata)
        try:
            status = Path(absolute).stat()
        except (OSError, ValueError) as error:
            if isinstance(error, FileNotFoundError):
                raise _RowError(self._missing(path)) from None
            raise _RowError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
        if not stat.S_ISREG(status.st_mode):
            raise _RowError(f"{path}: not a file")
        return FileEntry(absolute, status.st_size, status.st_mtime_ns, item)

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
    """One row of a table cannot be used."""


def row_metadata(row: Row, leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The metadata of a row: its column `metadata`, if that is an object, and all other columns."""
    nested = row.values.get("metadata")
    metadata = dict(nested) if isinstance(nested, dict) else {}
    columns = {"path", "file_name", "id", "modality"} | leave_out
    if isinstance(nested, dict):
        columns.add("metadata")
    metadata.update((k, v) for k, v in row.values.items() if k not in columns)
    return metadata


def _note_first(entry: Entry, line: int, first_lines: dict[tuple[str, str], int]) -> None:
    """Note the row in which a path and an id come first.

    Raises:
        _RowError: one of them came before.
    """
    keys = [("item", entry.path)]
    if entry.item is not None and entry.item.id is not None:
        keys.append(("id", entry.item.id))
    for key in keys:
        if key in first_lines:
            raise _RowError(f"the same {key[0]} as in row {first_lines[key]}")
    first_lines.update((key, line) for key in keys)


def _row_id(row: Row) -> str | None:
    value = row.values.get("id")
    item_id = str(value) if isinstance(value, (str, int)) and str(value) else None
    if item_id is not None and not is_id(item_id):
        raise _RowError(f"an id is {ID_RULE}")
    return item_id


def _modality(name: Any) -> Modality | None:
    if name is None:
        return None
    try:
        return Modality(name)
    except ValueError:
        names = ", ".join(m.value for m in Modality)
        raise _RowError(f"its modality is {name!r}, not one of {names}") from None
