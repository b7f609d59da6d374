"""The encoders of the collections that are served, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anysense.server.http.errors import RequestError

if TYPE_CHECKING:
    from anysense.embed.types import Encoder, Space
    from anysense.server.http.service.served import ServedCollection
    from anysense.server.http.service.service import Service

__all__ = ["DEFAULT", "ServedEncoder", "find_encoder", "served_encoders"]

DEFAULT = "anysense"
"""What requests may call the first encoder, beside its own name."""


@dataclass
class ServedEncoder:
    """An encoder that requests may name.

    Attributes:
        name: its full name.
        space: that of its vectors.
        collections: those that use it, at least one.
    """

    name: str
    space: Space
    collections: list[ServedCollection] = field(default_factory=list)

    def load(self) -> Encoder:
        """The encoder itself, loaded if it was not.

        Raises:
            EncoderError: it cannot be used.
        """
        encoders = self.collections[0].collection.encoders()
        return next(encoder for encoder in encoders if encoder.space == self.space)


def served_encoders(service: Service) -> list[ServedEncoder]:
    """The encoders of all collections, each once, in the order of the collections."""
    by_name: dict[str, ServedEncoder] = {}
    for served in service.collections.values():
        names, spaces = served.collection.encoder_names, served.collection.spaces
        for name, space in zip(names, spaces, strict=True):
            by_name.setdefault(name, ServedEncoder(name, space)).collections.append(served)
    return list(by_name.values())


def find_encoder(service: Service, name: str | None) -> ServedEncoder:
    """The encoder of a name; the first if none is given.

    Raises:
        RequestError: there is none of that name.
    """
    encoders = served_encoders(service)
    if name in (None, "", DEFAULT):
        return encoders[0]
    for encoder in encoders:
        if name in (encoder.name, encoder.space.id):
            return encoder
    names = ", ".join(encoder.name for encoder in encoders)
    message = f"There is no model {str(name)[:100]!r} here; there are: {names}."
    raise RequestError(message, 404, "model_not_found", "model")
