"""What is said of items: by the rows of tables, and by a metadata file beside the sources."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.index.building.sources.table import id_text, row_metadata
from anysense.index.building.sources.written_paths import path_readings
from anysense.index.building.tables.reading import read_rows
from anysense.index.building.tables.row import ID_COLUMNS, ROW_SUFFIXES
from anysense.index.catalog.records import make_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anysense.index.building.sources.entries import Entry

__all__ = ["Descriptions", "MetadataFile"]


class MetadataFile:
    """Metadata by path and by id. The first row of a path or id counts.

    A relative path starts at the file's own folder or at a source of the build, whichever holds
    such a file.
    """

    def __init__(self, path: Path, roots: Sequence[str]) -> None:
        """Read a JSONL, CSV or Parquet file.

        Raises:
            UsageError: it is none of these, cannot be read, or has a row without `path` and `id`.
        """
        if path.suffix.lower() not in ROW_SUFFIXES:
            kinds = ", ".join(sorted(ROW_SUFFIXES))
            raise UsageError(f"{path} is not a metadata file: give one of {kinds}.")
        self._rows: list[dict[str, Any]] = []
        self._by_id: dict[str, int] = {}
        self._by_path: dict[str, int] = {}
        self._used: set[int] = set()
        bases = list(dict.fromkeys([os.path.realpath(path.parent), *roots]))
        for row in read_rows(path, ID_COLUMNS):
            if row.problem is not None:
                raise UsageError(f"{path}, row {row.line}: {row.problem}.")
            name = row.values.get("path", row.values.get("file_name"))
            try:
                key = id_text(row.values.get("id"))
            except ValueError as error:
                raise UsageError(f"{path}, row {row.line}: {error}.") from None
            if key is None and not isinstance(name, str):
                raise UsageError(f"{path}, row {row.line}: the row has neither a path nor an id.")
            number = len(self._rows)
            self._rows.append(row_metadata(row))
            if key is not None:
                self._by_id.setdefault(key, number)
            if isinstance(name, str):
                for base, reading in itertools.product(bases, path_readings(name)):
                    absolute = os.path.normpath(os.path.join(base, reading))  # noqa: PTH118
                    self._by_path.setdefault(absolute, number)

    @property
    def unmatched(self) -> int:
        """How many rows have described nothing so far."""
        return len(self._rows) - len(self._used)

    def get(self, path: str, item_id: str | None) -> dict[str, Any] | None:
        """What the file says of an item; None if nothing."""
        number = self._by_path.get(path)
        if number is None and item_id is not None:
            number = self._by_id.get(item_id)
        if number is None:
            return None
        self._used.add(number)
        return self._rows[number]


class Descriptions:
    """The metadata that a build gives items: what their table says, and the metadata file over it.

    Args:
        file: the metadata file, if there is one.
    """

    def __init__(self, file: MetadataFile | None = None) -> None:
        self._file = file

    @property
    def has_file(self) -> bool:
        return self._file is not None

    def file_row(self, path: str, item_id: str | None) -> dict[str, Any] | None:
        """What the metadata file says of a file; None if nothing.

        Args:
            path: the file's.
            item_id: that of its item; if it has none yet, the one that it will be given.
        """
        if self._file is None:
            return None
        return self._file.get(path, item_id if item_id is not None else make_id(path))

    def of(self, entry: Entry, item_id: str | None) -> dict[str, Any] | None:
        """What is said of an item; None if nothing is.

        Args:
            entry: the file or the row that it is made from.
            item_id: the item's id, where it has one already.
        """
        described = self._file.get(entry.path, item_id) if self._file is not None else None
        if entry.item is None:
            return described
        return {**entry.item.metadata, **(described or {})}

    @property
    def unmatched(self) -> int:
        """How many rows of the metadata file have described nothing so far."""
        return self._file.unmatched if self._file is not None else 0
