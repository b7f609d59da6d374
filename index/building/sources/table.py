"""A table as a source: a JSONL, CSV or Parquet file of which each row is an item.

An item is a file that a row names, a file whose bytes stand in the row, or a text in it. Users know
a table as a manifest; the code calls only manifest.json so.
"""

from __future__ import annotations

import logging
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import CorruptMediaError, UsageError
from anysense.embed.media.digest import digest_text
from anysense.embed.media.files import LoadedFile
from anysense.embed.media.identify import named_modality
from anysense.embed.types import EmbeddedFile, Modality
from anysense.embed.waiting import check_waiter
from anysense.index.building.content import hash_captioned
from anysense.index.building.sources.base import Source
from anysense.index.building.sources.entries import Entry, FileEntry, RowEntry
from anysense.index.building.sources.files import changed_ns
from anysense.index.building.sources.paths import check_name, is_under
from anysense.index.building.sources.written_paths import is_address, path_readings
from anysense.index.building.tables.reading import read_rows
from anysense.index.building.tables.row import ITEM_COLUMNS, NAMED_COLUMNS, Row, list_names
from anysense.index.catalog.records import ID_RULE, is_id
from anysense.index.objects.addresses import shown_address
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.building.sources.base import Listing
    from anysense.index.building.sources.paths import CatalogPath
    from anysense.index.building.tables.cells import FileCell

__all__ = ["TableSource", "id_text", "row_file", "row_metadata"]

_log = logging.getLogger("anysense")

_LARGEST_EXACT = 2.0**53


@dataclass(frozen=True)
class TableSource(Source):
    """A file of rows. `root` is the folder that the rows' paths start at and stay under."""

    file: str

    def covers(self, path: str) -> bool:
        return is_under(path, self.root) or path.startswith(f"{self.file}:")

    def find(self, listing: Listing) -> Iterator[Entry]:
        listing.note_held(self.file)
        first_lines: dict[tuple[str, str], int] = {}
        is_warned = False
        for row in read_rows(Path(self.file), ITEM_COLUMNS, with_cells=True):
            entry = self._read_or_report(row, listing, first_lines)
            if entry is None:
                continue
            column = _file_column(row) if isinstance(entry, RowEntry) and not row.cell else None
            if column is not None and not is_warned:
                is_warned = True
                _log.warning(
                    "%s: its texts are read, not the files that its column %s names: name that "
                    "column path, if these are meant.",
                    self.file,
                    column,
                )
            yield entry

    def _read_or_report(
        self, row: Row, listing: Listing, first_lines: dict[tuple[str, str], int]
    ) -> FileEntry | RowEntry | None:
        try:
            entry = self.entry_of(row, with_captions=listing.with_sidecars)
            _note_first(entry, row.line, first_lines)
            if isinstance(entry, FileEntry):
                entry = entry._replace(sidecars=listing.sidecars_beside(entry.path))
        except _RowError as error:
            listing.report(f"{self.file}:{row.line}", str(error))
            if isinstance(error, _UnreadRowError):
                listing.note_unread_part(self.file)
            return None
        return entry

    def entry_of(self, row: Row, *, with_captions: bool = True) -> FileEntry | RowEntry:
        """The item that a row is.

        Raises:
            _RowError: it is none that can be used.
        """
        if row.problem is not None:
            raise _UnreadRowError(row.problem)
        path = row.values.get("path", row.values.get("file_name"))
        text = row.values.get("text")
        if row.cell is None and path is None and text is None:
            others = f", but {list_names(list(row.values))}" if row.values else ""
            raise _UnreadRowError(f"the row has neither a path nor a text{others}")
        if row.cell is None and not isinstance(path if path is not None else text, str):
            raise _UnreadRowError("its path or text is not a string")
        item_id = _row_id(row)
        modality = _modality(row.values.get("modality"))
        if row.cell is not None:
            captions = _captions(text) if with_captions else ()
            metadata = row_metadata(row)
            name = row.cell.name or path
            if isinstance(name, str):
                metadata.setdefault("path", name)
            return self._embedded_entry(row.cell, item_id, modality, metadata, captions)
        if path is None:
            return self._text_entry(
                str(text), item_id, modality, row_metadata(row, frozenset({"text"}))
            )
        return self._file_entry(str(path), item_id, modality, row_metadata(row))

    def _text_entry(
        self, text: str, item_id: str | None, modality: Modality | None, metadata: dict[str, Any]
    ) -> RowEntry:
        content_hash = digest_text(text)
        path = f"{self.file}#{item_id or content_hash[:16]}"
        item = NewItem(text, item_id, path, modality or Modality.TEXT, metadata)
        return RowEntry(path, len(text.encode()), content_hash, item)

    def _embedded_entry(
        self,
        cell: FileCell,
        item_id: str | None,
        modality: Modality | None,
        metadata: dict[str, Any],
        captions: tuple[str, ...],
    ) -> RowEntry:
        """A file whose bytes stand in the row: with another caption it is another content."""
        content_hash = hash_captioned(cell.content_hash, captions)
        path = f"{self.file}#{item_id or content_hash[:16]}"
        item = NewItem(cell.content, item_id, path, modality, metadata, captions)
        return RowEntry(path, cell.size, content_hash, item)

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
        size, time = status.st_size, status.st_mtime_ns
        return FileEntry(absolute, size, time, item, changed_ns=changed_ns(status))

    def _resolve(self, path: str) -> str:
        if is_address(path):
            shown = shown_address(path)
            raise _RowError(f"{shown}: addresses are not fetched; give the path of a file")
        check_name(path)
        readings = [
            os.path.normpath(os.path.join(self.root, reading))  # noqa: PTH118
            for reading in path_readings(path) or [path]
        ]
        is_there = os.path.exists  # which takes any text
        absolute = next(filter(is_there, readings), readings[0])
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


