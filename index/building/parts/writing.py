"""Writing a part: aside, through to the disk, and then under its name."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from anysense.index.building.parts.rows import digest_rows, table_of, write_row
from anysense.index.building.parts.schema import (
    COLUMNS,
    GROUP_ROWS,
    GROUP_SEGMENTS,
    GROUPS,
    HEADER,
    groups_bytes,
)
from anysense.index.catalog.sqlite.connections import storage_errors
from anysense.index.snapshots.manifest import fsync_folder

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from anysense.index.building.parts.rows import PartItem, PartRow
    from anysense.index.building.parts.schema import Header

__all__ = ["TEMPORARY", "PartWriter"]

TEMPORARY = ".tmp"
"""Ends the names of files that a writer has not finished."""


class PartWriter:
    """Writes one part; used as a context. It is there under its name only if all went well.

    Args:
        path: where it is to be.
        header: what it says of itself.

    Raises:
        StorageError: the disk refused.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self._header = header
        self._spaces = [entry.space for entry in header.encoders]
        self._groups: list[tuple[int, str]] = []
        self._rows: list[PartRow] = []
        self._segments = 0
        # Another machine may be writing the same part, as one that was thought to be lost.
        name = f"{path.name}.{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}"
        self._temporary = path.with_name(name + TEMPORARY)
        with storage_errors(self._temporary):
            self._file = self._temporary.open("wb")
            self._writer = pq.ParquetWriter(self._file, COLUMNS, compression="zstd")

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                with storage_errors(self._temporary):
                    self._finish()
        finally:
            if self._writer.is_open:  # what it would write now is thrown away
                self._writer.close()
            self._file.close()
            self._temporary.unlink(missing_ok=True)

    def add(self, item: PartItem) -> None:
        """Add an item, or a file that could not be read.

        Raises:
            UsageError: it cannot be kept.
            StorageError: the disk refused.
        """
        self._rows.append(write_row(item, self._spaces))
        self._segments += len(self._rows[-1].segments)
        if len(self._rows) >= GROUP_ROWS or self._segments >= GROUP_SEGMENTS:
            with storage_errors(self._temporary):
                self._write_group()

    def _write_group(self) -> None:
        rows, self._rows, self._segments = self._rows, [], 0
        self._groups.append((len(rows), digest_rows(rows)))
        self._writer.write_table(table_of(rows), row_group_size=len(rows))

    def _finish(self) -> None:
        if self._rows:
            self._write_group()
        header = {HEADER: self._header.to_bytes(), GROUPS: groups_bytes(self._groups)}
        self._writer.add_key_value_metadata(header)
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._temporary.replace(self.path)
        fsync_folder(self.path.parent)
