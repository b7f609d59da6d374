"""A file of rows that describe items, which a build reads beside its sources."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.index.building.rows import ROW_SUFFIXES, read_rows
from anysense.index.building.sources.table import row_metadata

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["MetadataFile"]


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
        for row in read_rows(path):
            if row.problem is not None:
                raise UsageError(f"{path}, row {row.line}: {row.problem}.")
            key, name = row.values.get("id"), row.values.get("path", row.values.get("file_name"))
            if key is None and not isinstance(name, str):
                raise UsageError(f"{path}, row {row.line}: the row has neither a path nor an id.")
            number = len(self._rows)
            self._rows.append(row_metadata(row, leave_out=set()))
            if key is not None:
                self._by_id.setdefault(str(key), number)
            if isinstance(name, str):
                for base in bases:
                    joined = os.path.normpath(os.path.join(base, name))  # noqa: PTH118
                    self._by_path.setdefault(joined, number)

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
