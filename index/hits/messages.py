"""Hits as the parts of a message to a language model: text, pictures and sounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import AnysenseError, MediaError, MediaTooLargeError, UsageError
from anysense.embed.types import Modality
from anysense.index.hits.attachments import picture_of, sound_of
from anysense.index.hits.excerpts import excerpts_of, heading_of
from anysense.index.hits.places import show_place
from anysense.index.hits.providers import find_provider

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anysense.index.hits.excerpts import Excerpt
    from anysense.index.hits.hit import Hit
    from anysense.index.hits.media import MediaFile
    from anysense.index.hits.providers import Provider

__all__ = ["ATTACHMENT_BYTES", "MESSAGE_BYTES", "parts_of"]

ATTACHMENT_BYTES = 15 * 1024**2 // 4
"""3.75 MiB: 5 MiB in base64, the most of a picture that Anthropic takes."""
MESSAGE_BYTES = 14 * 1024**2
"""Under 19 MiB in base64: the least that a provider takes in one request is 20 MB, Google's."""


@dataclass
class _Budget:
    """How many bytes of media may still be given."""

    left: int
    attachment: int

    @property
    def most(self) -> int:
        return min(self.left, self.attachment)

    def take(self, media: MediaFile) -> MediaFile:
        self.left -= len(media.data)
        return media


def parts_of(
    hits: Sequence[Hit],
    provider: str,
    *,
    max_bytes: int = MESSAGE_BYTES,
    attachment_bytes: int = ATTACHMENT_BYTES,
) -> list[dict[str, Any]]:
    """Hits as the content of a message; see `anysense.index.hits.hits.Hits.as_messages`."""
    for name, value in (("max_bytes", max_bytes), ("attachment_bytes", attachment_bytes)):
        if value < 0:
            raise UsageError(f"{name} is at least 0, not {value}.")
    api, budget = find_provider(provider), _Budget(max_bytes, attachment_bytes)
    return [
        part
        for number, hit in enumerate(hits, 1)
        for part in _parts_of_hit(number, hit, api, budget)
    ]


def _parts_of_hit(
    number: int, hit: Hit, api: Provider, budget: _Budget
) -> Iterator[dict[str, Any]]:
    excerpts = excerpts_of(hit)
    lines = [heading_of(number, hit, excerpts)]
    lines.extend(excerpt.text for excerpt in excerpts if excerpt.text is not None)
    attached: list[dict[str, Any]] = []
    for excerpt in excerpts:
        if excerpt.modality is Modality.TEXT:
            continue
        try:
            attached.append(_attachment(hit, excerpt, api, budget))
        except AnysenseError as error:
            lines.append(f"({_noun(excerpt)} is left out: {_reason(error)})")
    yield api.text("\n".join(lines))
    yield from attached


def _attachment(hit: Hit, excerpt: Excerpt, api: Provider, budget: _Budget) -> dict[str, Any]:
    if excerpt.modality is Modality.AUDIO and api.audio is None:
        raise AnysenseError("these models hear no sounds")
    if budget.most <= 0:
        raise MediaTooLargeError(hit.source, "the media before it are as many as were asked for")
    if excerpt.modality is Modality.IMAGE:
        return api.image(budget.take(picture_of(hit, excerpt.place, api.side, budget.most)))
    assert api.audio is not None
    return api.audio(budget.take(sound_of(hit, excerpt, budget.most)))


def _noun(excerpt: Excerpt) -> str:
    place = show_place(excerpt.place)
    noun = "its picture" if excerpt.modality is Modality.IMAGE else "its sound"
    return f"{noun}, {place}," if place else noun


def _reason(error: AnysenseError) -> str:
    text = error.reason if isinstance(error, MediaError) else str(error)
    return text.rstrip(".")
