"""The pictures and sounds of hits, as frameworks hand them to language models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.errors import AnysenseError, MediaError
from anysense.embed.types import Kind, Modality, Origin
from anysense.index.hits.attachments import picture_of, sound_of
from anysense.index.hits.excerpts import Excerpt
from anysense.index.hits.messages import ATTACHMENT_BYTES, MESSAGE_BYTES

if TYPE_CHECKING:
    from anysense import Hit
    from anysense.index.hits.media import MediaFile

__all__ = ["ATTACHMENT_BYTES", "MESSAGE_BYTES", "media_of", "medium_of", "why_left_out"]

SIDE = 2000
"""Pixels along the longer side of a picture. The provider is not known here: of many pictures
Anthropic takes none that is larger, and no other one looks at much more."""


def medium_of(hit: Hit) -> Modality | None:
    """Whether a hit has a picture or a sound to show; None of words.

    A photo that was found by its caption is shown as well, but of a PDF only a page that was found
    as a picture.
    """
    if hit.kind in (Kind.IMAGE, Kind.AUDIO):
        return Modality(hit.kind.value)
    return None if hit.modality is Modality.TEXT else hit.modality


def media_of(hit: Hit, most_bytes: int = ATTACHMENT_BYTES) -> MediaFile:
    """The picture of a hit as a JPEG, or the seconds of its sound that matched as a WAV file.

    Args:
        hit: what was found, of which `medium_of` tells that it has one.
        most_bytes: the most that it may have; it is made smaller until it does.

    Raises:
        MediaTooLargeError: however small it is made, it has more.
        MediaError, CollectionError: the file is gone, or cannot be read.
    """
    if medium_of(hit) is Modality.IMAGE:
        return picture_of(hit, hit.place, SIDE, most_bytes)
    heard = Excerpt(Modality.AUDIO, hit.origin or Origin.CONTENT, hit.place, hit.score)
    return sound_of(hit, heard, most_bytes)


def why_left_out(error: AnysenseError) -> str:
    """What is said where a picture or a sound cannot be shown."""
    text = error.reason if isinstance(error, MediaError) else str(error)
    return text.rstrip(".")
