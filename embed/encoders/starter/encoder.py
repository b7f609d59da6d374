"""The starter model: a small encoder of texts, images and sounds that needs no download.

Its three towers end in the space of a sentence encoder, 384 dimensions wide. It is small: it names
common things, and is no match for CLIP or CLAP (docs/starter.md has its measured quality).

To import torch takes longer than a whole search from the command line without it. So torch is
imported when it is needed, and a text of a query does not need it: see `StarterEncoder.encode`.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from anysense.embed.encoders.revision import revision_of, with_reduced
from anysense.embed.encoders.starter.spectrogram import RATE, WINDOW_SECONDS, log_mel
from anysense.embed.encoders.starter.square import IMAGE_SIDE, letterbox
from anysense.embed.encoders.starter.tokens import TextTokenizer
from anysense.embed.encoders.starter.weights import DATA_FOLDER, load_tensors, manifest
from anysense.embed.errors import EncoderError, UnknownEncoderError
from anysense.embed.forking import new_lock
from anysense.embed.types import Modality, Passage, Space, Waveform
from anysense.embed.waiting import IS_QUERY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

    from anysense.embed.encoders.starter.audio import AudioTower
    from anysense.embed.encoders.starter.image import ImageTower
    from anysense.embed.encoders.starter.text import TextTower
    from anysense.embed.encoders.starter.text_numpy import NumpyTextTower
    from anysense.embed.types import Content, FloatArray, Structure

__all__ = ["StarterEncoder", "load"]

DIMENSION = 384


class StarterEncoder:
    """Text by MiniLM, images by EfficientNet-Lite2, sounds by aiSFX, in one 384-d space.

    A tower's weights are read, and their checksums verified, when its modality is first used.

    Args:
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        folder: where its manifest is, and the weights that come with this package.

    Its attributes are those of `anysense.embed.types.Encoder`; the revision of its space
    is the hash of its manifest of weights, and of how few pixels of a picture are decoded;
    `whole_revision` is that of a space of pictures whose pixels were decoded all.
    """

    is_reentrant = True
    sample_rate: int | None = RATE
    window_seconds = WINDOW_SECONDS
    image_side: int | None = IMAGE_SIDE

    def __init__(self, device: str = "auto", folder: Path = DATA_FOLDER) -> None:
        self._folder = folder
        self._device_name = device
        self._lock = new_lock()
        self._tensors: dict[str, torch.Tensor] | None = None
        self._text_tokenizer: TextTokenizer | None = None
        self._numpy_text_tower: NumpyTextTower | None = None
        self._text_tower: TextTower | None = None
        self._image_tower: ImageTower | None = None
        self._audio_tower: AudioTower | None = None
        parts = manifest(folder)
        self.whole_revision = revision_of(parts)
        revision = revision_of(with_reduced(parts, IMAGE_SIDE))
        self.space = Space("starter", revision, DIMENSION, frozenset(Modality))
        if device not in ("auto", "cpu"):
            self._device  # noqa: B018 - one that is not here is refused now

    @property
    def batch_size(self) -> int:
        """How many inputs to give it at once."""
        from anysense.embed.encoders.device import choose_batch

        return choose_batch(self._device, 1, 256)

    @property
    def batches_at_once(self) -> int:
        """How many threads may give it batches at a time."""
        from anysense.embed.encoders.streams import batches_at_once

        return batches_at_once(self._device)

    def passages(self, text: str) -> list[Passage]:
        """Split a text into passages of at most 256 tokens that end at sentence ends."""
        return self._tokenizer.passages(text)

    def structured_passages(self, text: str, structure: Structure, overlap: int) -> list[Passage]:
        """The same for a text with a structure, by its sections."""
        return self._tokenizer.structured_passages(text, structure, overlap)

    def prepare(self, modality: Modality, content: Content) -> Any:
        """Token ids of a text, a (260, 260, 3) square of an image, a mel spectrogram of a sound.

        Raises:
            EncoderError: the content is not of that modality, or its rate is not 44.1 kHz.
            EmptyMediaError: a text of white space, or a sound of no samples.
            CorruptMediaError: samples that are not finite.
        """
        from PIL.Image import Image

        if modality is Modality.TEXT and isinstance(content, str):
            return self._tokenizer.tokenize(content)
        if modality is Modality.IMAGE and isinstance(content, Image):
            return letterbox(content)
        if modality is Modality.AUDIO and isinstance(content, Waveform):
            if content.rate != RATE:
                raise EncoderError(
                    f"The starter model takes sounds at {RATE} Hz, not {content.rate} Hz; "
                    "resample them first."
                )
            return log_mel(content.samples)
        raise EncoderError(
            f"The starter model cannot take a {type(content).__name__} as {modality}."
        )

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        """Encode prepared inputs: float32, shape (len(prepared), 384), rows of length one.

        One text of a query is encoded by numpy as long as this process has not imported torch.
        Its vector is the same to rounding, as those of queries are.
        """
        import numpy as np

        if len(prepared) == 0:
            return np.zeros((0, DIMENSION), dtype=np.float32)
        if modality is Modality.TEXT:
            if len(prepared) == 1 and IS_QUERY.get() and "torch" not in sys.modules:
                return self._numpy_text.encode(prepared[0])
            return self._text.encode(prepared)
        if modality is Modality.IMAGE:
            return self._image.encode(prepared)
        return self._audio.encode(prepared)

    @functools.cached_property
    def _device(self) -> torch.device:
        from anysense.embed.encoders.device import choose_device

        return choose_device(self._device_name)

    def _part(self, prefix: str) -> dict[str, torch.Tensor]:
        """The tensors of the heads' file whose names begin with `prefix`, without it."""
        if self._tensors is None:
            self._tensors = load_tensors("heads", self._folder)
        return {k[len(prefix) :]: t for k, t in self._tensors.items() if k.startswith(prefix)}

    # Many threads may prepare at once: each tower is made once, under the lock.
    @property
    def _tokenizer(self) -> TextTokenizer:
        with self._lock:
            if self._text_tokenizer is None:
                self._text_tokenizer = TextTokenizer(self._folder)
            return self._text_tokenizer

    @property
    def _numpy_text(self) -> NumpyTextTower:
        from anysense.embed.encoders.starter.text_numpy import NumpyTextTower

        with self._lock:
            if self._numpy_text_tower is None:
                self._numpy_text_tower = NumpyTextTower(self._folder)
            return self._numpy_text_tower

    @property
    def _text(self) -> TextTower:
        from anysense.embed.encoders.starter.text import TextTower

        with self._lock:
            if self._text_tower is None:
                mean = self._part("text.")["mean"]
                self._text_tower = TextTower(mean, self._device, self._folder)
            return self._text_tower

    @property
    def _image(self) -> ImageTower:
        from anysense.embed.encoders.starter.image import ImageTower

        with self._lock:
            if self._image_tower is None:
                part = self._part("image.")
                self._image_tower = ImageTower(part, self._device, self._folder)
            return self._image_tower

    @property
    def _audio(self) -> AudioTower:
        from anysense.embed.encoders.starter.audio import AudioTower

        with self._lock:
            if self._audio_tower is None:
                part = self._part("audio.")
                self._audio_tower = AudioTower(part, self._device, self._folder)
            return self._audio_tower


def load(rest: str = "", device: str = "auto") -> StarterEncoder:
    """The starter model on a device; ``auto`` is CUDA where there is one.

    Args:
        rest: what follows ``starter`` in the encoder's name: nothing.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.

    Raises:
        UnknownEncoderError: `rest` is not empty.
        EncoderError: no such device here.
        MissingWeightsError, CheckpointError: the manifest of its weights cannot be read.
    """
    if rest:
        raise UnknownEncoderError(f"starter:{rest}: there is one starter model; write starter.")
    return StarterEncoder(device)
