"""Reading a part, a row group at a time, each checked against its checksum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from anysense.embed.errors import CorruptMediaError
from anysense.index.building.parts.rows import digest_rows, read_row, rows_of
from anysense.index.building.parts.schema import COLUMNS, GROUP_ROWS, Header, read_groups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from anysense.index.building.parts.rows import PartItem

__all__ = ["Part"]

MOST_GROUP_BYTES = 1024**3
"""A row group that would take more memory is not read."""


class Part:
    """A part that is open for reading; used as a context.

    Args:
        path: its file.

    Attributes:
        header: what it says of itself.

    Raises:
        CorruptMediaError: it is no part, is cut short or damaged, or cannot be opened.
        IncompatibleCollectionError: a newer version of anysense wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = pq.ParquetFile(path, memory_map=False)
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "is no Parquet file, or was cut short"
            raise CorruptMediaError(path, reason) from None
        try:
            metadata = self._file.metadata.metadata or {}
            self.header = Header.read(path, metadata)
            self._groups = read_groups(path, metadata)
            self._check_layout()
        except BaseException:
            self._file.close()
            raise

    def _check_layout(self) -> None:
        metadata = self._file.metadata
        groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
        if [group.num_rows for group in groups] != [rows for rows, _ in self._groups] or any(
            rows > GROUP_ROWS for rows, _ in self._groups
        ):
            raise CorruptMediaError(self.path, "is damaged: its row groups are not those written")
        if self._file.schema_arrow.remove_metadata() != COLUMNS:
            raise CorruptMediaError(self.path, "is damaged: its columns are not those of a part")
        for group in groups:
            if group.total_byte_size > MOST_GROUP_BYTES:
                raise CorruptMediaError(
                    self.path,
                    f"has a row group of {group.total_byte_size:,} of at most "
                    f"{MOST_GROUP_BYTES:,} bytes",
                )

    def __enter__(self) -> Part:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        """How many rows it has."""
        return sum(rows for rows, _ in self._groups)

    def batches(self) -> Iterator[list[PartItem]]:
        """Its items and the files that could not be read, in their order, a row group at a time.

        Raises:
            CorruptMediaError: what is read is not what was written.
        """
        spaces = [entry.space for entry in self.header.encoders]
        for number, (_, digest) in enumerate(self._groups):
            try:
                rows = rows_of(self._file.read_row_group(number, use_threads=False))
            except (pa.ArrowException, OSError, ValueError):
                raise CorruptMediaError(self.path, "is damaged: it cannot be read") from None
            if digest_rows(rows) != digest:
                raise CorruptMediaError(self.path, "is damaged: a checksum does not match")
            yield [read_row(self.path, row, spaces) for row in rows]

    def check(self) -> None:
        """Read all of it, and keep nothing.

        Raises:
            CorruptMediaError: it is damaged.
        """
        for _ in self.batches():
            pass
