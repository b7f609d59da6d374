"""Text and sounds in one space through CLAP.

LAION's checkpoints run through LAION's own model code where the package laion_clap is installed,
and otherwise through transformers after a conversion; the two agree.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

from anysense.embed.encoders.clap.convert import is_laion
from anysense.embed.encoders.clap.laion import LaionTowers, build_laion_model, is_installed
from anysense.embed.encoders.clap.names import find_weights, parse_name
from anysense.embed.encoders.clap.spectrogram import RATE, WINDOW_SECONDS, MelSettings, log_mel
from anysense.embed.encoders.clap.text import ClapTokenizer, find_tokenizer
from anysense.embed.encoders.clap.transformers_port import (
    TransformersTowers,
    build_converted,
    build_port,
    mel_settings,
)
from anysense.embed.encoders.device import BatchRunner, choose_batch, choose_device
from anysense.embed.encoders.revision import revision_of
from anysense.embed.encoders.streams import batches_at_once
from anysense.embed.encoders.weights.checkpoint import file_digest, read_tensors
from anysense.embed.encoders.weights.downloads import WEIGHT_FILES
from anysense.embed.encoders.weights.hub import missing_file, offline
from anysense.embed.errors import EncoderError
from anysense.embed.types import Modality, Passage, Space, Waveform

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

    from anysense.embed.types import Content, FloatArray, Structure

__all__ = ["ClapEncoder", "load"]

_DIMENSION = 512
_REVISION = "1"


class Towers(Protocol):
    """A CLAP model's two towers, whichever code runs them."""

    model: Any
    fusion: bool

    def audio(self, mel: torch.Tensor) -> torch.Tensor: ...
    def text(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor: ...


def load(rest: str, device: str) -> ClapEncoder:
    """Load a CLAP model with weights that are on this machine.

    Raises:
        UnknownEncoderError: the name is none of those above.
        MissingWeightsError: its weights or its tokenizer are not here.
        CheckpointError: its weights are damaged, refused as unsafe, or of another model.
    """
    weights = parse_name(rest)
    torch_device = choose_device(device)
    file = find_weights(weights)
    with offline():
        tokenizer = ClapTokenizer(find_tokenizer(weights.name, file.parent))
        towers, mel = _towers(file)
    return ClapEncoder(weights.name, towers, mel, tokenizer, torch_device, file_digest(file))


def _towers(file: Path) -> tuple[Towers, MelSettings]:
    if (file.parent / "config.json").is_file() and file.name in WEIGHT_FILES:
        port = TransformersTowers(build_port(file.parent, file))
        return port, mel_settings(file.parent, fusion=port.fusion)
    state = read_tensors(file)
    if not is_laion(state):
        raise missing_file(file.parent / "config.json")
    towers: Towers = (
        LaionTowers(build_laion_model(state, str(file)))
        if is_installed()
        else TransformersTowers(build_converted(state, str(file)))
    )
    return towers, MelSettings(slaney=not towers.fusion)


class ClapEncoder:
    """A CLAP model as an encoder of texts and of windows of sound.

    A window of 10 s is heard whole: feature fusion, which is for longer sounds, has nothing to do.

    Args:
        name: its full name, which names its space.
        towers: the model.
        mel: the spectrogram it was trained with.
        tokenizer: the one of its text tower.
        device: where to run it.
        digest: a hash of its weights.

    Its attributes are those of `anysense.embed.types.Encoder`; the revision of its space
    hashes weights, spectrogram and tokenizer.
    """

    is_reentrant = True
    sample_rate: int | None = RATE
    window_seconds = WINDOW_SECONDS

    def __init__(
        self,
        name: str,
        towers: Towers,
        mel: MelSettings,
        tokenizer: ClapTokenizer,
        device: torch.device,
        digest: str,
    ) -> None:
        towers.model.to(device).eval().requires_grad_(False)
        self._towers = towers
        self._mel = mel
        self._tokenizer = tokenizer
        self._runner = BatchRunner(device)
        self.batch_size = choose_batch(device, 1, 128)
        self.batches_at_once = batches_at_once(device)
        revision = {
            "weights": digest,
            "mel": asdict(mel),
            "tokens": tokenizer.signature(),
            "code": _REVISION,
        }
        self.space = Space(
            name,
            revision_of(revision),
            _DIMENSION,
            frozenset({Modality.TEXT, Modality.AUDIO}),
        )

    def passages(self, text: str) -> list[Passage]:
        """Split a text into passages of at most 75 tokens."""
        return self._tokenizer.passages(text)

    def structured_passages(self, text: str, structure: Structure, overlap: int) -> list[Passage]:
        """The same for a text with a structure, by its sections."""
        return self._tokenizer.structured_passages(text, structure, overlap)

    def prepare(self, modality: Modality, content: Content) -> Any:
        """Token ids (length,) of a text; the spectrogram (1001, 64) of a window."""
        if modality is Modality.TEXT and isinstance(content, str):
            return self._tokenizer.ids(content)
        if modality is Modality.AUDIO and isinstance(content, Waveform):
            return log_mel(content, self._mel)
        raise EncoderError(f"The encoder '{self.space.id}' does not take {modality}.")

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        """Unit vectors, float32 of shape (len(prepared), 512)."""
        if modality is Modality.TEXT:
            return self._runner.run_grouped(self._text, prepared)
        return self._runner.run(self._towers.audio, prepared, micro_batch=1, key="windows")

    def _text(self, ids: torch.Tensor) -> torch.Tensor:
        return self._towers.text(ids, (ids != self._tokenizer.padding).long())
