"""Pictures and sounds of hits as models take them: scaled, and no larger than was said."""

from __future__ import annotations

import io
from pathlib import PurePath
from typing import TYPE_CHECKING

from anysense.embed.errors import MediaTooLargeError
from anysense.embed.media.files import readable_size
from anysense.embed.media.image import read_image
from anysense.embed.types import Kind, Unit
from anysense.index.hits.media import MediaFile

if TYPE_CHECKING:
    from anysense.embed.types import Place
    from anysense.index.hits.excerpts import Excerpt
    from anysense.index.hits.hit import Hit

__all__ = ["picture_of", "sound_of"]

_QUALITY = 85
_SHRINK = 0.7
_LEAST_SIDE = 64
_SPEECH_RATE = 16_000
"""Hz: what models for sound resample to."""


def picture_of(hit: Hit, place: Place, side: int, most_bytes: int) -> MediaFile:
    """An item's picture, or a part of it, as a JPEG without what a camera wrote into it.

    Args:
        hit: of the item.
        place: of a PDF the page, of a video the seconds, of which the first frame is given.
        side: the most pixels along its longer side.
        most_bytes: the most that it may have; it is scaled down until it does.

    Raises:
        MediaTooLargeError: however small it is, it has more.
        MediaError, CollectionError: it cannot be read.
    """
    small = hit.read_by.thumbnail(hit.id, side, *_part(hit, place))
    picture = read_image(small.data)  # whatever a service has sent, in RGB
    is_jpeg = small.data.startswith(b"\xff\xd8")
    if is_jpeg and max(picture.size) <= side and len(small.data) <= most_bytes:
        return small
    while side >= _LEAST_SIDE:
        scaled, out = picture.copy(), io.BytesIO()
        scaled.thumbnail((side, side))
        scaled.save(out, "JPEG", quality=_QUALITY)
        if out.tell() <= most_bytes:
            return MediaFile(out.getvalue(), "image/jpeg", small.name)
        side = int(min(side, max(picture.size)) * _SHRINK)
    raise MediaTooLargeError(hit.source, f"has no picture of {readable_size(most_bytes)}")


def _part(hit: Hit, place: Place) -> tuple[int | None, float | None]:
    """The page or the second of which a picture is."""
    if hit.kind is Kind.VIDEO:
        return None, place.start if place.unit is Unit.SECONDS else hit.frame
    return place.page, None


def sound_of(hit: Hit, excerpt: Excerpt, most_bytes: int) -> MediaFile:
    """The seconds of an item's sound that matched, as a WAV file, at 16 kHz if it must be small.

    Args:
        hit: of the item.
        excerpt: the seconds; the whole of it if it has no times.
        most_bytes: the most that it may have.

    Raises:
        MediaTooLargeError: it has more.
        MediaError, CollectionError: it cannot be read.
    """
    from anysense.embed.media.audio.recording import read_audio, resample, stated_seconds
    from anysense.embed.media.audio.wav import wav_bytes
    from anysense.embed.media.video.hearing import read_soundtrack

    place = excerpt.place
    is_seen = hit.kind in (Kind.VIDEO, Kind.IMAGE)  # a motion photo
    if place.start is not None and place.end is not None and is_seen:
        cut = hit.read_by.clip(hit.id, place.start, place.end)
        track = read_soundtrack(cut.data, 0.0, place.end - place.start)
        sound = MediaFile(wav_bytes(track), "audio/wav", f"{PurePath(cut.name).stem}.wav")
    elif place.start is None or place.end is None:
        heard = hit.media()
        sound = MediaFile(wav_bytes(read_audio(heard.data)), "audio/wav", heard.name)
    else:
        sound = hit.read_by.clip(hit.id, place.start, place.end)
        stated_seconds(sound.data)  # whatever a service has sent
    if len(sound.data) > most_bytes:
        waveform = read_audio(sound.data)
        if waveform.rate > _SPEECH_RATE:
            waveform = resample(waveform, _SPEECH_RATE)
        sound = MediaFile(wav_bytes(waveform), sound.mime_type, sound.name)
    if len(sound.data) > most_bytes:
        limit = readable_size(most_bytes)
        raise MediaTooLargeError(hit.source, f"has no clip of its matching seconds of {limit}")
    return sound
