"""Rows from all over an import whose texts or files can be encoded again."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from anysense.embed.pipeline.reading import MediaSource
from anysense.embed.types import Modality
from anysense.index.importing.arrays import unusable_rows
from anysense.index.importing.records import file_under

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from anysense.embed.types import Encoder
    from anysense.index.importing.batches import VectorBatch, VectorColumn

    Sample: TypeAlias = "tuple[MediaSource, NDArray[Any]]"
    Content: TypeAlias = "Callable[[int], str | Path | None]"

__all__ = ["SAMPLES", "Samples", "take_samples"]

SAMPLES = 8
"""So many texts and so many files are encoded again at most."""

_OF_EACH_PART = 4
"""Of each part of the rows so many are taken, as some may turn out to be no help."""

_TRIED = 2048
"""Of each part so many rows are looked at, at most."""


class Samples:
    """Texts, or files, with their vectors: rows are parted into as many parts as are wanted.

    Args:
        count: how many rows there are in all.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._parts: list[list[Sample]] = [[] for _ in range(SAMPLES)]
        self._left = [_TRIED] * SAMPLES

    def take(self, column: VectorColumn, place: int, count: int, content: Content) -> None:
        """Take what is wanted of some rows.

        Args:
            column: their vectors.
            place: of the first of them among all, from 0.
            count: of them.
            content: what can be encoded of a row, by its place among these; None if nothing can.
        """
        wanted = [at for at in _spread(count) if self._is_wanted(place + at)]
        unusable = set(unusable_rows(column.vectors).tolist()) if wanted else set()
        for at in wanted:
            part = self._part(place + at)
            if at in unusable or not self._is_wanted(place + at):
                continue
            self._left[part] -= 1
            found = content(at)
            if found is not None:
                source = MediaSource(place + at, found, column.modalities[at])
                self._parts[part].append((source, np.array(column.vectors[at], np.float32)))

    def __iter__(self) -> Iterator[Sample]:
        """One of each part, then a second one of each, and so on."""
        for turn in zip_longest(*self._parts):
            yield from (sample for sample in turn if sample is not None)

    def _is_wanted(self, place: int) -> bool:
        part = self._part(place)
        return len(self._parts[part]) < _OF_EACH_PART and self._left[part] > 0

    def _part(self, place: int) -> int:
        return min(place * SAMPLES // max(1, self._count), SAMPLES - 1)


def take_samples(
    batches: Iterable[VectorBatch], count: int, encoder: Encoder, root: str | None
) -> tuple[Samples, Samples]:
    """Texts and files of rows from all over an import.

    Args:
        batches: all rows.
        count: how many there are.
        encoder: of texts those are taken that it reads as one passage.
        root: the real path of a folder below which files are looked for; none is if None.
    """
    texts, files, place = Samples(count), Samples(count), 0
    for batch in batches:
        for column in batch.columns:
            texts.take(column, place, len(column.texts), _text_in(column, encoder))
        if root is not None:
            column = batch.columns[0]
            files.take(column, place, len(batch.paths), _file_in(batch, column, root))
        place += len(batch.ids)
    return texts, files


def _text_in(column: VectorColumn, encoder: Encoder) -> Content:
    def text(at: int) -> str | None:
        """Such as one vector says all of."""
        words = column.texts[at]
        is_text = column.modalities[at] is Modality.TEXT and words and words.strip()
        return words if is_text and words and len(encoder.passages(words)) == 1 else None

    return text


def _file_in(batch: VectorBatch, column: VectorColumn, root: str) -> Content:
    def file(at: int) -> Path | None:
        path = batch.paths[at]
        if not path or column.modalities[at] is Modality.TEXT:
            return None
        found = file_under(root, path)
        return None if found is None else Path(found)

    return file


def _spread(count: int) -> list[int]:
    """The places of rows in an order in which the first few are from all over them."""
    step = max(1, count // SAMPLES)
    return [at for first in range(step) for at in range(first, count, step)]
