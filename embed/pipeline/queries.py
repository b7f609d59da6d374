"""From many queries to one vector each, encoded in batches, with a bound on the whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from anysense.embed.clips import pixels_of
from anysense.embed.errors import EmptyMediaError, EncoderError, MediaError, MediaTooLargeError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.files import OpenedFile
from anysense.embed.pipeline.forms import in_form
from anysense.embed.pipeline.query import check_length, query_segments, unit_mean
from anysense.embed.pipeline.reading import name_of, refusal
from anysense.embed.pipeline.turn import DEFAULT_BATCH, encode_in_turn
from anysense.embed.types import EmbeddedFile, Modality, Waveform
from anysense.embed.waiting import as_query, check_waiter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from anysense.embed.media.pieces import Piece
    from anysense.embed.pipeline.reading import MediaSource
    from anysense.embed.types import Encoder, FloatArray

__all__ = ["Amounts", "encode_queries"]


@dataclass
class Amounts:
    """How much some queries hold, all together.

    Attributes:
        characters: of the texts.
        seconds: of the sounds.
        pixels: of the pictures, as they were decoded.
    """

    characters: int = 0
    seconds: float = 0.0
    pixels: int = 0

    def check(self, most: Amounts, name: str) -> None:
        """Refuse what is more than there may be.

        Raises:
            MediaTooLargeError: under the name of what came last.
        """
        for unit in ("characters", "seconds", "pixels"):
            if getattr(self, unit) > getattr(most, unit):
                limit = f"{getattr(most, unit):,.0f} {unit}"
                reason = f"is too much with what came before it: at most {limit} are taken at once"
                raise MediaTooLargeError(name, f"{reason}; send fewer")


MOST = Amounts(characters=1_000_000, seconds=3600.0, pixels=500_000_000)
"""The most that is taken of queries that are asked together: some minutes of two cores."""


def encode_queries(
    encoder: Encoder,
    sources: Sequence[MediaSource],
    *,
    forms: Mapping[Modality, str] = MappingProxyType({}),
    limits: Limits = DEFAULT_LIMITS,
    most: Amounts = MOST,
) -> tuple[FloatArray, Amounts]:
    """One vector for each of some queries: that of `encode_query`, to rounding.

    Args:
        encoder: what encodes them.
        sources: the queries, each with its modality; errors call one by its key.
        forms: the form in which those of a modality are encoded, see `Space.form`; without one as
            items are.
        limits: of each.
        most: of all together.

    Returns:
        The vectors in the order of the queries, float32 of shape (len(sources), dimension), each
        of length 1, and how much the queries hold.

    Raises:
        MediaError: one cannot be read, is longer than a query may be, or is too much with those
            before it; its `source` is the key of that one.
        EncoderError: the encoder does not take the modality of one.
        AbandonedError, DeadlineError: nobody waits for them any more; see `anysense.embed.waiting`.
    """
    import numpy as np

    for source in sources:
        if source.modality not in encoder.space.modalities:
            raise EncoderError(f"The encoder '{encoder.space.id}' does not take {source.modality}.")
    parts: list[list[FloatArray]] = [[] for _ in sources]
    _check_texts(sources, limits, most)
    amounts = Amounts()
    with as_query():
        for modality in sorted({source.modality for source in sources if source.modality}):
            asking = in_form(encoder, forms.get(modality, ""))
            segments = _segments(asking, modality, sources, limits, amounts, most)
            _encode(encoder, modality, segments, parts)
    for source, vectors in zip(sources, parts, strict=True):
        if not vectors:
            raise EmptyMediaError(name_of(source), "holds no words, only punctuation or data")
    if not sources:
        return np.zeros((0, encoder.space.dimension), np.float32), amounts
    return np.stack([unit_mean(np.stack(vectors)) for vectors in parts]), amounts


def _check_texts(sources: Sequence[MediaSource], limits: Limits, most: Amounts) -> None:
    """Refuse texts that are too long, each or together, before the first of them is encoded.

    Raises:
        MediaTooLargeError: under the name of the first that is too much.
    """
    amounts = Amounts()
    for source in sources:
        if isinstance(source.content, str):
            check_length(source, len(source.content), Modality.TEXT, limits)
            amounts.characters += len(source.content)
            amounts.check(most, name_of(source))


def _encode(
    encoder: Encoder,
    modality: Modality,
    segments: Iterator[tuple[int, Any]],
    parts: list[list[FloatArray]],
) -> None:
    """Encode segments of one modality, and put each vector with those of its query."""
    batch: list[tuple[int, Any]] = []

    def run() -> None:
        check_waiter()
        vectors = encode_in_turn(encoder, modality, [content for _, content in batch])
        for (place, _), vector in zip(batch, vectors, strict=True):
            parts[place].append(vector)
        batch.clear()

    for segment in segments:
        batch.append(segment)
        if len(batch) == DEFAULT_BATCH:
            run()
    if batch:
        run()


def _segments(
    encoder: Encoder,
    modality: Modality,
    sources: Sequence[MediaSource],
    limits: Limits,
    amounts: Amounts,
    most: Amounts,
) -> Iterator[tuple[int, Any]]:
    """The prepared segments of the queries of one modality, each with the place of its query."""
    for place, source in enumerate(sources):
        if source.modality is not modality:
            continue
        check_waiter()
        count = partial(_count, amounts, most, name_of(source))
        seconds = amounts.seconds
        try:
            for segment in query_segments(encoder, modality, source, limits, count):
                if modality is Modality.AUDIO:
                    amounts.seconds = seconds + (segment.place.end or 0.0)
                    amounts.check(most, name_of(source))
                yield place, segment.content
        except MediaError as error:
            raise refusal(source, error) from error


def _count(amounts: Amounts, most: Amounts, name: str, pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Some pieces of a query as they are, counted on their way."""
    for piece in pieces:
        if isinstance(piece.content, str):
            amounts.characters += len(piece.content)
        elif piece.modality is Modality.IMAGE:
            assert not isinstance(
                piece.content, Path | bytes | OpenedFile | EmbeddedFile | Waveform
            )
            amounts.pixels += pixels_of(piece.content)
        amounts.check(most, name)
        yield piece
