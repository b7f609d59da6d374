"""How much a query may ask for: all of its terms together, whichever they are."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.clips import pixels_of
from anysense.embed.errors import MediaError, MediaTooLargeError, UsageError
from anysense.embed.limits import CODEC_PADDING
from anysense.embed.types import Kind, Modality, Waveform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.limits import Limits

__all__ = ["check_budget"]

_NAME = "the query"


def check_budget(contents: Sequence[tuple[Modality | None, Any]], limits: Limits) -> None:
    """Refuse a query whose terms together are more than one query may be, before it is encoded.

    What cannot be read counts as nothing here: who encodes it says what is wrong with it.

    Args:
        contents: of the terms of one query, each with its modality.
        limits: of which those of a query count.

    Raises:
        UsageError: too many characters.
        MediaTooLargeError: too many pixels or seconds.
    """
    by_modality: dict[Modality, list[Any]] = {modality: [] for modality in Modality}
    for modality, content in contents:
        if content is not None and modality is not None:
            by_modality[modality].append(content)
    _check_texts(by_modality[Modality.TEXT], limits)
    _check_pictures(by_modality[Modality.IMAGE], limits)
    _check_videos(contents, limits)
    _check_sounds(by_modality[Modality.AUDIO], limits)


def _check_texts(contents: Sequence[Any], limits: Limits) -> None:
    most = limits.query_text_characters
    if len(contents) < 2:
        return  # one alone is checked where it is read
    characters = 0
    for content in contents:
        with suppress(MediaError):
            characters += _characters(content, limits)
        if characters > most:
            raise UsageError(
                f"The texts of a query have {characters:,} characters together, or more; the "
                f"limit is {most:,}."
            )


def _characters(content: Any, limits: Limits) -> int:
    from anysense.embed.media.pieces import ReadOptions, read_pieces

    if isinstance(content, (Path, bytes)):
        options = ReadOptions(frozenset({Modality.TEXT}), captions=False, limits=limits)
        _, pieces = read_pieces(content, options)
        return sum(len(piece.content) for piece in pieces if isinstance(piece.content, str))
    return len(content) if isinstance(content, str) else 0


def _check_pictures(contents: Sequence[Any], limits: Limits) -> None:
    from anysense.embed.media.image import picture_pixels

    pixels, most = 0, limits.query_image_pixels
    for content in contents:
        if isinstance(content, (Path, bytes)):
            with suppress(MediaError):
                pixels += picture_pixels(content, limits)
        else:
            pixels += pixels_of(content)
    if pixels > most:
        raise MediaTooLargeError(
            _NAME,
            f"has {_of_all('picture', contents)} {pixels:,} pixels{_together(contents)}, "
            f"over the limit of {most:,} pixels for a query; search by smaller ones",
        )


def _check_videos(contents: Sequence[tuple[Modality | None, Any]], limits: Limits) -> None:
    from anysense.embed.media.identify import format_of_media
    from anysense.embed.media.video.facts import stated_length

    seconds, videos = 0.0, 0
    for modality, content in contents:
        if modality is not Modality.TEXT and isinstance(content, (Path, bytes)):
            with suppress(MediaError):
                if format_of_media(content, limits).kind is Kind.VIDEO:
                    videos += 1
                    seconds += stated_length(content, limits) or 0.0
    if seconds > limits.query_video_seconds + CODEC_PADDING * videos:
        together = "" if videos == 1 else " together"
        raise MediaTooLargeError(
            _NAME,
            f"has {'a video' if videos == 1 else f'{videos} videos'} of {seconds:,.0f} seconds"
            f"{together}, over the limit of {limits.query_video_seconds:,.0f} seconds for a query; "
            "search by a part of it",
        )


def _check_sounds(contents: Sequence[Any], limits: Limits) -> None:
    from anysense.embed.media.audio.recording import counted_seconds, stated_seconds

    most = limits.query_audio_seconds
    sources = [content for content in contents if isinstance(content, (Path, bytes))]
    waveforms = [content for content in contents if isinstance(content, Waveform)]
    in_memory = sum(waveform.seconds for waveform in waveforms)
    stated = in_memory
    for source in sources:
        with suppress(MediaError):
            stated += stated_seconds(source, limits) or 0.0
    _check_seconds(stated, contents, most)
    if len(contents) < 2:
        return  # one alone is stopped where it is heard
    seconds = in_memory
    for source in sources:  # as headers need not say it, or lie
        with suppress(MediaError):
            seconds += counted_seconds(source, most - seconds, limits)
        _check_seconds(seconds, contents, most)


def _check_seconds(seconds: float, contents: Sequence[Any], most: float) -> None:
    if seconds > most + CODEC_PADDING * len(contents):
        raise MediaTooLargeError(
            _NAME,
            f"has {_of_all('sound', contents)} {seconds:,.0f} seconds{_together(contents)}, "
            f"over the limit of {most:,.0f} seconds for a query; search by a part of it",
        )


def _of_all(noun: str, contents: Sequence[Any]) -> str:
    return f"a {noun} of" if len(contents) == 1 else f"{len(contents)} {noun}s of"


def _together(contents: Sequence[Any]) -> str:
    return "" if len(contents) == 1 else " together"
