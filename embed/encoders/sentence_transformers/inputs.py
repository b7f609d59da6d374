"""From contents to what a model takes, one at a time, so that no input depends on another.

Each is given to the library as what it is: a text that is the name of a file, or an address, is a
text. What the library would leave to chance or to the batch is settled here: padding, crops of long
sounds, noise that is added to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL.Image import Image, new
from sentence_transformers.base.modules import Transformer

from anysense.embed.encoders.features import Features
from anysense.embed.errors import (
    CorruptMediaError,
    EmptyMediaError,
    EncoderError,
    UnsupportedMediaError,
)
from anysense.embed.media.picture.reduced import needed_side
from anysense.embed.types import Clip, Modality, VideoInput, Waveform

if TYPE_CHECKING:
    from anysense.embed.encoders.sentence_transformers.prompts import Task
    from anysense.embed.types import Content

__all__ = ["Inputs", "settle", "supported", "transformers_of"]

_FULLY_PADDED = ("siglip", "siglip2")
"""Models that were trained with texts of one length, whose padding nothing masks."""
_MEDIA_ROWS = 1024
"""Pictures and sounds have so many rows that one of them keeps a processor busy."""
_LONGEST_WINDOW = 30.0
"""Models that hear minutes at once would not tell where in them something is."""
_MOST_FRAMES = 32
"""Of a clip, as each costs as much as a picture."""
_TEXT_KEYS = frozenset({"input_ids", "attention_mask", "token_type_ids", "modality"})
_NAMES = {Modality.TEXT: "text", Modality.IMAGE: "image", Modality.AUDIO: "audio"}


def supported(model: Any) -> frozenset[Modality]:
    """What a model of sentence-transformers takes."""
    config = getattr(model.transformers_model, "config", None)
    towers = {Modality.IMAGE: "vision_config", Modality.AUDIO: "audio_config"}
    return frozenset(
        modality
        for modality, name in _NAMES.items()
        # A processor says what it can prepare; a model may be saved without the tower for it.
        if model.supports(name) and getattr(config, towers.get(modality, ""), config) is not None
    )


def transformers_of(model: Any) -> list[Transformer]:
    """The parts of a model that have a processor: one, or one for queries and one for documents."""
    return [module for module in model.modules() if isinstance(module, Transformer)]


def settle(model: Any) -> None:
    """Make what the library's own way of a model makes depend on its input alone."""
    for module in transformers_of(model):
        config = module.model.config
        if "video" in module.modalities:  # a clip's frames are chosen already
            _set(module, "video", {"do_sample_frames": False})
        if config.model_type in _FULLY_PADDED:
            length = int(config.text_config.max_position_embeddings)
            text = {"padding": "max_length", "max_length": length, "return_attention_mask": False}
            _set(module, "text", text)
        extractor = _feature_extractor(module.processor)
        if getattr(extractor, "dither", 0.0):
            extractor.dither = 0.0  # noise, drawn anew for each sound
        padding = getattr(extractor, "padding", None)
        # The library's own `True` is silence to transformers' older CLAP.
        if isinstance(padding, str):
            _set(module, "audio", {"padding": padding})
        positions = _positions(module.model)
        if module.tokenizer is not None and positions is not None:
            limit = min(module.tokenizer.model_max_length, positions)
            module.tokenizer.model_max_length = limit


def _set(module: Transformer, kind: str, settings: dict[str, Any]) -> None:
    own: Any = module.processing_kwargs
    own = {**own, kind: {**own.get(kind, {}), **settings}}
    module.processing_kwargs = own


