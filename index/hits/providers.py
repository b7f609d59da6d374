"""What the APIs of language models take of pictures and sounds, and how it is written for them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from anysense.index.hits.media import MediaFile

__all__ = ["PROVIDERS", "Provider", "find_provider"]

Part = dict[str, Any]


@dataclass(frozen=True)
class Provider:
    """How one API takes the parts of a message.

    Attributes:
        side: pixels along the longer side of a picture, beyond which it would be scaled down, or
            refused, by the provider.
        text: a part that is text.
        image: a part that is a JPEG or a PNG.
        audio: a part that is a WAV; None if its models hear nothing.
    """

    side: int
    text: Callable[[str], Part]
    image: Callable[[MediaFile], Part]
    audio: Callable[[MediaFile], Part] | None


def _base64(media: MediaFile) -> str:
    return base64.b64encode(media.data).decode("ascii")


def _data_uri(media: MediaFile) -> str:
    return f"data:{media.mime_type};base64,{_base64(media)}"


def _openai_audio(media: MediaFile) -> Part:
    return {"type": "input_audio", "input_audio": {"data": _base64(media), "format": "wav"}}


def _google_data(media: MediaFile) -> Part:
    return {"inline_data": {"mime_type": media.mime_type, "data": _base64(media)}}


PROVIDERS = {
    # Chat Completions. A picture is scaled to 2048 pixels, whatever comes.
    "openai": Provider(
        side=2048,
        text=lambda text: {"type": "text", "text": text},
        image=lambda media: {"type": "image_url", "image_url": {"url": _data_uri(media)}},
        audio=_openai_audio,
    ),
    "openai-responses": Provider(
        side=2048,
        text=lambda text: {"type": "input_text", "text": text},
        image=lambda media: {
            "type": "input_image",
            "image_url": _data_uri(media),
            "detail": "auto",
        },
        audio=_openai_audio,
    ),
    # Messages. Beyond 1568 pixels a picture is scaled down; in a request of over 20, one of more
    # than 2000 is refused.
    "anthropic": Provider(
        side=1568,
        text=lambda text: {"type": "text", "text": text},
        image=lambda media: {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": media.mime_type,
                "data": _base64(media),
            },
        },
        audio=None,
    ),
    # generateContent.
    "google": Provider(
        side=2048,
        text=lambda text: {"text": text},
        image=_google_data,
        audio=_google_data,
    ),
}


def find_provider(name: str) -> Provider:
    """A provider by its name.

    Raises:
        UsageError: there is none of that name.
    """
    if not isinstance(name, str) or name not in PROVIDERS:
        raise UsageError(f"provider is one of {', '.join(PROVIDERS)}, not {name}.")
    return PROVIDERS[name]
