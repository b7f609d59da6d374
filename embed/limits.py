"""How much of one input is read, with the defaults of every limit in one place.

A limit protects the machine from one hostile or broken file. What is over a limit is refused with
`MediaTooLargeError`, never cut silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["CODEC_PADDING", "DEFAULT_LIMITS", "Limits", "exceeds_depth"]

CODEC_PADDING = 0.5
"""Seconds by which sounds and videos may be over a limit: codecs put up to three of their frames
around a sound, and resampling a sample or so, for which one of just so long is not refused."""


@dataclass(frozen=True)
class Limits:
    """The most that one input may hold.

    Attributes:
        file_bytes: bytes of one file or payload, as stored.
        video_bytes: bytes of one file whose name says that it is a video.
        image_pixels: width times height of one image, after decoding.
        audio_seconds: length of one recording.
        video_seconds: length of one video.
        video_pixels: width times height of a frame of a video, as it is stored.
        video_frames: frames of one video that are encoded.
        animation_pixels: width times height of all frames of one animated picture together, as
            all are decoded; a frame counts as half a million at least.
        text_characters: characters of the text of one document.
        query_text_characters: characters of the texts, and documents, of one query together.
        query_audio_seconds: length of the recordings of one query together. A query has a few
            vectors: they would not tell all of a long recording, and be slow to come by.
        query_video_seconds: length of a video that is a query, for the same reasons.
        query_image_pixels: width times height of the pictures of one query, together.
        document_pages: pages of one PDF.
        tar_members: files of one tar; further ones are told and left out.
    """

    file_bytes: int = 2 * 1024**3
    video_bytes: int = 64 * 1024**3
    image_pixels: int = 200_000_000
    audio_seconds: float = 12 * 3600.0
    video_seconds: float = 12 * 3600.0
    video_pixels: int = 36_000_000
    video_frames: int = 43_200
    animation_pixels: int = 50_000_000_000
    text_characters: int = 20_000_000
    query_text_characters: int = 100_000
    query_audio_seconds: float = 600.0
    query_video_seconds: float = 600.0
    query_image_pixels: int = 50_000_000
    document_pages: int = 10_000
    tar_members: int = 1_000_000


DEFAULT_LIMITS = Limits()


def exceeds_depth(value: Any, most: int) -> bool:
    """Whether more than `most` mappings, lists and tuples are inside each other.

    Without recursion, which hostile nesting would exhaust; counting stops past the limit.
    """
    level, depth = [value], 0
    while level and depth <= most:
        containers = [v for v in level if isinstance(v, (Mapping, list, tuple))]
        depth += bool(containers)
        level = [w for v in containers for w in (v.values() if isinstance(v, Mapping) else v)]
    return depth > most
