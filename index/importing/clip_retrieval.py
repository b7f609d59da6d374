"""Folders as clip-retrieval writes them: img_emb/, text_emb/ and metadata/, numbered alike.

``img_emb_0.npy`` and ``text_emb_0.npy`` have a vector for each row of ``metadata_0.parquet``, which
has the columns `image_path` and `caption`, and those of the JSON files that were beside the images
(of img2dataset `key`, `url` and others).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.embed.errors import UsageError
from anysense.embed.types import Modality, Origin
from anysense.index.catalog.records import make_id
from anysense.index.importing.arrays import open_npy
from anysense.index.importing.batches import VectorBatch, VectorColumn
from anysense.index.importing.parquet import count_rows, plain_names, read_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["ClipRetrievalFolder"]

_NAME_COLUMNS = ("key", "image_path", "url")
"""What a row is known by: keys may begin anew in each tar, and an address may give two pictures."""

_NUMBERED = re.compile(r"_(\d+)$")


class _Shard(NamedTuple):
    """The files of one number; there is one of vectors at least."""

    images: NDArray[Any] | None
    texts: NDArray[Any] | None
    name: str
    metadata: Path
    columns: list[str]

    @property
    def rows(self) -> int:
        vectors = self.images if self.images is not None else self.texts
        assert vectors is not None
        return len(vectors)


class ClipRetrievalFolder:
    """Rows of such a folder. See `anysense.index.importing.batches.VectorRows`.

    An item is a picture, with its caption as a second segment where that has a vector; without
    vectors of pictures it is a text. It is known by its key, path and address, where there are any
    of these, else by its caption; a row that has the same as an earlier one is left out.

    Args:
        folder: its path.
        dimension: the length that vectors must have.

    Raises:
        UsageError: files are missing, cannot be read, or do not fit each other.
    """

    is_strict = False

    def __init__(self, folder: str | Path, dimension: int) -> None:
        self._folder = Path(folder)
        self.dimension = dimension
        self._shards = self._open()
        self.count = sum(shard.rows for shard in self._shards)
        for shard in self._shards:
            if not {*_NAME_COLUMNS, "caption"} & set(shard.columns):
                raise UsageError(
                    f"{shard.metadata} has none of the columns {', '.join(_NAME_COLUMNS)} and "
                    "caption, so its rows cannot be told apart."
                )

    def id_batches(self) -> Iterator[VectorBatch]:
        return self._read((*_NAME_COLUMNS, "caption"))

    def batches(self) -> Iterator[VectorBatch]:
        return self._read(None)

    def _read(self, columns: Sequence[str] | None) -> Iterator[VectorBatch]:
        for shard in self._shards:
            names = shard.columns if columns is None else [c for c in shard.columns if c in columns]
            for part in read_parts(shard.metadata, names):
                yield self._batch(shard, part.start, part.values)

    def _batch(self, shard: _Shard, start: int, values: Sequence[Mapping[str, Any]]) -> VectorBatch:
        rows = slice(start - 1, start - 1 + len(values))
        captions = [_text(row.get("caption")) for row in values]
        with_captions = shard.texts is not None
        columns = []
        if shard.images is not None:
            columns.append(VectorColumn(shard.images[rows], [Modality.IMAGE] * len(values)))
        if shard.texts is not None:
            origin = Origin.CAPTION if columns else Origin.CONTENT
            modalities = [Modality.TEXT] * len(values)
            columns.append(VectorColumn(shard.texts[rows], modalities, captions, origin))
        left_out = {"caption"} if with_captions else set()
        return VectorBatch(
            shard.name,
            start,
            [_id(row, f"{shard.name}:{start + at}") for at, row in enumerate(values)],
            columns,
            [_text(row.get("url")) or _text(row.get("image_path")) for row in values],
            [_text(row.get("image_path")) for row in values],
            [{k: v for k, v in row.items() if k not in left_out} for row in values],
        )

    def _open(self) -> list[_Shard]:
        images = self._numbered("img_emb", ".npy")
        texts = self._numbered("text_emb", ".npy")
        metadata = self._numbered("metadata", ".parquet")
        if not images and not texts:
            raise UsageError(
                f"{self._folder} has neither img_emb/*.npy nor text_emb/*.npy: give a folder that "
                "`clip-retrieval inference` has written."
            )
        for name, files in {"img_emb": images, "text_emb": texts}.items():
            if files and files.keys() != metadata.keys():
                odd = sorted(files.keys() ^ metadata.keys())[0]
                lacking = "metadata" if odd in files else name
                raise UsageError(
                    f"{self._folder}/{lacking} has no file of the number {odd}, which the others "
                    "have: files are paired by their numbers."
                )
        return [self._shard(images.get(n), texts.get(n), metadata[n]) for n in sorted(metadata)]

    def _numbered(self, name: str, suffix: str) -> dict[int, Path]:
        """The files of a folder by their numbers."""
        found: dict[int, Path] = {}
        for path in sorted((self._folder / name).glob(f"*{suffix}")):
            match = _NUMBERED.search(path.stem)
            if match is None:
                raise UsageError(f"{path} has no number at the end of its name, as {name}_0 has.")
            number = int(match[1])
            if number in found:
                raise UsageError(f"{found[number]} and {path} have the same number.")
            found[number] = path
        return found

    def _shard(self, images: Path | None, texts: Path | None, metadata: Path) -> _Shard:
        rows = count_rows(metadata)
        image_array, text_array = (
            None if path is None else self._array(path, rows, metadata) for path in (images, texts)
        )
        name = str(images or texts)
        return _Shard(image_array, text_array, name, metadata, plain_names(metadata))

    def _array(self, path: Path, rows: int, metadata: Path) -> NDArray[Any]:
        array = open_npy(path)
        if len(array) != rows:
            raise UsageError(
                f"{path} has {len(array):,} vectors, and {metadata} has {rows:,} rows: they must "
                "be as many."
            )
        if array.shape[1] != self.dimension:
            raise UsageError(
                f"{path} has vectors of {array.shape[1]:,} numbers, and this encoder makes "
                f"{self.dimension:,}: name the one that made them with --encoder."
            )
        return array


def _id(row: Mapping[str, Any], place: str) -> str:
    """An id made of what a row is known by; of its place if it says nothing."""
    names = [f"{name}:{row[name]}" for name in _NAME_COLUMNS if row.get(name) not in (None, "")]
    caption = _text(row.get("caption"))
    return make_id("\0".join(names) or (f"caption:{caption}" if caption else place))


def _text(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None
