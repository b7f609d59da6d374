"""Sounds and videos of hits for whoever plays them: the seconds that matched, as a small file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from anysense.embed.errors import MediaTooLargeError, UnsupportedMediaError
from anysense.embed.media.files import readable_size
from anysense.index.hits.attachments import sound_of
from anysense.index.hits.media import MediaFile

if TYPE_CHECKING:
    from anysense.embed.types import Waveform
    from anysense.index.hits.excerpts import Excerpt
    from anysense.index.hits.hit import Hit

__all__ = ["film_of", "player_of"]

_RATES = (24_000, 22_050, 16_000, 12_000, 11_025, 8_000)
"""Hz that an MP3 of few bytes may have."""
_MOST_WAV_BYTES = 32 * 1024**2
_LONGEST_SECONDS = 30.0
_FILM_SECONDS = 10.0


def player_of(hit: Hit, excerpt: Excerpt, most_bytes: int) -> MediaFile:
    """The seconds of an item's sound that matched, or the first of them, as an MP3.

    Args:
        hit: of the item.
        excerpt: the seconds; the whole of it if it has no times.
        most_bytes: the most that it may have.

    Raises:
        MediaTooLargeError: it has more, or its samples are too many.
        MediaError, CollectionError: it cannot be read.
    """
    from anysense.embed.media.audio.recording import read_audio, resample
    from anysense.embed.types import Waveform

    sound = sound_of(hit, excerpt, _MOST_WAV_BYTES)
    heard = read_audio(sound.data)
    first = heard.samples[: int(_LONGEST_SECONDS * heard.rate)]
    waveform = Waveform(first, heard.rate)
    if waveform.rate not in _RATES:
        waveform = resample(waveform, _RATES[0])
    data = _mp3_bytes(waveform)
    if len(data) > most_bytes:
        raise _too_large(hit, most_bytes)
    return MediaFile(data, "audio/mpeg", sound.name)


def film_of(hit: Hit, most_bytes: int) -> MediaFile:
    """The best moment of a video, from the frame that matched on, or the first seconds of it.

    Raises:
        MediaTooLargeError: it has more bytes.
        UnsupportedMediaError: the hit has no moment.
        MediaError, CollectionError: it cannot be read.
    """
    if hit.frame is None:
        raise UnsupportedMediaError(hit.source, "did not match by some seconds of it")
    end = min(hit.moments[0].end, hit.frame + _FILM_SECONDS)
    film = hit.read_by.clip(hit.id, hit.frame, end)
    if len(film.data) > most_bytes:
        raise _too_large(hit, most_bytes)
    return film


def _too_large(hit: Hit, most_bytes: int) -> MediaTooLargeError:
    limit = readable_size(most_bytes)
    return MediaTooLargeError(hit.source, f"has no clip of its matching seconds of {limit}")


def _mp3_bytes(waveform: Waveform) -> bytes:
    import soundfile

    out = io.BytesIO()
    soundfile.write(out, waveform.samples, waveform.rate, format="MP3")
    return out.getvalue()
