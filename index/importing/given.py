"""What `Collection.import_vectors` is given: arrays in memory, files, or a folder of vectors."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from anysense.embed.errors import UsageError
from anysense.embed.types import Modality
from anysense.index.importing.arrays import checked_array
from anysense.index.importing.batches import BATCH_ROWS, VectorBatch, VectorRows
from anysense.index.importing.clip_retrieval import ClipRetrievalFolder
from anysense.index.importing.run import import_rows, space_of
from anysense.index.importing.vector_files import batch_of, open_vector_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from anysense.index.folder.opened import OpenCollection
    from anysense.index.importing.report import ImportProgress, ImportReport

    Paths: TypeAlias = str | PathLike[str] | Sequence[str | PathLike[str]]

__all__ = ["ArrayRows", "import_vectors"]


def import_vectors(
    collection: OpenCollection,
    vectors: NDArray[Any] | Paths,
    *,
    encoder: str | None = None,
    modality: Modality | str | None = None,
    ids: Sequence[str] | str | Path | None = None,
    texts: Sequence[str | None] | None = None,
    sources: Sequence[str | None] | None = None,
    metadata: Sequence[Mapping[str, Any]] | str | Path | None = None,
    root: str | Path | None = None,
    progress: ImportProgress | None = None,
) -> ImportReport:
    """Add items whose vectors were made elsewhere, and publish the collection.

    An item of the same id is replaced if anything of it has changed. A few texts, and a few files
    below `root`, are encoded again, so that vectors of another model are refused.

    Args:
        collection: where they go.
        vectors: an array (n, dimension) of floats; or the path of a folder that clip-retrieval has
            written; or paths of .npy or Parquet files, as
            `anysense.index.importing.vector_files.open_vector_files` takes them.
        encoder: the name of the encoder that made them, one of the collection's; its only one if
            None.
        modality: what vectors were made from whose row does not say it.
        ids: of an array: n ids; of .npy files: the path of a file of them.
        texts: of an array: the words that vectors of texts were made from; of other items they are
            metadata.
        sources: of an array: what hits call each, such as the path or the address of a file.
        metadata: of an array: n mappings; of .npy files: the path of a table.
        root: a folder below which the files that sources name are looked for; items keep these, so
            that they are shown, and a later build of the folder knows them.
        progress: called with ``check``, ``import`` or ``publish``, how many rows are dealt with,
            and all.

    Raises:
        UsageError: something does not fit: nothing was written.
        EncoderError: the encoder cannot be used.
        StorageError: the disk refused; what was written before is kept.
        CollectionLockedError: another process is writing.
    """
    space = space_of(collection, encoder)
    kind = Modality(modality) if modality is not None else None
    rows: VectorRows
    if isinstance(vectors, np.ndarray):
        if isinstance(ids, (str, Path)) or isinstance(metadata, (str, Path)):
            raise UsageError("The ids and metadata of an array are lists, not paths of files.")
        lists = {"id": ids, "text": texts, "source": sources, "metadata": metadata}
        rows = ArrayRows(vectors, kind, lists)
    else:
        if texts is not None or sources is not None:
            raise UsageError("The texts and sources of files stand in their own columns.")
        rows = _files(vectors, space.dimension, kind, ids, metadata)
    if rows.dimension != space.dimension:
        raise UsageError(
            f"The vectors have {rows.dimension:,} numbers, and {space.id} makes "
            f"{space.dimension:,}: name the encoder that made them."
        )
    return import_rows(collection, rows, space, root=root, progress=progress)


def _files(
    given: Paths, dimension: int, modality: Modality | None, ids: Any, metadata: Any
) -> VectorRows:
    paths = [Path(path) for path in ([given] if isinstance(given, (str, PathLike)) else given)]
    if len(paths) == 1 and paths[0].is_dir():
        return ClipRetrievalFolder(paths[0], dimension)
    return open_vector_files(
        paths, dimension=dimension, modality=modality, ids=ids, metadata=metadata
    )


class ArrayRows:
    """Rows of an array in memory. See `anysense.index.importing.batches.VectorRows`.

    Args:
        vectors: (n, dimension).
        modality: of all of them.
        lists: of each row `id`, and optionally `text`, `source` and `metadata`.

    Raises:
        UsageError: it is no array of vectors, there are no ids, or a list has another length.
    """

    is_strict = True

    def __init__(
        self,
        vectors: NDArray[Any],
        modality: Modality | None,
        lists: Mapping[str, Sequence[Any] | None],
    ) -> None:
        self._vectors = checked_array(vectors, "The array of vectors")
        self._modality = modality
        self.count, self.dimension = vectors.shape
        self._lists = {name: values for name, values in lists.items() if values is not None}
        if "id" not in self._lists:
            raise UsageError("Vectors in memory need ids: give a list of them.")
        for name, values in self._lists.items():
            if len(values) != self.count:
                raise UsageError(
                    f"There are {self.count:,} vectors, and the list of {name} has "
                    f"{len(values):,}: they must be as many."
                )

    def id_batches(self) -> Iterator[VectorBatch]:
        return self.batches()

    def batches(self) -> Iterator[VectorBatch]:
        for start in range(0, self.count, BATCH_ROWS):
            rows = slice(start, start + BATCH_ROWS)
            vectors = self._vectors[rows]
            columns = [values[rows] for values in self._lists.values()]
            values = [
                dict(zip(self._lists, row, strict=True)) for row in zip(*columns, strict=True)
            ]
            yield batch_of("vectors", start + 1, vectors, values, self._modality)
