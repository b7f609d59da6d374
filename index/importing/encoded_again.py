"""Whether vectors are of the encoder that is named: some texts and files are encoded again.

Vectors of another model lie in another space, whatever their length: their cosines to what this
encoder makes are near nothing. Those of the same model are not the same to the bit: half precision,
other sizes of batches and other libraries that shrink pictures move them a little. The figures that
the bounds go by are in docs/decisions.md.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import UsageError
from anysense.embed.types import EncodedSegment, Modality
from anysense.index.importing.arrays import unusable_rows
from anysense.index.importing.records import file_under
from anysense.index.importing.report import EncodedAgain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from anysense.embed.pipeline.stream import MediaSource
    from anysense.embed.types import Encoder
    from anysense.index.importing.batches import VectorBatch

__all__ = ["FILE_COSINE", "SAMPLES", "TEXT_COSINE", "check_encoder"]

SAMPLES = 8
"""So many texts and so many files are encoded again at most."""

TEXT_COSINE = 0.99
"""The least median of the cosines of texts."""

FILE_COSINE = 0.95
"""The least median of the cosines of files, which may have been shrunk and saved again since."""


def check_encoder(batch: VectorBatch, encoder: Encoder, root: str | None) -> EncodedAgain:
    """Encode some texts, and some files below a folder, again.

    Args:
        batch: rows, whose texts and files are tried.
        encoder: what is said to have made their vectors.
        root: the real path of a folder below which files are looked for; none is if None.

    Returns:
        What was compared. Nothing is if there are no texts and no files, or none can be read.

    Raises:
        UsageError: the vectors are of another encoder.
    """
    texts = _cosines(encoder, _texts(batch, encoder))
    files = _cosines(encoder, _files(batch, root))
    for cosines, least, what in ((texts, TEXT_COSINE, "text"), (files, FILE_COSINE, "file")):
        if cosines and median(cosines) < least:
            count = f"{len(cosines)} {what}{'s' if len(cosines) > 1 else ''}"
            raise UsageError(
                f"The vectors of {batch.file} were not made by {encoder.space.id}: to those that "
                f"it makes of {count} anew they have cosines around {median(cosines):.2f}, where "
                f"{least} is the least; name the encoder that made them with --encoder."
            )
    return EncodedAgain(
        len(texts), median(texts) if texts else None, len(files), median(files) if files else None
    )


def _texts(batch: VectorBatch, encoder: Encoder) -> Iterator[tuple[MediaSource, NDArray[Any]]]:
    """Texts with their vectors: such as one vector says all of."""
    from anysense.embed.pipeline.stream import MediaSource

    for column in batch.columns:
        unusable = set(unusable_rows(column.vectors).tolist())
        for at in _spread(len(column.texts)):
            text = column.texts[at]
            is_usable = at not in unusable and column.modalities[at] is Modality.TEXT
            if is_usable and text and text.strip() and len(encoder.passages(text)) == 1:
                yield MediaSource(at, text, Modality.TEXT), column.vectors[at]


def _files(batch: VectorBatch, root: str | None) -> Iterator[tuple[MediaSource, NDArray[Any]]]:
    """Files that are there, with their vectors."""
    from anysense.embed.pipeline.stream import MediaSource

    column = batch.columns[0]
    unusable = set(unusable_rows(column.vectors).tolist())
    for at in _spread(len(batch.paths)) if root is not None else ():
        path, modality = batch.paths[at], column.modalities[at]
        file = file_under(root or "", path) if path and modality is not Modality.TEXT else None
        if file is not None and at not in unusable:
            yield MediaSource(at, Path(file), modality), column.vectors[at]


def _spread(count: int) -> Sequence[int]:
    """The places of rows in an order in which the first few are from all over them."""
    step = max(1, count // SAMPLES)
    return [at for first in range(step) for at in range(first, count, step)]


def _cosines(encoder: Encoder, pairs: Iterator[tuple[MediaSource, NDArray[Any]]]) -> list[float]:
    """The cosines of given vectors to new ones, as far as these can be made of one segment."""
    from anysense.embed.pipeline.stream import encode_sources

    cosines: list[float] = []
    wanted: list[NDArray[Any]] = []

    def sources() -> Iterator[MediaSource]:
        for source, vector in pairs:
            wanted.append(np.asarray(vector, np.float32))
            yield source

    stream = encode_sources([encoder], sources(), captions=False, workers=1)
    with closing(stream):
        for place, encoded in enumerate(stream):
            own = [s for s in encoded.segments if s.modality is encoded.source.modality]
            if len(own) == 1:
                cosines.append(_cosine(own[0], wanted[place]))
            if len(cosines) == SAMPLES:
                break
    return cosines


def _cosine(segment: EncodedSegment, vector: NDArray[Any]) -> float:
    return float(segment.vector @ (vector / np.linalg.norm(vector)))
