"""The parts of an input of an embedding: texts, pictures and sounds, as providers name them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from anysense.server.http.schemas.lengths import Length
from anysense.server.http.schemas.values import LIST, OBJECT, TEXT, Input, one_of, told_apart

__all__ = ["ContentInput", "Media", "Message", "Part"]

PARTS = ("text", "image_url", "image_base64", "input_audio", "audio_url")
EXAMPLE = Field(examples=["data:image/jpeg;base64,/9j/4AAQSkZJRg..."])


class AddressObject(BaseModel):
    """A data URI in an object, as OpenAI's `image_url`; `detail` has no effect."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, EXAMPLE]
    detail: str | None = None


class AudioObject(BaseModel):
    """A sound in base64, as OpenAI's `input_audio`; its format is found out from its content."""

    model_config = ConfigDict(extra="forbid")

    data: str
    format: str | None = None


Address = Annotated[
    Annotated[str, TEXT] | Annotated[AddressObject, OBJECT],
    told_apart("it must be a data URI, or an object whose url is one"),
]


class Part(Input):
    """One part of an input: `type` names the field that holds it."""

    model_config = one_of(*PARTS)

    type: Literal["text", "image_url", "image_base64", "input_audio", "audio_url"]
    text: str | None = None
    image_url: Address | None = None
    image_base64: str | None = None
    input_audio: AudioObject | None = None
    audio_url: Address | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Part:
        given = [name for name in PARTS if getattr(self, name) is not None]
        if given != [self.type]:
            raise ValueError(
                f"a part of the type {self.type} has the field {self.type} and no other"
            )
        return self


class Media(Input):
    """One text, picture or sound: exactly one of the three, as Jina's."""

    model_config = one_of("text", "image", "audio")

    text: str | None = None
    image: Annotated[str | None, Field(description="A data URI, or base64 without one.")] = None
    audio: Annotated[str | None, Field(description="A data URI, or base64 without one.")] = None

    @model_validator(mode="after")
    def _check_one(self) -> Media:
        if sum(value is not None for value in (self.text, self.image, self.audio)) != 1:
            raise ValueError("an input has exactly one of text, image and audio")
        return self


class ContentInput(Input):
    """One input of several parts, which become one vector, as Cohere's and Voyage's."""

    content: Annotated[list[Part], Field(min_length=1)]


class Message(Input):
    """A message as of a chat; all of them become one vector, as vLLM's."""

    role: Annotated[
        Literal["user"], Field(description="`user`: the encoders take no instructions.")
    ] = "user"
    content: Annotated[
        Annotated[str, Length(1), TEXT] | Annotated[list[Part], Field(min_length=1), LIST],
        told_apart("it must be a text or a list of parts"),
    ]
