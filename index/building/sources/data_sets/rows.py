"""One row of a data set: its files, its words, and what else it says."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.errors import (
    CorruptMediaError,
    EmptyMediaError,
    MediaError,
    MediaTooLargeError,
)
from anysense.embed.limits import DEFAULT_LIMITS
from anysense.embed.media.files import open_file
from anysense.embed.types import EmbeddedFile, Modality
from anysense.index.building.sources.data_sets.shards import ShardPool, ShardState, row_in
from anysense.index.building.sources.paths import is_under
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyarrow import RecordBatch

    from anysense.index.building.sources.data_sets.columns import Columns
    from anysense.index.building.sources.entries import LazyEntry

__all__ = ["RowFile", "Shard", "row_path"]


def row_path(shard: str, row: int, column: str | None = None) -> str:
    """The path of a row of a data set, from 0; of one of its files, where it has several."""
    return f"{shard}#{row}" if column is None else f"{shard}#{row}/{column}"


@dataclass(frozen=True)
class RowFile(EmbeddedFile):
    """The file in one row of a column, or the text in it; called by its path in the catalog."""

    shard: Shard
    row: int
    column: int

    def open(self) -> BinaryIO:
        return self.shard.open_cell(self.name, self.row, self.column)

    def captions(self) -> tuple[str, ...]:
        """The words about it in its row.

        Raises:
            MediaError: they cannot be read, or the data set has changed.
        """
        return self.shard.captions_of(self.name, self.row)

    def __reduce__(self) -> tuple[Any, ...]:
        """Only what says where it is: another process opens the file anew."""
        shard = self.shard
        where = (shard.path, shard.state, shard.columns)
        return _opened_anew, (self.name, self.size, *where, self.row, self.column)


@dataclass(eq=False, slots=True)
class Shard:
    """A file of a data set, as the holder of its rows; see `...sources.entries.Holder`.

    Attributes:
        path: its real path.
        state: as it was when it was looked into.
        changed_ns: when it was changed last, by the system's own note.
        columns: what its rows have.
        features: what its folder says of these.
        split: of the data set, which the ids of its rows begin with; none if it has no name.
        ids: the ids of its rows, as a column of Arrow; None if they have none.
        with_captions: whether words in a row are captions of its files.
        pool: which opens it.
        unnamed: rows whose ids cannot be those of items.
    """

    path: str
    state: ShardState
    changed_ns: int
    columns: Columns
    features: Mapping[str, Any] | None
    split: str | None
    ids: Any
    with_captions: bool
    pool: ShardPool
    unnamed: frozenset[int] = frozenset()

    @property
    def written_ns(self) -> int:
        return self.state.mtime_ns

    def item(self, entry: LazyEntry) -> NewItem:
        row, column = row_in(entry.stamp), int(entry.key)
        content = RowFile(entry.path, entry.size, self, row, column)
        modality = None if self.columns.media else Modality.TEXT
        return NewItem(content, self.id_of(row, column), entry.path, modality)

    def described_item(self, entry: LazyEntry) -> NewItem:
        item = self.item(entry)
        row, column = row_in(entry.stamp), int(entry.key)
        batch, at = self._row(entry.path, row)
        values = self.columns.values(batch, at)
        metadata = self.columns.metadata(values, with_captions=self.with_captions)
        if not self.columns.media:
            text = str(values.get(self.columns.text or "", ""))
            return NewItem(text, item.id, entry.path, Modality.TEXT, metadata)
        _, name = self.columns.media[column].read(batch, at)
        if name is not None:
            metadata.setdefault("path", name)
        captions = self.columns.words(values) if self.with_captions else ()
        return NewItem(item.content, item.id, entry.path, None, metadata, captions)

    def id_of(self, row: int, column: int) -> str | None:
        """The id of an item, by the column of ids; None if its row has none."""
        value = None
        if self.ids is not None and row not in self.unnamed:
            value = self.ids[row].as_py()
        if value in (None, ""):
            return None
        parts = [self.split, str(value)]
        if len(self.columns.media) > 1:
            parts.append(self.columns.media[column].name)
        return "/".join(part for part in parts if part)

    def captions_of(self, name: str, row: int) -> tuple[str, ...]:
        """The words in a row about its files.

        Raises:
            MediaError: they cannot be read, or the data set has changed.
        """
        batch, at = self._row(name, row)
        return self.columns.words(self.columns.values(batch, at))

    def open_cell(self, name: str, row: int, column: int) -> BinaryIO:
        """The file in a row, or its text as UTF-8.

        Raises:
            MediaError: there is none, it is too large, or the data set has changed.
        """
        batch, at = self._row(name, row)
        if not self.columns.media:
            text = batch.column(self.columns.text)[at].as_py() or ""
            return io.BytesIO(text.encode(errors="surrogatepass"))
        data, path = self.columns.media[column].read(batch, at)
        if data is None and path is not None:
            return self._open_beside(name, path)
        if data is None:
            raise EmptyMediaError(name, "has no bytes")
        if len(data) > DEFAULT_LIMITS.file_bytes:
            reason = f"has {len(data):,} of at most {DEFAULT_LIMITS.file_bytes:,} bytes"
            raise MediaTooLargeError(name, reason)
        return io.BytesIO(data)

    def _open_beside(self, name: str, path: str) -> BinaryIO:
        """A file that a row names in place of its bytes, if it lies in the data set's folder."""
        folder = str(Path(self.path).parent)
        real = None  # of what no file can be called
        if "\0" not in path:
            real = os.path.realpath(os.path.join(folder, path))  # noqa: PTH118 - takes any text
        if real is None or not is_under(real, folder):
            raise EmptyMediaError(name, f"has no bytes, and {path} is not in the data set's folder")
        try:
            return open_file(Path(real))
        except MediaError as error:
            raise CorruptMediaError(name, f"has no bytes, and {path} {error.reason}") from None

    def _row(self, name: str, row: int) -> tuple[RecordBatch, int]:
        import pyarrow

        try:
            return self.pool.get(self.path, self.state, self.features).row(row)
        except MediaError as error:
            raise CorruptMediaError(name, f"is in a data set that {error.reason}") from None
        except (pyarrow.ArrowException, OSError, IndexError, ValueError, KeyError) as error:
            reason = str(error).splitlines()[0] if str(error) else "damaged"
            raise CorruptMediaError(name, f"cannot be read: {reason}") from None


_pool_of_process = ShardPool()


def _opened_anew(
    name: str, size: int, path: str, state: ShardState, columns: Columns, row: int, column: int
) -> RowFile:
    """What was sent from another process; all of such share a few open files."""
    shard = Shard(
        path=path,
        state=state,
        changed_ns=0,
        columns=columns,
        features=None,
        split=None,
        ids=None,
        with_captions=False,
        pool=_pool_of_process,
    )
    return RowFile(name, size, shard, row, column)
