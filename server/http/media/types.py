"""As what the file of an item may be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.errors import MediaError
from anysense.embed.media.files import OpenedFile

if TYPE_CHECKING:
    from anysense.index.showing.opening import ItemFile

__all__ = ["INLINE", "safe_type"]

INLINE = frozenset(
    {
        *("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/avif"),
        *("image/tiff", "image/heic", "image/heif"),
        *("audio/wav", "audio/x-wav", "audio/flac", "audio/x-flac", "audio/ogg", "audio/opus"),
        *("audio/mpeg", "audio/mp4", "audio/aac", "audio/webm"),
        *("video/mp4", "video/webm", "video/quicktime", "video/x-matroska"),
    }
)
"""What browsers show without running anything; text is shown as plain, and the rest is saved."""


def safe_type(file: ItemFile) -> str:
    """The type to send a file as: its own by its content, unless that could do harm."""
    from anysense.embed.media.identify import media_type

    try:
        content_type = media_type(OpenedFile(file.file, file.path))
    except MediaError:  # read as another format by an older version, or damaged at once
        return "application/octet-stream"
    if content_type in INLINE:
        return content_type
    return "text/plain" if content_type.startswith("text/") else "application/octet-stream"
