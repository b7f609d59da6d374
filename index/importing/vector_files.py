"""Files of vectors: .npy with what is said of their rows beside them, or Parquet that has both."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.embed.types import Modality
from anysense.index.building.sources.table import id_text
from anysense.index.building.tables.reading import read_rows
from anysense.index.building.tables.row import ROW_SUFFIXES
from anysense.index.importing.arrays import open_npy
from anysense.index.importing.batches import BATCH_ROWS, VectorBatch, VectorColumn
from anysense.index.importing.parquet import (
    count_rows,
    plain_names,
    read_parts,
    vector_column,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Set

__all__ = ["NpyFiles", "ParquetFiles", "batch_of", "modality_named", "open_vector_files"]

NOT_METADATA = frozenset({"id", "modality", "source", "text"})


def open_vector_files(
    files: Sequence[str | Path],
    *,
    dimension: int,
    modality: Modality | None = None,
    ids: str | Path | None = None,
    metadata: str | Path | None = None,
) -> NpyFiles | ParquetFiles:
    """Open files of vectors, all of one kind.

    Args:
        files: .npy files of vectors (n, dimension), or Parquet files with the columns `id` and
            `vector`, and optionally `modality`, `text`, `source` and others, which are metadata.
        dimension: the length that vectors must have.
        modality: what vectors were made from whose row does not say it.
        ids: of .npy files: a text file with an id a line.
        metadata: of .npy files: a JSONL, CSV or Parquet file with as many rows as they have
            together, in their order, and the same columns as above but for the vectors.

    Raises:
        UsageError: a file is missing or cannot be read, or does not fit the others.
    """
    paths = [Path(file) for file in files]
    if not paths:
        raise UsageError("Give at least one file of vectors.")
    for path in (*paths, *(Path(each) for each in (ids, metadata) if each is not None)):
        if not path.is_file():
            raise UsageError(f"{path}: no such file.")
    suffixes = {path.suffix.lower() for path in paths}
    if suffixes == {".parquet"}:
        if ids is not None or metadata is not None:
            raise UsageError("Parquet files have ids and metadata in their own columns.")
        return ParquetFiles(paths, dimension, modality)
    if suffixes != {".npy"}:
        raise UsageError("Vectors are read from .npy files or from Parquet files, one kind a time.")
    said = None if metadata is None else Path(metadata)
    return NpyFiles(paths, dimension, modality, None if ids is None else Path(ids), said)


class ParquetFiles:
    """Rows of Parquet files. See `anysense.index.importing.batches.VectorRows`."""

    is_strict = True

    def __init__(self, paths: Sequence[Path], dimension: int, modality: Modality | None) -> None:
        self._files = [(path, vector_column(path), plain_names(path)) for path in paths]
        self._modality = modality
        self.dimension = dimension
        self.count = sum(count_rows(path) for path in paths)
        for path, _, names in self._files:
            if "id" not in names:
                raise UsageError(f"{path} has no column named id: give each row an id of its own.")

    def id_batches(self) -> Iterator[VectorBatch]:
        return self._read({"id", "modality"})

    def batches(self) -> Iterator[VectorBatch]:
        return self._read(None)

    def _read(self, columns: Set[str] | None) -> Iterator[VectorBatch]:
        for path, vectors, names in self._files:
            wanted = [name for name in names if columns is None or name in columns]
            for part in read_parts(path, wanted, vectors, self.dimension):
                yield batch_of(str(path), part.start, part.vectors, part.values, self._modality)


class NpyFiles:
    """Rows of .npy files. See `anysense.index.importing.batches.VectorRows`.

    Without ids a row is called after its file and its place there: ``vectors/17``.
    """

    is_strict = True

    def __init__(
        self,
        paths: Sequence[Path],
        dimension: int,
        modality: Modality | None,
        ids: Path | None,
        metadata: Path | None,
    ) -> None:
        self._arrays = [(path, open_npy(path)) for path in paths]
        self._modality, self._ids, self._metadata = modality, ids, metadata
        self.dimension = dimension
        self.count = sum(len(array) for _, array in self._arrays)
        for path, array in self._arrays:
            if array.shape[1] != dimension:
                raise UsageError(
                    f"{path} has vectors of {array.shape[1]:,} numbers, where {dimension:,} are "
                    "needed: name the encoder that made them."
                )
        if metadata is not None and metadata.suffix.lower() not in ROW_SUFFIXES:
            raise UsageError(f"{metadata}: metadata is read from JSONL, CSV or Parquet.")

    def id_batches(self) -> Iterator[VectorBatch]:
        return self.batches()  # ids may stand in what is said of the vectors

    def batches(self) -> Iterator[VectorBatch]:
        rows = self._rows()
        for path, array in self._arrays:
            for start in range(0, len(array), BATCH_ROWS):
                vectors = array[start : start + BATCH_ROWS]
                values = list(islice(rows, len(vectors)))
                if len(values) < len(vectors):
                    raise UsageError(self._misfit("fewer"))
                for at, value in enumerate(values):
                    value.setdefault("id", f"{path.stem}/{start + at + 1}")
                yield batch_of(str(path), start + 1, vectors, values, self._modality)
        if next(rows, None) is not None:
            raise UsageError(self._misfit("more"))

    def _misfit(self, how: str) -> str:
        names = " and ".join(str(p) for p in (self._ids, self._metadata) if p is not None)
        return f"{names} has {how} rows than there are vectors ({self.count:,})."

    def _rows(self) -> Iterator[dict[str, Any]]:
        """What is said of each vector, in order."""
        if self._ids is None and self._metadata is None:
            yield from ({} for _ in range(self.count))
            return
        if self._metadata is None:
            yield from ({"id": item_id} for item_id in self._lines())
            return
        ids = self._lines() if self._ids is not None else None
        for row in read_rows(self._metadata):
            if row.problem is not None:
                raise UsageError(f"{self._metadata}:{row.line}: {row.problem}.")
            if ids is None:
                yield dict(row.values)
                continue
            item_id = next(ids, None)
            if item_id is None:
                raise UsageError(f"{self._ids} has fewer rows than {self._metadata}.")
            yield {**row.values, "id": item_id}
        if ids is not None and next(ids, None) is not None:
            raise UsageError(f"{self._ids} has more rows than {self._metadata}.")

    def _lines(self) -> Iterator[str]:
        assert self._ids is not None
        if self._ids.suffix.lower() in ROW_SUFFIXES:
            for row in read_rows(self._ids, ["id"]):
                yield _id(row.values, f"{self._ids}:{row.line}")
            return
        with self._ids.open(encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                yield line.rstrip("\r\n")


@dataclass(frozen=True)
class _Words:
    """What rows say, column by column."""

    ids: list[str]
    modalities: list[Modality]
    texts: list[str | None]
    sources: list[str | None]
    metadata: list[Mapping[str, Any]]


def batch_of(
    file: str,
    start: int,
    vectors: Any,
    values: Sequence[Mapping[str, Any]],
    modality: Modality | None,
) -> VectorBatch:
    """A batch of rows with one vector each.

    Args:
        file: what messages call the file.
        start: the number of the first row, from 1.
        vectors: (n, dimension).
        values: what each row says: `id`, and optionally `modality`, `text`, `source`; all else is
            metadata, and so is the text of what is no text, which has no vector.
        modality: of rows that do not say it.

    Raises:
        UsageError: a row has no id or no modality.
    """
    words = _Words([], [], [], [], [])
    for at, row in enumerate(values):
        _add_row(words, row, f"{file}:{start + at}", modality)
    column = VectorColumn(vectors, words.modalities, words.texts)
    return VectorBatch(
        file, start, words.ids, [column], words.sources, words.sources, words.metadata
    )


def _add_row(words: _Words, row: Mapping[str, Any], place: str, modality: Modality | None) -> None:
    named = row.get("modality")
    if named is not None:
        modality = modality_named(named, place)
    if modality is None:
        raise UsageError(
            f"{place} does not say what its vector was made from: give it a column modality "
            "(text, image or audio), or --modality for all."
        )
    text, source = row.get("text"), row.get("source")
    metadata = {k: v for k, v in row.items() if k not in NOT_METADATA and k != "metadata"}
    nested = row.get("metadata")
    metadata = {**nested, **metadata} if isinstance(nested, dict) else metadata
    if modality is not Modality.TEXT and text is not None:
        metadata["text"] = text
    words.ids.append(_id(row, place))
    words.modalities.append(modality)
    words.texts.append(str(text) if modality is Modality.TEXT and text is not None else None)
    words.sources.append(None if source is None else str(source))
    words.metadata.append(metadata)


def modality_named(name: Any, place: str) -> Modality:
    """The modality of a name in a row.

    Raises:
        UsageError: it is none.
    """
    try:
        return Modality(name)
    except ValueError:
        names = ", ".join(m.value for m in Modality)
        raise UsageError(f"{place}: its modality is {name!r}, not one of {names}.") from None


def _id(row: Mapping[str, Any], place: str) -> str:
    try:
        item_id = id_text(row.get("id"))
    except ValueError as error:
        raise UsageError(f"{place}: {error}.") from None
    if item_id is None:
        raise UsageError(f"{place} has no id: give each row one of its own.")
    return item_id
