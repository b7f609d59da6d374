"""Texts, sounds and frames of videos in one space through Meta's PE-AV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from anysense.embed.encoders.device import BatchRunner, choose_batch, choose_device
from anysense.embed.encoders.features import Features
from anysense.embed.encoders.letters import plain_letters
from anysense.embed.encoders.passages import split_passages
from anysense.embed.encoders.peav.model import Towers, read_config, read_processor, read_towers
from anysense.embed.encoders.peav.names import find_model, weight_files
from anysense.embed.encoders.revision import digest_parts, revision_of, with_reduced
from anysense.embed.encoders.sections import split_sections
from anysense.embed.encoders.weights.checkpoint import file_digest
from anysense.embed.encoders.weights.hub import offline
from anysense.embed.errors import EmptyMediaError, EncoderError
from anysense.embed.media.picture.reduced import needed_side
from anysense.embed.types import Clip, Modality, Passage, QueryForm, Space, VideoInput, Waveform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from anysense.embed.types import Content, FloatArray, Structure

__all__ = ["PeavEncoder", "load"]

_REVISION = "1"
_SECONDS = 10.0  # of a window of sound, and of a clip
_FRAMES_A_SECOND = 2  # of models that take any number of frames, as the public boards gave them
_TOKENS = 512  # as Meta's code cuts a text
_PATCHES = 576  # of a frame
_STEP = 16  # texts are padded to multiples of this many tokens
_FORMS = (
    QueryForm("to-audio", Modality.TEXT, frozenset({Modality.AUDIO})),
    QueryForm("to-image", Modality.TEXT, frozenset({Modality.IMAGE})),
)
# The places of their heads in `Towers.text_heads`; items of text have the head of both.
_HEADS = {"": 0, "to-audio": 1, "to-image": 2}
_PIXELS = (
    "size",
    "do_resize",
    "resample",
    "do_center_crop",
    "crop_size",
    "do_rescale",
    "rescale_factor",
    "do_normalize",
    "image_mean",
    "image_std",
)


def load(rest: str, device: str) -> PeavEncoder:
    """Load a PE-AV model from this machine; code that comes with it is not run.

    Raises:
        UnknownEncoderError: the name is neither OWNER/NAME nor a path.
        MissingWeightsError: the model is not here.
        CheckpointError: it is damaged, or another kind of model.
    """
    name, folder = find_model(rest)
    config = read_config(folder)
    torch_device = choose_device(device)
    with offline():
        processor = read_processor(folder)
        towers = read_towers(folder)
    digest = digest_parts(
        {
            "config": config,
            **{file.name: file_digest(file) for file in weight_files(folder)},
        }
    )
    return PeavEncoder(name, towers, processor, torch_device, digest)


class PeavEncoder:
    """A PE-AV model as an encoder of texts, of windows of sound, and of frames.

    A text that looks for sounds has another vector than one that looks for pictures, and an item of
    text a third, as the model has a head for each. A picture is a clip of one frame. The embedding
    of a sound together with its video is not used.

    Args:
        name: its full name, which names its space.
        towers: the model.
        processor: transformers' processor of it.
        device: where to run it.
        digest: a hash of its weights and its configuration.

    Its attributes are those of `anysense.embed.types.Encoder`; the revision of its space hashes
    weights, configuration, tokenizer, how sounds and frames are prepared, and how few pixels of a
    picture are decoded.
    """

    is_reentrant = True
    window_seconds = _SECONDS

    def __init__(
        self, name: str, towers: Towers, processor: Any, device: torch.device, digest: str
    ) -> None:
        self._towers = towers.to(device).eval().requires_grad_(False)
        self._tokenizer = processor.tokenizer
        self._marks = len(self._tokenizer("a").input_ids) - self._count("a")
        self._sounds = processor.feature_extractor
        self._frames = processor.video_processor
        self._frame_count: int | None = getattr(self._frames, "num_frames", None)
        self.sample_rate: int | None = int(self._sounds.sampling_rate)
        self.video = VideoInput(_SECONDS, self._frame_count or round(_FRAMES_A_SECOND * _SECONDS))
        self._runner = BatchRunner(device)
        self.batch_size = choose_batch(device, 1, 32)
        self.image_side = _image_side(self._frames)
        parts = {
            "weights": digest,
            "tokens": self._tokenizer("Zürich &amp; 北京: isn't it GREAT?").input_ids,
            "length": _TOKENS,
            "sounds": [self.sample_rate, int(self._sounds.hop_length), _SECONDS],
            "frames": [self.video.seconds, self.video.frames, self._frame_count],
            "pixels": {key: str(getattr(self._frames, key, None)) for key in _PIXELS},
            "code": _REVISION,
        }
        self.space = Space(
            name,
            revision_of(with_reduced(parts, self.image_side) if self.image_side else parts),
            towers.dimension,
            frozenset(Modality),
            _FORMS,
        )

    def passages(self, text: str) -> list[Passage]:
        """Split a text into passages of at most 512 tokens, less its marks."""
        return split_passages(text, self._count, _TOKENS - self._marks)

    def structured_passages(self, text: str, structure: Structure, overlap: int) -> list[Passage]:
        """The same for a text with a structure, by its sections."""
        return split_sections(text, structure, overlap, self._count, _TOKENS - self._marks)

    def prepare(self, modality: Modality, content: Content) -> Any:
        """One input as tensors.

        Of a text int64 (3, length); of a window of sound float32 (1, samples), as far as the
        codec's hop goes; of a picture or a clip `Features` with ``pixels``, float32 of shape
        (1, frames, 3, height, width).

        Raises:
            EncoderError: it takes no such content.
            EmptyMediaError: a sound without samples.
        """
        if modality is Modality.TEXT and isinstance(content, str):
            return self._tokens(content, "")
        if modality is Modality.AUDIO and isinstance(content, Waveform):
            return self._samples(content)
        if modality is Modality.IMAGE and not isinstance(content, str | Waveform):
            return self._pixels(content.frames if isinstance(content, Clip) else (content,))
        raise EncoderError(f"The encoder '{self.space.id}' does not take {modality}.")

    def prepare_query(self, modality: Modality, content: Content, form: str) -> Any:
        """`prepare` for a query in one of the forms of its space; the empty one is an item's.

        Raises:
            EncoderError: it has no such form, or takes no such content.
        """
        if form == "":
            return self.prepare(modality, content)
        if form not in _HEADS or modality is not Modality.TEXT or not isinstance(content, str):
            raise EncoderError(
                f"The encoder '{self.space.id}' has no form '{form}' of queries by {modality}."
            )
        return self._tokens(content, form)

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        """Unit vectors, float32 of shape (len(prepared), dimension)."""
        if modality is Modality.TEXT:
            return self._runner.run_grouped(self._towers.texts, prepared)
        if modality is Modality.AUDIO:
            return self._runner.run_grouped(self._towers.sounds, prepared)
        return self._runner.run_grouped(self._clips, prepared)

    def _tokens(self, text: str, form: str) -> torch.Tensor:
        ids = self._tokenizer(plain_letters(text), truncation=True, max_length=_TOKENS).input_ids
        # At least one is padding: without any, attention takes another way, which rounds otherwise.
        length = (len(ids) // _STEP + 1) * _STEP
        rows = torch.full((3, length), int(self._tokenizer.pad_token_id or 0))
        rows[0, : len(ids)] = torch.tensor(ids)
        rows[1] = torch.arange(length) < len(ids)
        rows[2] = _HEADS[form]
        return rows

    def _count(self, text: str) -> int:
        text = plain_letters(text)
        return len(self._tokenizer(text, add_special_tokens=False, verbose=False).input_ids)

    def _samples(self, sound: Waveform) -> torch.Tensor:
        most = round(_SECONDS * (self.sample_rate or 0))
        if sound.rate != self.sample_rate or len(sound.samples) > most:
            raise EncoderError(
                f"The encoder '{self.space.id}' takes up to {_SECONDS:g} s at {self.sample_rate} "
                f"Hz, but was given {sound!r}."
            )
        if len(sound.samples) == 0:
            raise EmptyMediaError("<samples>", "has no samples")
        features = self._sounds(
            sound.samples, sampling_rate=sound.rate, padding=False, return_tensors="pt"
        )
        return torch.as_tensor(features.input_values[0])

    def _pixels(self, frames: Sequence[Image]) -> Features:
        if self._frame_count is not None:
            from transformers.video_utils import VideoMetadata

            given = VideoMetadata(total_num_frames=len(frames))
            chosen = self._frames.sample_frames(given, num_frames=self._frame_count)
            frames = [frames[at] for at in chosen]
        pixels = []
        for frame in frames:
            video = torch.from_numpy(np.array(frame)).permute(2, 0, 1)[None]
            ready = self._frames([video], do_sample_frames=False, return_tensors="pt")
            pixels.append(ready.pixel_values_videos[0])
        # As many rows as it has patches: each has a micro-batch to itself.
        return Features({"pixels": torch.cat(pixels)[None]}, tokens=_PATCHES * len(pixels))

    def _clips(self, batch: Features) -> torch.Tensor:
        return self._towers.clips(batch.values["pixels"])


def _image_side(frames: Any) -> int | None:
    """How many pixels the shorter side of a picture needs: twice those that the model looks at.

    None if its settings do not say at how many it looks, so that it is given all.
    """
    sizes = dict(frames.size or {}).values()
    seen = [size for size in sizes if isinstance(size, int)]
    return needed_side(*seen) if seen and frames.do_resize else None
