"""An encoder whose text queries depend on what they look for: `TinyEncoder` in another guise.

Items of each modality, and texts among them, lie in a part of the space of their own, so a query
finds a picture or a sound only in the form that looks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from tiny import TinyEncoder

from anysense.embed.encoders.registry import register_encoder
from anysense.embed.types import Clip, Modality, QueryForm, Space, VideoInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.types import Content, FloatArray

FORMS = (
    QueryForm("to-image", Modality.TEXT, frozenset({Modality.IMAGE})),
    QueryForm("to-audio", Modality.TEXT, frozenset({Modality.AUDIO})),
)
_PART = 32  # of the dimensions, for each modality
_PLACES = {"to-image": 0, "to-audio": 1, Modality.IMAGE: 0, Modality.AUDIO: 1, Modality.TEXT: 2}


class FormedEncoder(TinyEncoder):
    """See the module's docstring. It takes clips too: they are the mean of their frames."""

    video = VideoInput(seconds=4.0, frames=4)

    def __init__(self, name: str = "formed") -> None:
        super().__init__(name)
        self._tiny = TinyEncoder(dimension=_PART)
        self.space = Space(name, "1", 3 * _PART, frozenset(Modality), FORMS)

    def prepare(self, modality: Modality, content: Content) -> Any:
        if isinstance(content, Clip):
            frames = [self.prepare(Modality.IMAGE, frame) for frame in content.frames]
            return np.mean(frames, axis=0, dtype=np.float32)
        return self._placed(modality, content, _PLACES[modality])

    def prepare_query(self, modality: Modality, content: Content, form: str) -> Any:
        return self._placed(modality, content, _PLACES[form])

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        vectors = super().encode(modality, prepared)
        unit: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def _placed(self, modality: Modality, content: Content, place: int) -> FloatArray:
        vector = np.zeros(3 * _PART, np.float32)
        vector[place * _PART : (place + 1) * _PART] = self._tiny.prepare(modality, content)
        return vector


def register() -> None:
    """Make the name `formed` loadable in this process."""
    register_encoder("formed", lambda rest, device: FormedEncoder())
