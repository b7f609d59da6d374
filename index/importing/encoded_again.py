"""Whether vectors are of the encoder that is named: some texts and files are encoded again.

Vectors of another model lie in another space, whatever their length: their cosines to what this
encoder makes are near nothing. Those of the same model are not the same to the bit: half precision,
other sizes of batches and other libraries that shrink pictures move them a little. The figures that
the bounds go by are in docs/decisions.md.
"""

from __future__ import annotations

from contextlib import closing
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import UsageError
from anysense.index.importing.report import EncodedAgain
from anysense.index.importing.samples import SAMPLES, take_samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from anysense.embed.pipeline.stream import MediaSource
    from anysense.embed.types import EncodedSegment, Encoder
    from anysense.index.importing.batches import VectorRows

__all__ = ["FILE_COSINE", "TEXT_COSINE", "check_encoder"]

TEXT_COSINE = 0.99
"""The least median of the cosines of texts."""

FILE_COSINE = 0.95
"""The least median of the cosines of files, which may have been shrunk and saved again since."""


def check_encoder(rows: VectorRows, encoder: Encoder, root: str | None) -> EncodedAgain:
    """Encode some texts, and some files below a folder, again: of rows from all over.

    Args:
        rows: whose texts and files are tried.
        encoder: what is said to have made their vectors.
        root: the real path of a folder below which files are looked for; none is if None.

    Returns:
        What was compared. Nothing is if there are no texts and no files, or none can be read.

    Raises:
        UsageError: the vectors are of another encoder, or a file of rows cannot be read.
    """
    chosen_texts, chosen_files = take_samples(rows.batches(), rows.count, encoder, root)
    texts, files = _cosines(encoder, iter(chosen_texts)), _cosines(encoder, iter(chosen_files))
    for cosines, least, what in ((texts, TEXT_COSINE, "text"), (files, FILE_COSINE, "file")):
        if cosines and median(cosines) < least:
            count = f"{len(cosines)} {what}{'s' if len(cosines) > 1 else ''}"
            file = next(batch.file for batch in rows.batches())
            raise UsageError(
                f"The vectors of {file} were not made by {encoder.space.id}: to those that "
                f"it makes of {count} anew they have cosines around {median(cosines):.2f}, where "
                f"{least} is the least; name the encoder that made them with --encoder."
            )
    return EncodedAgain(
        len(texts), median(texts) if texts else None, len(files), median(files) if files else None
    )


def _cosines(encoder: Encoder, pairs: Iterator[tuple[MediaSource, NDArray[Any]]]) -> list[float]:
    """The cosines of given vectors to new ones, as far as these can be made of one segment."""
    from anysense.embed.pipeline.stream import encode_sources

    cosines: list[float] = []
    wanted: list[NDArray[Any]] = []

    def sources() -> Iterator[MediaSource]:
        for source, vector in pairs:
            wanted.append(vector)
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
