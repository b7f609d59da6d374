"""From the body of a request for embeddings to what is encoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anysense.embed.pipeline.reading import MediaSource
from anysense.embed.types import Modality
from anysense.server.http.bodies.media import media_bytes, plain_bytes, stated_modality
from anysense.server.http.errors import RequestError
from anysense.server.http.schemas.embeddings import MAX_INPUTS, EmbeddingRequest
from anysense.server.http.schemas.parts import Media, Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["InputPart", "input_parts", "sources_of"]


@dataclass(frozen=True)
class InputPart:
    """A part of an input: the parts of one input become one vector.

    Attributes:
        place: of the input in the request, from 0.
        param: what errors call it.
        modality: what it is.
        value: a text, or a data URI or an address of a picture or a sound.
        may_be_plain: whether `value` may also be base64 without more.
    """

    place: int
    param: str
    modality: Modality
    value: str
    may_be_plain: bool = False


def input_parts(request: EmbeddingRequest) -> list[InputPart]:
    """The parts of the inputs of a request, in their order.

    Raises:
        RequestError: a data URI holds neither a picture nor a sound, or there are too many parts.
    """
    parts: list[InputPart] = []
    for part in _parts(request):
        if len(parts) == MAX_INPUTS:
            message = f"The inputs have at most {MAX_INPUTS:,} parts together."
            raise RequestError(message, 422, "invalid_value")
        parts.append(part)
    return parts


def _parts(request: EmbeddingRequest) -> Iterator[InputPart]:
    if request.input is not None:
        is_list = isinstance(request.input, list)
        entries: list[Any] = request.input if isinstance(request.input, list) else [request.input]
        for place, entry in enumerate(entries):
            param = f"input.{place}" if is_list else "input"
            yield _of_entry(entry, place, param, request.modality)
    for name, modality in (("texts", Modality.TEXT), ("images", Modality.IMAGE)):
        for place, value in enumerate(getattr(request, name) or ()):
            yield InputPart(place, f"{name}.{place}", modality, value)
    for place, entry in enumerate(request.inputs or ()):
        for at, part in enumerate(entry.content):
            yield _of_part(part, place, f"inputs.{place}.content.{at}")
    for number, message in enumerate(request.messages or ()):
        param = f"messages.{number}.content"
        if isinstance(message.content, str):
            yield InputPart(0, param, Modality.TEXT, message.content)
            continue
        for at, part in enumerate(message.content):
            yield _of_part(part, 0, f"{param}.{at}")


def _of_entry(entry: str | Media, place: int, param: str, modality: Modality | None) -> InputPart:
    if isinstance(entry, Media):
        return _of_media(entry, place, param, modality)
    if modality is None:
        try:
            modality = stated_modality(entry)
        except ValueError as error:
            raise RequestError(f"{param}: {error}.", 415, "unsupported_media", param) from None
    return InputPart(place, param, modality or Modality.TEXT, entry)


def _of_media(entry: Media, place: int, param: str, modality: Modality | None) -> InputPart:
    (own,) = (m for m in Modality if getattr(entry, m.value) is not None)
    if modality not in (None, own):
        message = f"{param}: it holds {own}, but modality says {modality}."
        raise RequestError(message, 422, "invalid_value", param)
    return InputPart(place, param, own, getattr(entry, own.value), may_be_plain=True)


def _of_part(part: Part, place: int, param: str) -> InputPart:
    value = getattr(part, part.type)
    if part.type == "text":
        return InputPart(place, param, Modality.TEXT, value)
    if part.type == "input_audio":
        return InputPart(place, param, Modality.AUDIO, value.data, may_be_plain=True)
    modality = Modality.AUDIO if part.type == "audio_url" else Modality.IMAGE
    address = value if isinstance(value, str) else value.url
    return InputPart(place, param, modality, address, may_be_plain=part.type == "image_base64")


def sources_of(parts: list[InputPart], fetched: Mapping[str, bytes]) -> list[MediaSource]:
    """What is encoded, one source for each part; errors call it by its `param`.

    Args:
        parts: of the inputs.
        fetched: what addresses among them gave.

    Raises:
        RequestError: media cannot be read from the body.
    """
    return [MediaSource(part.param, _content(part, fetched), part.modality) for part in parts]


def _content(part: InputPart, fetched: Mapping[str, bytes]) -> str | bytes:
    if part.modality is Modality.TEXT:
        return part.value
    # A colon is no letter of base64, so whatever has one is an address or a data URI.
    if part.may_be_plain and ":" not in part.value[:100]:
        return plain_bytes(part.value, part.param)
    return media_bytes(part.value, part.param, fetched, modality=part.modality, may_upload=False)
