"""Text and sounds in one space through CLAP.

After ``clap:`` a name is one of

* an official checkpoint of LAION-CLAP, such as ``630k-audioset-best`` (see `OFFICIAL`);
* ``OWNER/NAME``: a port to transformers on the hub, such as ``laion/clap-htsat-unfused``;
* a path that begins with ``/``, ``./``, ``../`` or ``~``: a folder with such a port, or a
  checkpoint in LAION's format, ``.pt`` or ``.safetensors``.

LAION's checkpoints run through LAION's own model code where the package laion_clap is installed,
and otherwise through transformers after a conversion; the two agree.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from anysense.embed.encoders.clap.convert import is_laion
from anysense.embed.encoders.clap.laion import LaionTowers, build_laion_model, is_installed
from anysense.embed.encoders.clap.spectrogram import RATE, WINDOW_SECONDS, MelSettings, log_mel
from anysense.embed.encoders.clap.text import ClapTokenizer, find_tokenizer
from anysense.embed.encoders.clap.transformers_port import (
    WEIGHT_FILES,
    TransformersTowers,
    build_converted,
    build_port,
    mel_settings,
)
from anysense.embed.encoders.device import BatchRunner, choose_batch, choose_device
from anysense.embed.encoders.weights.checkpoint import file_digest, read_tensors
from anysense.embed.encoders.weights.hub import cached_file, missing, missing_file, offline
from anysense.embed.errors import EncoderError, UnknownEncoderError
from anysense.embed.types import Modality, Passage, Space, Waveform

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from anysense.embed.types import Content, FloatArray

__all__ = ["OFFICIAL", "OFFICIAL_REPOSITORY", "ClapEncoder", "ClapWeights", "find_weights", "load"]

OFFICIAL_REPOSITORY = "lukewys/laion_clap"
OFFICIAL = (
    "630k-best",
    "630k-audioset-best",
    "630k-fusion-best",
    "630k-audioset-fusion-best",
    "music_audioset_epoch_15_esc_90.14",
    "music_speech_epoch_15_esc_89.25",
    "music_speech_audioset_epoch_15_esc_89.98",
)
_DIMENSION = 512
_REVISION = "1"


class Towers(Protocol):
    """A CLAP model's two towers, whichever code runs them."""

    model: Any
    fusion: bool

    def audio(self, mel: torch.Tensor) -> torch.Tensor: ...
    def text(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor: ...


@dataclass(frozen=True)
class ClapWeights:
    """Which weights a name means.

    Attributes:
        name: the encoder's name, with paths made absolute.
        repository: the hub repository, where it has one.
        files: the names that its weights may have there.
        path: the user's own folder or file, where it has one.
    """

    name: str
    repository: str = ""
    files: tuple[str, ...] = ()
    path: Path | None = None


def load(rest: str, device: str) -> ClapEncoder:
    """Load a CLAP model with weights that are on this machine.

    Raises:
        UnknownEncoderError: the name is none of those above.
        MissingWeightsError: its weights or its tokenizer are not here.
        CheckpointError: its weights are damaged, refused as unsafe, or of another model.
    """
    weights = parse_name(rest)
    chosen = choose_device(device)
    file = find_weights(weights)
    with offline():
        tokenizer = ClapTokenizer(find_tokenizer(weights.name, file.parent))
        towers, mel = _towers(file)
    return ClapEncoder(weights.name, towers, mel, tokenizer, chosen, file_digest(file))


def parse_name(rest: str) -> ClapWeights:
    """What follows ``clap:``, understood; see the module's docstring.

    Raises:
        UnknownEncoderError: it is none of the three.
    """
    if rest.startswith(("/", "./", "../", "~")) or (rest and Path(rest).is_absolute()):
        path = Path(rest).expanduser().resolve()
        return ClapWeights(f"clap:{path}", path=path)
    name = rest.removesuffix(".pt")
    if name in OFFICIAL:
        return ClapWeights(f"clap:{name}", OFFICIAL_REPOSITORY, (f"{name}.pt",))
    if rest.count("/") == 1 and all(rest.split("/")):
        return ClapWeights(f"clap:{rest}", rest, WEIGHT_FILES)
    raise UnknownEncoderError(
        f"There is no CLAP checkpoint '{rest}': give OWNER/NAME of the hub, an absolute path, or "
        f"one of {', '.join(OFFICIAL)}."
    )


def find_weights(weights: ClapWeights) -> Path:
    """The weights on this machine.

    Raises:
        MissingWeightsError: they are not here.
    """
    if weights.path is None:
        found = cached_file(weights.repository, *weights.files)
        if found is None:
            raise missing(weights.name)
        return found
    if weights.path.is_dir():
        for name in WEIGHT_FILES:
            if (weights.path / name).is_file():
                return weights.path / name
        raise missing_file(weights.path / WEIGHT_FILES[0])
    if not weights.path.is_file():
        raise missing_file(weights.path)
    return weights.path


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
        revision = {
            "weights": digest,
            "mel": asdict(mel),
            "tokens": tokenizer.signature(),
            "code": _REVISION,
        }
        self.space = Space(
            name,
            hashlib.sha256(json.dumps(revision, sort_keys=True).encode()).hexdigest()[:16],
            _DIMENSION,
            frozenset({Modality.TEXT, Modality.AUDIO}),
        )

    def passages(self, text: str) -> list[Passage]:
        """Split a text into passages of at most 75 tokens."""
        return self._tokenizer.passages(text)

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
