"""From a source to segments that are ready for their models."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from anysense.embed.errors import (
    CorruptMediaError,
    EmptyMediaError,
    MediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
    UsageError,
)
from anysense.embed.media.files import LoadedFile, OpenedFile, media_suffix
from anysense.embed.media.identify import MEDIA_SUFFIXES
from anysense.embed.media.pieces import Piece, ReadOptions, captions, read_pieces
from anysense.embed.pipeline.cutting import cut_passages
from anysense.embed.pipeline.lookahead import Prepared
from anysense.embed.types import (
    Clip,
    EmbeddedFile,
    Encoder,
    Kind,
    Modality,
    Origin,
    Place,
    VideoInput,
    Waveform,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from PIL.Image import Image

    SourceContent: TypeAlias = "Path | bytes | EmbeddedFile | str | Image | Clip | Waveform"

__all__ = [
    "MediaSource",
    "name_of",
    "picture_sides",
    "pieces_of",
    "prepare_pieces",
    "refusal",
    "video_inputs",
    "window_seconds",
]

_log = logging.getLogger("anysense")

READ_AT_ONCE = 64 * 1024**2
"""Bytes of a file inside of another that are held in memory, so that it is opened only once."""


@dataclass(frozen=True)
class MediaSource:
    """Something to encode: a file, a payload, a text, a picture or a sound.

    Attributes:
        key: the caller's own name for it; not looked at.
        content: a `Path` of a file, `bytes` of a payload, an `EmbeddedFile`, a `str` that is itself
            the text, a `PIL.Image.Image`, a `Clip`, or a `Waveform` of any rate.
        modality: what it is; found out where it is None.
        sidecars: files beside it whose words belong to it.
        captions: words that belong to it.
    """

    key: Any
    content: SourceContent
    modality: Modality | None = None
    sidecars: Sequence[Path] = field(default=())
    captions: Sequence[str] = field(default=())


def name_of(source: MediaSource) -> str:
    """What errors call a source: its path, or the caller's key."""
    return str(source.content if isinstance(source.content, Path) else source.key)


def pieces_of(source: MediaSource, options: ReadOptions) -> tuple[Kind, Generator[Piece]]:
    """What a source is, and its pieces: those of its content, then the words that belong to it.

    Whoever does not take them to their end is to close them, which closes the file.

    Raises:
        MediaError: it cannot be read, or is not what it is given as; also while iterating.
    """
    content = source.content
    if isinstance(content, EmbeddedFile) and content.size <= READ_AT_ONCE:
        data = content.read()  # whose size may not have been known before
        content = LoadedFile(content.name, len(data), data)
    if isinstance(content, (Path, bytes, EmbeddedFile)):
        kind, pieces = read_pieces(content, options, source.modality)
        is_stray = _is_unnamed(source.content) and source.modality is None
        if is_stray and kind is Kind.TEXT:  # a text would stand there as one
            raise UnsupportedMediaError(
                name_of(source), "holds bytes that are no picture, sound or document, but a text"
            )
    else:
        piece = _piece_of(source, options)
        kind = Kind.VIDEO if isinstance(content, Clip) else Kind(piece.modality.value)
        pieces = _with_words_in_it(piece, source, options)
        if source.modality not in (None, piece.modality):
            what = type(content).__name__
            raise UnsupportedMediaError(
                name_of(source), f"is given as {source.modality}, but holds a {what}"
            )
    if options.takes_speech:
        from anysense.embed.media.speech.transcript import with_transcript

        assert options.recogniser is not None
        pieces = with_transcript(pieces, options.recogniser, options.limits)
    return kind, _with_words(pieces, source, options)


def _is_unnamed(content: SourceContent) -> bool:
    """Whether it is a file of which no name says what it is, so that it can be any bytes."""
    return isinstance(content, EmbeddedFile) and media_suffix(content) not in MEDIA_SUFFIXES


