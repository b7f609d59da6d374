"""The documented models and the profiles that name sets of them.

A card says what a model is before it is loaded: nothing here imports a model library. Sizes are of
the files that `anysense models pull` fetches, in bytes of float32 weights unless a card says more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CARDS", "PROFILES", "ModelCard"]

_ALL = frozenset(Modality)
_TEXT_IMAGE = frozenset({Modality.TEXT, Modality.IMAGE})
_TEXT_AUDIO = frozenset({Modality.TEXT, Modality.AUDIO})


@dataclass(frozen=True)
class ModelCard:
    """What is known of a model without loading it.

    Attributes:
        name: what `load_encoder` takes.
        modalities: what it encodes.
        dimension: the length of its vectors.
        parameters: how many numbers its weights hold.
        size_bytes: about how much is downloaded, or lies in the package.
        licence: the licence of the weights, as their publisher states it.
        summary: what it is good for, in a sentence.
        quality: published figures, with their source.
        files: what must be on this machine, as ``hub repository/file``; the first is the weights.
        available: whether it is all here; None where that was not looked up.
    """

    name: str
    modalities: frozenset[Modality]
    dimension: int
    parameters: int
    size_bytes: int
    licence: str
    summary: str
    quality: str = ""
    files: tuple[str, ...] = ()
    available: bool | None = None

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that name it."""
        return tuple(profile for profile, names in PROFILES.items() if self.name in names)

    def here(self, available: bool) -> ModelCard:
        """The same card, saying whether its weights are on this machine."""
        return replace(self, available=available)


CARDS: tuple[ModelCard, ...] = ()

PROFILES: Mapping[str, tuple[str, ...]] = MappingProxyType({"starter": ("starter",)})
