"""Whisper through transformers' own implementation: from a stretch of speech to timed texts.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", ICML 2023. The model
hears 30 s; what is shorter is padded by its own preprocessing. The language is told by the model
for each stretch.
"""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch

from anysense.embed.encoders.device import choose_device
from anysense.embed.encoders.weights.hub import offline
from anysense.embed.encoders.whisper.names import find_folder, full_name
from anysense.embed.errors import AnysenseError, CheckpointError
from anysense.embed.forking import new_lock
from anysense.embed.media.speech.recogniser import RATE, TimedText

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.embed.types import FloatArray

__all__ = ["WhisperRecogniser", "is_made_up", "load_recogniser"]

_PADDED = 1.0  # of the seconds that a model hears, less than which speech has to be
_LEAST_CERTAINTY = -1.0
_MOST_PACKED = 2.4
"""Both as in the paper, 4.5."""


class WhisperRecogniser:
    """Writes down speech. One stretch at a time: the processors work at it together.

    Args:
        folder: of the model.
        device: where it runs.

    Attributes:
        longest_seconds: what it hears at once.

    Raises:
        CheckpointError: it is damaged, lacks weights, or is another kind of model.
    """

    def __init__(self, folder: Path, device: torch.device) -> None:
        from transformers import (
            AutoTokenizer,
            WhisperFeatureExtractor,
            WhisperForConditionalGeneration,
        )

        try:
            with offline(), _quiet():
                self._features = WhisperFeatureExtractor.from_pretrained(folder)
                self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
                load: Any = WhisperForConditionalGeneration.from_pretrained
                model, told = load(
                    folder,
                    use_safetensors=True,
                    local_files_only=True,
                    dtype=torch.float32,
                    output_loading_info=True,
                )
        except AnysenseError:
            raise
        except Exception as error:  # transformers raises anything for what is damaged
            reason = " ".join(str(error).split())[:200].rstrip(".")
            raise CheckpointError(f"{folder}: cannot be loaded as Whisper ({reason}).") from error
        if told["missing_keys"] or told["mismatched_keys"]:
            raise CheckpointError(f"{folder}: lacks weights of Whisper; fetch it again.")
        self._device = device
        self._model: Any = model.to(device).eval().requires_grad_(False)
        self.longest_seconds = float(self._features.chunk_length) - _PADDED
        self._lock = new_lock()

    def transcribe(self, samples: FloatArray) -> list[TimedText]:
        """What is said in a mono sound of shape (n,) at 16 kHz, in order, in its own seconds.

        What the model only made up is left out, as far as it can be told: see `is_made_up`.
        """
        features = self._features(
            samples, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True
        )
        seconds = len(samples) / RATE
        certainty = _Certainty()
        settings: dict[str, Any] = {
            "return_timestamps": True,
            "return_segments": True,  # each with its seconds
            "logits_processor": [certainty],
        }
        if getattr(self._model.generation_config, "is_multilingual", False):
            settings["task"] = "transcribe"
        with self._lock, torch.inference_mode(), _quiet():
            told = self._model.generate(
                features.input_features.to(self._device),
                attention_mask=features.attention_mask.to(self._device),
                **settings,
            )
        texts = list(self._timed(told["segments"][0], seconds))
        return [] if is_made_up(texts, certainty.mean) else texts

    def _timed(self, segments: list[dict[str, Any]], seconds: float) -> Iterator[TimedText]:
        """The texts of segments, each between the times that the model has written.

        Which tokens are times the model's settings say: the tokenizers of some conversions do not.
        """
        first_time = self._model.generation_config.no_timestamps_token_id + 1
        for segment in segments:
            words = [token for token in segment["tokens"].tolist() if token < first_time]
            text = self._tokenizer.decode(words, skip_special_tokens=True)
            if text.strip():
                end = min(float(segment["end"]), seconds)
                yield TimedText(min(float(segment["start"]), end), end, text)


class _Certainty:
    """Watches how sure a model is of the words that it chooses.

    Attributes:
        mean: of the logarithms of their probabilities.
    """

    def __init__(self) -> None:
        self._total, self._count = 0.0, 0

    def __call__(self, ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self._total += float(torch.log_softmax(scores.float(), dim=-1).max())
        self._count += 1
        return scores

    @property
    def mean(self) -> float:
        return self._total / max(1, self._count)


def is_made_up(texts: list[TimedText], certainty: float) -> bool:
    """Whether a text is what Whisper makes of murmurs, animals and music.

    By the marks of its own authors: it is not sure of its words, or goes round in a circle, so
    that they can be packed too well.

    Args:
        texts: what was heard in one stretch.
        certainty: the mean of the natural logarithms of the probabilities of their tokens.
    """
    told = "".join(text.text for text in texts).encode()
    packed = len(told) / len(zlib.compress(told)) if told else 0.0
    return certainty < _LEAST_CERTAINTY or packed > _MOST_PACKED


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from drawing its progress, and from warning of its own settings."""
    from transformers.utils import logging

    library: Any = logging
    had_bars, verbosity = library.is_progress_bar_enabled(), library.get_verbosity()
    library.disable_progress_bar()
    library.set_verbosity_error()
    try:
        yield
    finally:
        library.set_verbosity(verbosity)
        if had_bars:
            library.enable_progress_bar()


def load_recogniser(name: str, device: str = "auto") -> WhisperRecogniser:
    """The model of a name, from this machine; it is loaded once in a process.

    Raises:
        UnknownEncoderError: no such name.
        MissingWeightsError: its weights are not here.
        CheckpointError: they are damaged, or refused as unsafe.
        EncoderError: there is no such device.
    """
    return _loaded(full_name(name), device)


@lru_cache(maxsize=1)
def _loaded(name: str, device: str) -> WhisperRecogniser:
    return WhisperRecogniser(find_folder(name), choose_device(device))