def row_file(path: CatalogPath, stamp: int | None = None) -> EmbeddedFile:
    """The file, or the text, in a row of a table, by the path that the catalog has of it.

    The table is read up to that row, so this is for one of them and not for many.

    Raises:
        MediaError: there is no such row any more, or the table cannot be read.
    """
    whole = f"{path.holder}#{path.name}"
    source = TableSource(path.holder, str(Path(path.holder).parent), path.holder)
    try:
        for row in read_rows(Path(path.holder), ITEM_COLUMNS, with_cells=True):
            check_waiter()
            for entry in _readings(source, row):
                if entry.path == whole and stamp in (None, entry.stamp):
                    content = entry.item.content
                    if isinstance(content, EmbeddedFile):
                        return content
                    data = str(content).encode(errors="surrogatepass")
                    return LoadedFile(whole, len(data), data)
    except UsageError as error:
        raise CorruptMediaError(whole, f"cannot be read: {error}") from None
    raise CorruptMediaError(whole, "is not in its table any more")


def _readings(source: TableSource, row: Row) -> Iterator[RowEntry]:
    """What is in a row, as a build finds it that takes captions, and as one that takes none."""
    for with_captions in (True, False):
        try:
            entry = source.entry_of(row, with_captions=with_captions)
        except _RowError:
            return
        if isinstance(entry, RowEntry):
            yield entry


class _RowError(Exception):
    """One row of a table cannot be used."""


class _UnreadRowError(_RowError):
    """One row of a table cannot be read, so that nobody knows which item it stands for."""


def row_metadata(row: Row, leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The metadata of a row: its column `metadata`, if that is an object, and all other columns."""
    nested = row.values.get("metadata")
    metadata = dict(nested) if isinstance(nested, dict) else {}
    columns = {"path", "file_name", "id", "modality"} | leave_out
    if isinstance(nested, dict):
        columns.add("metadata")
    metadata.update((k, v) for k, v in row.values.items() if k not in columns)
    return metadata


def _file_column(row: Row) -> str | None:
    """The column of a text in which a picture or a sound is named, as if that were the item."""
    return next(
        (
            name
            for name, value in row.values.items()
            if name not in NAMED_COLUMNS
            and isinstance(value, str)
            and named_modality(value) not in (None, Modality.TEXT)
        ),
        None,
    )


def _captions(value: Any) -> tuple[str, ...]:
    """The texts in a cell: one, or a list of them."""
    texts = value if isinstance(value, list) else [value]
    return tuple(text for text in texts if isinstance(text, str) and text.strip())


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
    try:
        item_id = id_text(row.values.get("id"))
    except ValueError as error:
        raise _UnreadRowError(str(error)) from None
    if item_id is not None and not is_id(item_id):
        raise _UnreadRowError(f"an id is {ID_RULE}")
    return item_id


def id_text(value: Any) -> str | None:
    """The id in a cell as a text; None for none.

    A whole number may have become a decimal one on its way, as pandas makes of a column that lacks
    values: 1.0 is the id 1, unless it is so large that it stands for several.

    Raises:
        ValueError: it is neither a text nor a whole number.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_EXACT:
        value = int(value)
    if value is None or value == "":
        return None
    if isinstance(value, (str, int)):
        return str(value)
    raise ValueError(f"its id is {str(value)[:40]}, which is neither a text nor a whole number")


def _modality(name: Any) -> Modality | None:
    if name is None:
        return None
    try:
        return Modality(name)
    except ValueError:
        names = ", ".join(m.value for m in Modality)
        raise _UnreadRowError(f"its modality is {name!r}, not one of {names}") from None
