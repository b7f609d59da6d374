"""A deterministic encoder of three modalities that needs no model: for tests of everything else.

It knows seven concepts. A text has those it names; a picture has those of its mean colour; a sound
those of its strongest frequency. So "red" finds a red picture, "low" a deep tone, and "red low" a
text with both words. As in CLIP, each modality lies apart from the others by an offset of its own.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.encoders.registry import register_encoder
from anysense.embed.encoders.sections import split_sections
from anysense.embed.errors import EncoderError
from anysense.embed.types import Content, Modality, Passage, Space, Waveform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from anysense.embed.types import FloatArray, Structure

CONCEPTS = ("red", "green", "blue", "dark", "low", "middle", "high")
PASSAGE_WORDS = 20
TEXT_IMAGE = frozenset({Modality.TEXT, Modality.IMAGE})
TEXT_AUDIO = frozenset({Modality.TEXT, Modality.AUDIO})


class TinyEncoder:
    """See the module's docstring. `name` tells spaces apart; `modalities` limits it to some."""

    def __init__(
        self,
        name: str = "tiny",
        modalities: frozenset[Modality] = frozenset(Modality),
        dimension: int = 32,
        revision: str = "1",
        image_side: int | None = None,
        passage_words: int = PASSAGE_WORDS,
    ) -> None:
        self.space = Space(name, revision, dimension, modalities)
        self.sample_rate = 8000 if Modality.AUDIO in modalities else None
        self.window_seconds = 10.0
        self.image_side = image_side
        self.passage_words = passage_words
        self.encoded = 0  # so that a test can tell whether the model was used

    def passages(self, text: str) -> list[Passage]:
        words = list(re.finditer(r"\S+", text))
        size = self.passage_words
        groups = [words[i : i + size] for i in range(0, len(words), size)]
        return [
            Passage(g[0].start(), g[-1].end(), text[g[0].start() : g[-1].end()]) for g in groups
        ]

    def structured_passages(self, text: str, structure: Structure, overlap: int) -> list[Passage]:
        return split_sections(
            text, structure, overlap, lambda t: len(t.split()), self.passage_words
        )

    def prepare(self, modality: Modality, content: Content) -> Any:
        if modality not in self.space.modalities:
            raise EncoderError(f"{self.space.id} does not encode {modality}")
        if isinstance(content, str):
            return self._with_gap(Modality.TEXT, self._text(content))
        if isinstance(content, Waveform):
            return self._with_gap(Modality.AUDIO, self._audio(content))
        return self._with_gap(Modality.IMAGE, self._image(content))

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        self.encoded += len(prepared)
        return np.stack(list(prepared)).astype(np.float32)

    def _text(self, text: str) -> FloatArray:
        vector = np.zeros(self.space.dimension, np.float32)
        for word in re.findall(r"\w+", text.lower()):
            if word in CONCEPTS:
                vector[CONCEPTS.index(word)] += 1.0
            else:
                vector[self._detail(word)] += 0.3
        return vector

    def _image(self, image: Image) -> FloatArray:
        pixels = np.asarray(image.convert("RGB").resize((16, 16)), np.float32) / 255
        mean = pixels.mean(axis=(0, 1))
        vector = np.zeros(self.space.dimension, np.float32)
        vector[:3] = np.maximum(mean - np.sort(mean)[1], 0)  # grey has no colour
        vector[3] = max(0.0, 0.5 - float(mean.max()))
        vector[self._detail(pixels.round(1).tobytes().hex())] += 0.05
        return vector

    def _audio(self, waveform: Waveform) -> FloatArray:
        spectrum = np.abs(np.fft.rfft(waveform.samples)) ** 2
        place = int(spectrum.argmax())
        peak = place / max(waveform.seconds, 1e-6)
        vector = np.zeros(self.space.dimension, np.float32)
        if spectrum[max(place - 3, 0) : place + 4].sum() > 0.5 * spectrum.sum():  # else no tone
            vector[4 if peak < 300 else 5 if peak < 1500 else 6] = 1.0
        vector[self._detail(f"{peak:.0f}")] += 0.1
        return vector

    def _detail(self, key: str) -> int:
        free = self.space.dimension - len(CONCEPTS) - len(Modality)
        return len(CONCEPTS) + zlib.crc32(key.encode()) % free

    def _with_gap(self, modality: Modality, vector: FloatArray) -> FloatArray:
        vector = vector / max(float(np.linalg.norm(vector)), 1e-6)
        vector[-1 - list(Modality).index(modality)] = 0.5
        return vector / np.float32(np.linalg.norm(vector))


def register() -> None:
    """Make the names `tiny`, `tiny:text-image`, `tiny:other` and others loadable."""
    variants = {
        "": lambda: TinyEncoder(),
        "text-image": lambda: TinyEncoder("tiny:text-image", TEXT_IMAGE, 24),
        "text-audio": lambda: TinyEncoder("tiny:text-audio", TEXT_AUDIO, 24),
        "changed": lambda: TinyEncoder(revision="2"),
        "other": lambda: TinyEncoder("tiny:other", dimension=40, passage_words=12),
        "text": lambda: TinyEncoder("tiny:text", frozenset({Modality.TEXT}), 24),
    }
    register_encoder("tiny", lambda rest, device: variants[rest]())
