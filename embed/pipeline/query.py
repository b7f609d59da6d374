"""From one query to its vectors, or to one, which somebody waits for."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.embed.errors import EncoderError, MediaTooLargeError
from anysense.embed.limits import CODEC_PADDING, DEFAULT_LIMITS, Limits
from anysense.embed.media.identify import format_of_media
from anysense.embed.media.pieces import ReadOptions
from anysense.embed.pipeline.covering import covering
from anysense.embed.pipeline.forms import in_form
from anysense.embed.pipeline.merging import first_frames
from anysense.embed.pipeline.reading import (
    MediaSource,
    name_of,
    picture_sides,
    pieces_of,
    prepare_pieces,
    video_inputs,
    window_seconds,
)
from anysense.embed.pipeline.turn import DEFAULT_BATCH, encode_in_turn
from anysense.embed.types import Kind, Modality, Waveform
from anysense.embed.waiting import as_query, check_waiter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anysense.embed.media.pieces import Piece
    from anysense.embed.pipeline.lookahead import Prepared
    from anysense.embed.pipeline.reading import SourceContent
    from anysense.embed.types import Encoder, FloatArray, Place

__all__ = [
    "QueryVectors",
    "check_length",
    "encode_query",
    "encode_several",
    "query_segments",
    "several_of",
    "unit_mean",
]


class QueryVectors(NamedTuple):
    """The vectors of one query in one space.

    Attributes:
        mean: of all its segments, (d,), of length 1; of one segment its vector to the bit.
        several: a few that stand for all of them, (n, d); see `anysense.embed.pipeline.covering`.
    """

    mean: FloatArray
    several: FloatArray

    @staticmethod
    def of(vectors: FloatArray) -> QueryVectors:
        """Those of segments, (n, d) of length 1."""
        return QueryVectors(unit_mean(vectors), several_of(vectors))


def several_of(vectors: FloatArray) -> FloatArray:
    """A few of some vectors, (n, d) of length 1, that stand for all of them."""
    return vectors if len(vectors) == 1 else vectors[covering(vectors)]


def encode_query(
    encoder: Encoder,
    modality: Modality,
    content: SourceContent,
    form: str = "",
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> FloatArray:
    """One vector for one query, of shape (dimension,) and length 1.

    Without a form it is the vector that indexing gives the same content, to rounding; of content
    with several segments, it is the normalised mean of theirs.

    Args:
        encoder: what encodes it.
        modality: what the query is.
        content: the query itself.
        form: the name of one of the forms of the encoder's space; see `Space.form`.
        limits: of it.

    Raises:
        MediaError: the query cannot be read, or is longer than a query may be.
        EncoderError: the encoder does not take this modality.
        AbandonedError, DeadlineError: nobody waits for it any more; see `anysense.embed.waiting`.
    """
    vectors, _ = _encoded(encoder, modality, content, form, limits)
    return unit_mean(vectors)


def encode_several(
    encoder: Encoder,
    modality: Modality,
    content: SourceContent,
    form: str = "",
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> QueryVectors:
    """The vectors of one query: of a film some of each scene, of a document some of its passages.

    Args, and what is raised: as of `encode_query`.
    """
    vectors, places = _encoded(encoder, modality, content, form, limits)
    mean = unit_mean(vectors)
    if modality is Modality.IMAGE and getattr(encoder, "video", None) is None:
        vectors = vectors[first_frames(places, vectors)]  # those that a collection keeps
    return QueryVectors(mean, several_of(vectors))


def _encoded(
    encoder: Encoder, modality: Modality, content: SourceContent, form: str, limits: Limits
) -> tuple[FloatArray, list[Place]]:
    """The vectors of all segments of a query, (n, d), and where in it they are."""
    import numpy as np

    if modality not in encoder.space.modalities:
        raise EncoderError(f"The encoder '{encoder.space.id}' does not take {modality}.")
    source = MediaSource("the query", content, modality)
    parts: list[FloatArray] = []
    places: list[Place] = []
    batch: list[Any] = []
    with as_query():
        for segment in query_segments(in_form(encoder, form), modality, source, limits):
            if batch and len(batch) >= _most_at_once(encoder):
                check_waiter()
                parts.append(encode_in_turn(encoder, modality, batch))
                batch = []
            batch.append(segment.content)
            places.append(segment.place)
        check_waiter()
        if batch:
            parts.append(encode_in_turn(encoder, modality, batch))
    return np.concatenate(parts), places


def _most_at_once(encoder: Encoder) -> int:
    """How many segments of a query a model gets in one turn.

    Not asked for a query of one: to tell it, an encoder may have to load what that can do without.
    """
    return max(1, min(DEFAULT_BATCH, int(getattr(encoder, "batch_size", DEFAULT_BATCH)) // 2))


def unit_mean(vectors: FloatArray) -> FloatArray:
    """The normalised mean of unit vectors, of shape (dimension,); of one, that one to the bit."""
    import numpy as np

    if len(vectors) == 1:
        only: FloatArray = vectors[0]
        return only
    mean = vectors.mean(axis=0, dtype=np.float64)
    unit: FloatArray = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
    return unit


def query_segments(
    encoder: Encoder,
    modality: Modality,
    source: MediaSource,
    limits: Limits,
    through: Callable[[Iterator[Piece]], Iterator[Piece]] = iter,
) -> Iterator[Prepared]:
    """The segments of something to search by, which may be no longer than a query.

    Args:
        encoder: what prepares them.
        modality: what is taken of it.
        source: what to search by.
        limits: of it.
        through: its pieces pass through this on their way, as for being counted.

    Raises:
        MediaError: it cannot be read, or is too long.
    """
    check_length(source, _length(source, modality, limits), modality, limits)
    limits = replace(limits, image_pixels=min(limits.image_pixels, limits.query_image_pixels))
    options = ReadOptions(
        frozenset({modality}),
        captions=False,
        motion=False,
        limits=limits,
        sides=picture_sides([encoder]),
        videos=video_inputs([encoder]),
        window_seconds=window_seconds([encoder]),
    )
    _, pieces = pieces_of(source, options)
    with closing(pieces):
        for segment in prepare_pieces([encoder], through(pieces), options):
            check_length(source, segment.place.end, modality, limits)
            yield segment


def _length(source: MediaSource, modality: Modality, limits: Limits) -> float | None:
    """How long a source is, where that can be known before it is read."""
    content = source.content
    if modality is Modality.AUDIO and isinstance(content, (Path, bytes)):
        from anysense.embed.media.audio.recording import stated_seconds

        is_recording = format_of_media(content, limits).kind is Kind.AUDIO
        return stated_seconds(content, limits) if is_recording else None
    if isinstance(content, Waveform):
        return len(content.samples) / max(1, content.rate)
    return len(content) if isinstance(content, str) else None


def check_length(
    source: MediaSource, length: float | None, modality: Modality, limits: Limits
) -> None:
    """Refuse what is longer than a query may be, if it is known how long it is.

    Raises:
        MediaTooLargeError: so it is.
    """
    most = {
        Modality.AUDIO: limits.query_audio_seconds,
        Modality.IMAGE: limits.query_video_seconds,
        Modality.TEXT: limits.query_text_characters,
    }
    padding = 0.0 if modality is Modality.TEXT else CODEC_PADDING
    if length is None or length <= most.get(modality, length) + padding:
        return
    unit = "characters" if modality is Modality.TEXT else "seconds"
    raise MediaTooLargeError(
        name_of(source),
        f"is longer than the limit of {most[modality]:,.0f} {unit} for a query; search by a part "
        "of it",
    )
