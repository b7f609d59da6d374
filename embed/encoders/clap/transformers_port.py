"""CLAP through transformers' `ClapModel`: the ports, and LAION's checkpoints converted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch

from anysense.embed.encoders.clap.convert import ClapShape, from_laion, is_computed
from anysense.embed.encoders.clap.spectrogram import MelSettings
from anysense.embed.encoders.weights.checkpoint import read_tensors
from anysense.embed.encoders.weights.hub import missing_file
from anysense.embed.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["TransformersTowers", "build_converted", "build_port", "mel_settings"]


def build_port(folder: Path, weights: Path) -> Any:
    """The model in a folder that holds ``config.json`` and weights.

    Raises:
        MissingWeightsError: there is no configuration.
        CheckpointError: the weights are damaged, refused as unsafe, or of another model.
    """
    from transformers import ClapConfig

    file = folder / "config.json"
    if not file.is_file():
        raise missing_file(file)
    try:
        config = ClapConfig.from_dict(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{file}: is not the configuration of a CLAP model.") from error
    return _build(config, read_tensors(weights), str(weights))


def build_converted(state: Mapping[str, torch.Tensor], origin: str) -> Any:
    """Transformers' model with the weights of a LAION checkpoint.

    Raises:
        CheckpointError: not a LAION-CLAP checkpoint with HTSAT and RoBERTa.
    """
    from transformers import ClapConfig

    shape = ClapShape.of_laion(state, origin)
    text = {**shape.roberta(), "projection_hidden_act": "relu"}
    config = ClapConfig(text_config=text, audio_config=shape.htsat())
    return _build(config, from_laion(state, origin), origin)


def mel_settings(folder: Path, *, fusion: bool) -> MelSettings:
    """The spectrogram of a port, from its ``preprocessor_config.json`` where it has one."""
    file = folder / "preprocessor_config.json"
    settings = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    slaney = settings.get("truncation", "fusion" if fusion else "rand_trunc") != "fusion"
    return MelSettings(
        slaney=slaney,
        lowest=float(settings.get("frequency_min", 50)),
        highest=float(settings.get("frequency_max", 14_000)),
    )


class TransformersTowers:
    """The two towers of transformers' model, under the names that `ClapEncoder` uses."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.fusion = bool(model.config.audio_config.enable_fusion)

    def audio(self, mel: torch.Tensor) -> torch.Tensor:
        """From spectrograms (n, 1001, 64) to vectors (n, 512)."""
        channels = 4 if self.fusion else 1
        output = self.model.audio_model(
            input_features=mel[:, None].expand(-1, channels, -1, -1),
            is_longer=torch.zeros(len(mel), 1, dtype=torch.bool, device=mel.device),
        )
        return torch.as_tensor(self.model.audio_projection(output.pooler_output))

    def text(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """From token ids and their mask (n, length) to vectors (n, 512)."""
        output = self.model.text_model(input_ids=ids, attention_mask=mask)
        return torch.as_tensor(self.model.text_projection(output.pooler_output))


def _build(config: Any, state: Mapping[str, torch.Tensor], origin: str) -> Any:
    from transformers import ClapModel

    model = ClapModel(config)
    missing, _ = model.load_state_dict(dict(state), strict=False)
    absent = sorted(name for name in missing if not is_computed(name))
    if absent:
        raise CheckpointError(
            f"{origin}: lacks {len(absent)} weights of CLAP, such as {absent[0]}."
        )
    return model