class Inputs:
    """Prepares contents for one model.

    Args:
        model: of sentence-transformers, settled.
        step: texts are padded to multiples of so many tokens; 1 pads none.

    Attributes:
        sample_rate: in Hz, of the sounds that it takes; None if it takes none.
        window_seconds: how much of a sound it hears at once.
        video: the clips that it takes; None if it takes none.
        image_side: how many pixels it needs along the shorter side of a picture; None: all of them.
    """

    def __init__(self, model: Any, step: int = 1) -> None:
        self._model = model
        self._step = step
        processor = _processor_with(model, "feature_extractor")
        extractor = _feature_extractor(processor)
        rate = getattr(extractor, "sampling_rate", None)
        hears = rate is not None and Modality.AUDIO in supported(model)
        self.sample_rate = int(rate or 0) if hears else None
        self.window_seconds = _window_seconds(processor, extractor) if hears else 10.0
        self.video = _video_input(model)
        self.image_side = _image_side(_processor_with(model, "image_processor"))

    def probes(self) -> list[str | Image | Waveform]:
        """Something of each kind that the model takes."""
        made: list[str | Image | Waveform] = []
        modalities = supported(self._model)
        if Modality.TEXT in modalities:
            made.append("a")
        if Modality.IMAGE in modalities:
            made.append(new("RGB", (64, 64), "grey"))
        if self.sample_rate is not None:
            silence = np.zeros(self.sample_rate, np.float32)
            made.append(Waveform(silence, self.sample_rate))
        return made

    def prepare(self, content: Content, task: Task) -> Features:
        """One content as a batch of one.

        Raises:
            MediaError: it cannot be prepared.
            EncoderError: a sound has not the rate that the model takes.
        """
        if isinstance(content, str):
            return self._padded(self._features("text", content, task))
        if isinstance(content, Image):
            return self._features("image", content.convert("RGB"), task)
        if isinstance(content, Clip):
            # Qwen2.5-Omni is told a rate in place of times.
            rate = len(content.frames) / content.seconds
            return self._features("video", _video(content), task, rate)
        values = self._features("audio", self._sound(content), task).values
        if "is_longer" in values:
            # A window is heard whole. CLAP's extractor marks one sound of a batch at random.
            values = {**values, "is_longer": torch.zeros_like(values["is_longer"])}
        return Features(values, _MEDIA_ROWS)

    def _features(self, name: str, content: Any, task: Task, rate: float | None = None) -> Features:
        more = {} if rate is None else {"processing_kwargs": {"video": {"fps": rate}}}
        try:
            made = self._model.preprocess(
                [{name: content}], prompt=task.prompt, task=task.name, **more
            )
        except Exception as error:  # whatever a processor raises for what it cannot take
            reason = " ".join(str(error).split())[:200]
            raise UnsupportedMediaError(
                f"<{name}>", f"cannot be prepared for this model ({reason})"
            ) from error
        values = {key: made[key] for key in made}
        if any(torch.is_tensor(value) and value.numel() == 0 for value in values.values()):
            raise UnsupportedMediaError(f"<{name}>", "is too short for this model")
        is_text = name == "text" and isinstance(values.get("input_ids"), torch.Tensor)
        return Features(values, values["input_ids"].shape[-1] if is_text else _MEDIA_ROWS)

    def _sound(self, content: Waveform) -> dict[str, Any]:
        if content.rate != self.sample_rate:
            raise EncoderError(
                f"This model takes sounds at {self.sample_rate} Hz, not {content.rate} Hz; "
                "resample them first."
            )
        samples = content.samples[: round(self.window_seconds * content.rate)]
        if len(samples) == 0:
            raise EmptyMediaError("<samples>", "has no samples")
        if not np.isfinite(samples).all():
            raise CorruptMediaError("<samples>", "has samples that are not finite")
        return {"array": samples, "sampling_rate": content.rate}

    def _padded(self, features: Features) -> Features:
        """A text padded at its end, where nothing but its tokens has the length of its tokens."""
        tokenizer = self._model.tokenizer
        ids = features.values.get("input_ids")
        settings = {key for key, value in features.values.items() if not torch.is_tensor(value)}
        if (
            self._step == 1
            or ids is None
            or "attention_mask" not in features.values
            or not features.values.keys() - settings <= _TEXT_KEYS
            or tokenizer.padding_side != "right"
        ):
            return features
        missing = -ids.shape[-1] % self._step
        fill = {"input_ids": tokenizer.pad_token_id or 0}
        values = {
            key: torch.nn.functional.pad(value, (0, missing), value=fill.get(key, 0))
            if torch.is_tensor(value)
            else value
            for key, value in features.values.items()
        }
        return Features(values, ids.shape[-1] + missing)


def _processor_with(model: Any, part: str) -> Any:
    """The first processor of a model that has such a part; the first of all if none has."""
    processors = [module.processor for module in transformers_of(model)]
    return next((one for one in processors if hasattr(one, part)), processors[0])


def _feature_extractor(processor: Any) -> Any:
    """What makes features of sounds, if anything does."""
    extractor = getattr(processor, "feature_extractor", processor)
    return extractor if hasattr(extractor, "sampling_rate") else None


def _window_seconds(processor: Any, extractor: Any) -> float:
    """How much of a sound a model hears at once, as far as its extractor or processor tells."""
    told = [
        getattr(extractor, "max_length_s", None),  # CLAP
        getattr(extractor, "chunk_length", None),  # Whisper, and what hears through it
        getattr(processor, "audio_seq_length", 0)
        * getattr(processor, "audio_ms_per_token", 0)
        / 1e3,
    ]
    return min(next((float(seconds) for seconds in told if seconds), 10.0), _LONGEST_WINDOW)


def _image_side(processor: Any) -> int | None:
    """Twice the side of the square that a processor makes of a picture, if it makes one.

    Others keep the proportions, and as many pixels as they have room for.
    """
    size = getattr(getattr(processor, "image_processor", processor), "size", None) or {}
    told = {key: size.get(key) for key in ("height", "width", "shortest_edge", "longest_edge")}
    if told["longest_edge"] is not None:
        return None
    sides = [int(side) for side in told.values() if side is not None]
    return needed_side(*sides) if sides else None


def _video_input(model: Any) -> VideoInput | None:
    """The clips that a model takes, as its processor tells how many frames it looks at."""
    frames = getattr(_processor_with(model, "video_processor"), "video_processor", None)
    if frames is None or not model.supports("video") or Modality.IMAGE not in supported(model):
        return None
    most = min(int(getattr(frames, "max_frames", None) or _MOST_FRAMES), _MOST_FRAMES)
    rate = float(getattr(frames, "fps", None) or 1.0)
    return VideoInput(min(most / rate, _LONGEST_WINDOW), most)


def _video(clip: Clip) -> dict[str, Any]:
    """A clip as the library takes it: of its own rate, by which the times of frames are numbers."""
    rate = 1000
    told = {
        "fps": rate,
        "duration": clip.seconds,
        "total_num_frames": max(round(clip.seconds * rate), len(clip.frames)),
        "frames_indices": [round(time * rate) for time in clip.times],
    }
    return {"array": [frame.convert("RGB") for frame in clip.frames], "video_metadata": told}


def _positions(model: Any) -> int | None:
    """How many tokens a model has positions for, if it says so."""
    config = model.config.get_text_config()
    most = getattr(config, "max_position_embeddings", None)
    if not isinstance(most, int) or most < 1:
        return None
    for module in model.modules():  # RoBERTa and its kin begin to count after the padding's number
        table = getattr(module, "position_embeddings", None)
        padding = getattr(table, "padding_idx", None)
        if getattr(table, "num_embeddings", None) == most and isinstance(padding, int):
            return most - padding - 1
    return most