def _piece_of(source: MediaSource, options: ReadOptions) -> Piece:
    """The piece that a text, a picture, a clip or a sound in memory is."""
    content = source.content
    if isinstance(content, Waveform):
        return Piece(Modality.AUDIO, content)
    if isinstance(content, Clip):
        return Piece(Modality.IMAGE, content)
    if isinstance(content, str):
        from anysense.embed.media.document.document import drop_data, normalise_text

        most = options.limits.text_characters
        if len(content) > most:
            raise MediaTooLargeError(
                name_of(source), f"has {len(content):,} of at most {most:,} characters"
            )
        return Piece(Modality.TEXT, normalise_text(drop_data(content), name_of(source)))
    from PIL.Image import Image

    if not isinstance(content, Image):
        raise UnsupportedMediaError(
            name_of(source), f"is a {type(content).__name__}, which anysense does not read"
        )
    from PIL.ImageOps import exif_transpose

    from anysense.embed.media.image import as_rgb

    return Piece(Modality.IMAGE, as_rgb(exif_transpose(content)))


def _with_words_in_it(piece: Piece, source: MediaSource, options: ReadOptions) -> Iterator[Piece]:
    """A piece in memory and, of a picture, the words in it if they are wanted."""
    yield piece
    if not options.takes_words_of_pictures:
        return
    from PIL.Image import Image

    from anysense.embed.media.ocr.words import picture_words

    if isinstance(piece.content, Image):
        yield from picture_words(piece.content, name_of(source))


def _with_words(
    pieces: Iterator[Piece], source: MediaSource, options: ReadOptions
) -> Generator[Piece]:
    yield from pieces
    yield from captions(source.captions, name_of(source), options)
    for path in source.sidecars if options.takes_captions else ():
        yield from captions(_words_of_sidecar(path, options), str(path), options)


def _words_of_sidecar(path: Path, options: ReadOptions) -> list[str]:
    """The words of a file beside another; none where it cannot be read, as the other is whole."""
    from anysense.embed.media.beside import read_sidecar
    from anysense.embed.media.files import open_media

    try:
        with open_media(path, options.limits) as file:
            return read_sidecar(file, str(path), options.limits, options.encoding)
    except EmptyMediaError:
        return []
    except MediaError as error:
        _log.warning("%s: its words are left out: it %s", path, error.reason)
        return []


def prepare_pieces(
    encoders: Sequence[Encoder], pieces: Iterator[Piece], options: ReadOptions
) -> Iterator[Prepared]:
    """Prepare each segment of some pieces, for each encoder that takes its modality.

    A recording is read window by window, once for each encoder that hears.

    Raises:
        MediaError: a piece cannot be read.
    """
    for piece in pieces:
        if piece.modality is Modality.IMAGE:
            prepared = _prepare_picture(encoders, piece, options)
            del piece  # it is large, and whoever takes the segments may take their time
            yield from prepared
            continue
        for at, encoder in enumerate(encoders):
            if piece.modality in encoder.space.modalities & options.modalities:
                yield from _segments(at, encoder, piece, options)


def _prepare_picture(
    encoders: Sequence[Encoder], piece: Piece, options: ReadOptions
) -> list[Prepared]:
    """A picture as each encoder takes it."""
    try:
        return [
            segment
            for at, encoder in enumerate(encoders)
            if Modality.IMAGE in encoder.space.modalities & options.modalities
            if piece.is_for(_side_of(encoder), _video_of(encoder))
            for segment in _segments(at, encoder, piece, options)
        ]
    finally:
        piece.leave()


def picture_sides(encoders: Sequence[Encoder]) -> frozenset[int | None]:
    """How many pixels some encoders need along the shorter side of a picture; None for all."""
    sides = frozenset(_side_of(e) for e in encoders if Modality.IMAGE in e.space.modalities)
    return sides or frozenset({1})  # where nobody looks, that it can be read still counts


def _side_of(encoder: Encoder) -> int | None:
    side: int | None = getattr(encoder, "image_side", None)
    return side


def video_inputs(encoders: Sequence[Encoder]) -> frozenset[VideoInput | None]:
    """Which clips of videos some encoders take; None among them for frames, one by one."""
    return frozenset(_video_of(e) for e in encoders if Modality.IMAGE in e.space.modalities)


def _video_of(encoder: Encoder) -> VideoInput | None:
    video: VideoInput | None = getattr(encoder, "video", None)
    return video


def window_seconds(encoders: Sequence[Encoder]) -> float:
    """How long the longest window is that some encoders hear at once."""
    hearing = (e for e in encoders if Modality.AUDIO in e.space.modalities)
    return max((encoder.window_seconds for encoder in hearing), default=10.0)


