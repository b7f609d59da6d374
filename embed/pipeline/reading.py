"""From a source to segments that are ready for their models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from anysense.embed.errors import (
    CorruptMediaError,
    MediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
    UsageError,
)
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.pipeline.lookahead import Prepared
from anysense.embed.types import Encoder, Modality, Waveform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PIL.Image import Image

    SourceContent: TypeAlias = "Path | bytes | str | Image | Waveform"

__all__ = [
    "MediaSource",
    "find_modality",
    "name_of",
    "prepare_source",
    "refusal",
]


@dataclass(frozen=True)
class MediaSource:
    """Something to encode: a file, a payload, a text, a picture or a sound.

    Attributes:
        key: the caller's own name for it; not looked at.
        content: a `Path` of a file, `bytes` of a payload, a `str` that is itself the text, a
            `PIL.Image.Image`, or a `Waveform` of any rate.
        modality: what it is; found out where it is None.
    """

    key: Any
    content: SourceContent
    modality: Modality | None = None


def name_of(source: MediaSource) -> str:
    """What errors call a source: its path, or the caller's key."""
    return str(source.content if isinstance(source.content, Path) else source.key)


def find_modality(source: MediaSource, limits: Limits = DEFAULT_LIMITS) -> Modality:
    """What a source is, by its content.

    Raises:
        MediaError: it cannot be read, or is nothing that anysense reads.
    """
    if source.modality is not None:
        return source.modality
    if isinstance(source.content, str):
        return Modality.TEXT
    if isinstance(source.content, Waveform):
        return Modality.AUDIO
    if isinstance(source.content, (Path, bytes)):
        from anysense.embed.media.identify import sniff

        return sniff(source.content, limits)
    return Modality.IMAGE


def prepare_source(
    encoders: Sequence[Encoder],
    modality: Modality,
    source: MediaSource,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[Prepared]:
    """Read a source and prepare each of its segments, for each encoder that takes its modality.

    A recording is read window by window, once for each encoder that hears.

    Raises:
        MediaError: it cannot be read, or no encoder takes its modality.
    """
    takers = [(at, e) for at, e in enumerate(encoders) if modality in e.space.modalities]
    if not takers:
        raise UnsupportedMediaError(
            name_of(source),
            f"is {modality}, which none of these encoders takes: "
            f"{', '.join(encoder.space.id for encoder in encoders)}",
        )
    if modality is Modality.IMAGE:
        image = _image(source, limits)
        for at, encoder in takers:
            yield Prepared(at, None, None, None, encoder.prepare(modality, image))
    elif modality is Modality.AUDIO:
        for at, encoder in takers:
            yield from _windows(at, encoder, source, limits)
    else:
        text = _text(source, limits)
        for at, encoder in takers:
            for passage in encoder.passages(text):
                prepared = encoder.prepare(modality, passage.text)
                yield Prepared(at, passage.start, passage.end, passage.text, prepared)


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


def _image(source: MediaSource, limits: Limits) -> Image:
    from PIL.Image import Image

    from anysense.embed.media.image import as_rgb, read_image

    if isinstance(source.content, (Path, bytes)):
        return read_image(source.content, limits)
    if isinstance(source.content, Image):
        from PIL.ImageOps import exif_transpose

        return as_rgb(exif_transpose(source.content))
    raise _mismatch(source, Modality.IMAGE)


def _windows(at: int, encoder: Encoder, source: MediaSource, limits: Limits) -> Iterator[Prepared]:
    from anysense.embed.media.audio.recording import iter_windows

    content = source.content
    if not isinstance(content, (Path, bytes, Waveform)):
        raise _mismatch(source, Modality.AUDIO)
    if encoder.sample_rate is None:
        raise UsageError(f"The encoder '{encoder.space.id}' takes audio, but names no sample rate.")
    for window in iter_windows(content, encoder.sample_rate, encoder.window_seconds, limits=limits):
        prepared = encoder.prepare(Modality.AUDIO, window.waveform)
        yield Prepared(at, window.start, window.end, None, prepared)


def _text(source: MediaSource, limits: Limits) -> str:
    from anysense.embed.media.document.document import normalise_text, read_document

    if isinstance(source.content, (Path, bytes)):
        return read_document(source.content, limits)
    if not isinstance(source.content, str):
        raise _mismatch(source, Modality.TEXT)
    if len(source.content) > limits.text_characters:
        raise MediaTooLargeError(
            name_of(source),
            f"has {len(source.content):,} of at most {limits.text_characters:,} characters",
        )
    return normalise_text(source.content, name_of(source))


def _mismatch(source: MediaSource, modality: Modality) -> MediaError:
    return UnsupportedMediaError(
        name_of(source), f"is given as {modality}, but holds a {type(source.content).__name__}"
    )
