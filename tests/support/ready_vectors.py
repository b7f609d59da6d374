"""Vectors of the tiny encoder as others would have made and kept them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow
from pyarrow import parquet
from tiny import TinyEncoder

from anysense.embed.pipeline.stream import MediaSource, encode_sources
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from anysense.embed.types import Encoder
    from anysense.index.importing.report import ImportReport

TEXTS = ["a red note", "green and blue", "low and red", "a dark evening"]


def vectors_of(contents: Sequence[Path | str], encoder: Encoder | None = None) -> NDArray[Any]:
    """What an encoder makes of files and texts, (n, dimension); each has one segment."""
    sources = (
        MediaSource(at, content, Modality.TEXT if isinstance(content, str) else None)
        for at, content in enumerate(contents)
    )
    encoded = encode_sources([encoder or TinyEncoder()], sources, captions=False)
    return np.stack([each.segments[0].vector for each in encoded])


def write_table(file: Path, vectors: NDArray[Any], **columns: Any) -> Path:
    """A Parquet file of vectors, in lists of the length that they have."""
    flat = pyarrow.array(np.ascontiguousarray(vectors).reshape(-1))
    lists = pyarrow.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    parquet.write_table(pyarrow.table({**columns, "vector": lists}), file)
    return file


def write_shard(
    folder: Path,
    number: int,
    *,
    images: NDArray[Any] | None = None,
    texts: NDArray[Any] | None = None,
    **metadata: Any,
) -> None:
    """The files of one number as clip-retrieval writes them."""
    for name, vectors in (("img_emb", images), ("text_emb", texts)):
        if vectors is not None:
            (folder / name).mkdir(parents=True, exist_ok=True)
            np.save(folder / name / f"{name}_{number}.npy", vectors)
    (folder / "metadata").mkdir(parents=True, exist_ok=True)
    table = pyarrow.table(metadata)
    parquet.write_table(table, folder / "metadata" / f"metadata_{number}.parquet")


def counts(report: ImportReport) -> dict[str, int]:
    """The counts that are not zero."""
    names = ("added", "updated", "unchanged", "repeated", "quarantined")
    return {name: getattr(report, name) for name in names if getattr(report, name)}