def _segments(at: int, encoder: Encoder, piece: Piece, options: ReadOptions) -> Iterator[Prepared]:
    content, modality = piece.content, piece.modality
    if isinstance(content, str) and modality is Modality.TEXT:
        from anysense.embed.media.document.document import has_words

        overlap = options.overlap if piece.origin is Origin.CONTENT else 0
        for passage in cut_passages(encoder, content, piece.structure, overlap):
            if not has_words(passage.text):
                continue  # such as a ruled line
            yield Prepared(
                encoder=at,
                modality=modality,
                place=_place_of_passage(piece, passage.start, passage.end),
                text=passage.text,
                origin=piece.origin,
                content=encoder.prepare(modality, passage.encoded),
                heading=passage.heading,
                said=piece.said,
            )
    elif modality is Modality.AUDIO:
        yield from _windows(at, encoder, piece, options)
    elif isinstance(content, Clip):
        yield from _frames(at, encoder, piece, content)
    else:
        assert not isinstance(content, str | Path | bytes | OpenedFile | EmbeddedFile | Waveform)
        prepared = encoder.prepare(modality, content)
        yield Prepared(
            at,
            modality,
            piece.place,
            None,
            piece.origin,
            prepared,
            piece.is_complete,
            said=piece.said,
        )


def _place_of_passage(piece: Piece, start: int, end: int) -> Place:
    if piece.origin is Origin.OCR:
        return _place_of_lines(piece, start, end)
    if piece.origin is not Origin.CONTENT:
        return piece.place  # words about the item are nowhere in it
    offset = piece.place.start or 0
    return Place.of_characters(offset + start, offset + end, piece.place.page)


def _place_of_lines(piece: Piece, start: int, end: int) -> Place:
    """The place of those lines of a picture's words that a passage is made of."""
    from anysense.embed.media.ocr.lines import box_around

    assert isinstance(piece.content, str)
    first = piece.content.count("\n", 0, start)
    last = piece.content.count("\n", 0, max(end - 1, start))
    lines = piece.place.lines[first : last + 1]
    return replace(piece.place, box=box_around(lines), lines=lines) if lines else piece.place


def _windows(at: int, encoder: Encoder, piece: Piece, options: ReadOptions) -> Iterator[Prepared]:
    from anysense.embed.media.audio.recording import iter_windows

    rate, content = encoder.sample_rate, piece.content
    assert isinstance(content, Path | bytes | OpenedFile | EmbeddedFile | Waveform)
    if rate is None:
        raise UsageError(f"The encoder '{encoder.space.id}' takes audio, but names no sample rate.")
    start = piece.place.start or 0.0
    for window in iter_windows(content, rate, encoder.window_seconds, limits=options.limits):
        prepared = encoder.prepare(Modality.AUDIO, window.waveform)
        place = Place.of_seconds(start + window.start, start + window.end)
        yield Prepared(
            at,
            Modality.AUDIO,
            place,
            None,
            piece.origin,
            prepared,
            piece.is_complete,
            said=piece.said,
        )


def _frames(at: int, encoder: Encoder, piece: Piece, clip: Clip) -> Iterator[Prepared]:
    """A clip as one segment, where the encoder takes it so; otherwise one for each frame."""
    start = piece.place.start or 0.0
    parts: list[tuple[Image | Clip, float, float]] = [(clip, 0.0, clip.seconds)]
    if _video_of(encoder) is None:
        parts = [(frame, *span) for frame, span in zip(clip.frames, clip.spans(), strict=True)]
    for content, begin, end in parts:
        place = Place.of_seconds(start + begin, start + end)
        prepared = encoder.prepare(Modality.IMAGE, content)
        yield Prepared(at, Modality.IMAGE, place, None, piece.origin, prepared, piece.is_complete)


def refusal(source: MediaSource, error: Exception) -> MediaError:
    """The error of a source, under its own name, for anything raised while it was read."""
    if isinstance(error, MediaError):
        same = error.source == name_of(source)
        return error if same else type(error)(name_of(source), error.reason)
    if isinstance(error, MemoryError):
        return MediaTooLargeError(name_of(source), "does not fit in memory")
    detail = " ".join(str(error).split()) or "no details"
    return CorruptMediaError(
        name_of(source), f"cannot be read ({type(error).__name__}: {detail[:200]})"
    )
