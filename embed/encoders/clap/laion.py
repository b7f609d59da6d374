"""LAION's own CLAP model code, without what the package around it does when it is imported.

`import laion_clap` downloads tokenizers, and its model downloads RoBERTa's weights, which every
checkpoint holds anyway. Here only the files of the model are imported, under a private name that
shares nothing with the package, and the text tower is built from the checkpoint's own shapes.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch

from anysense.embed.encoders.clap.convert import ClapShape
from anysense.embed.encoders.clap.spectrogram import MelSettings, filter_bank
from anysense.embed.errors import CheckpointError, MissingWeightsError
from anysense.embed.forking import new_lock

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LaionTowers", "build_laion_model", "is_installed", "model_module"]

_PACKAGE = "_anysense_laion_clap"
_NAMES = {96: "HTSAT-tiny", 128: "HTSAT-base", 256: "HTSAT-large"}
_lock = new_lock()


def is_installed() -> bool:
    """Whether the package laion_clap is here; it is not imported."""
    return importlib.util.find_spec("laion_clap") is not None


def build_laion_model(state: Mapping[str, torch.Tensor], origin: str) -> Any:
    """LAION's model with the weights of one of its checkpoints, hearing spectrograms.

    Args:
        state: the checkpoint's state dict, without prefixes.
        origin: what errors call it.

    Raises:
        MissingWeightsError: the package laion_clap is not installed.
        CheckpointError: not a LAION-CLAP checkpoint with HTSAT and RoBERTa.
    """
    shape = ClapShape.of_laion(state, origin)
    module = model_module()
    if shape.width not in _NAMES:
        raise CheckpointError(f"{origin}: its audio tower is none of {', '.join(_NAMES.values())}.")
    folder = Path(str(module.__file__)).parent / "model_configs"
    config = json.loads((folder / f"{_NAMES[shape.width]}.json").read_text(encoding="utf-8"))
    config["text_cfg"]["model_type"] = "roberta"
    config.update(enable_fusion=shape.fusion, fusion_type="aff_2d" if shape.fusion else "None")
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of old idioms in the package
        module.RobertaModel = _FromShape(shape)  # type: ignore[attr-defined]
        model = module.CLAP(**config)
    _check_filters(state, origin)
    front = ("audio_branch.spectrogram_extractor.", "audio_branch.logmel_extractor.")
    # The spectrogram is computed beforehand, by many threads and alike for every kind of CLAP.
    model.audio_branch.spectrogram_extractor = torch.nn.Identity()
    model.audio_branch.logmel_extractor = torch.nn.Identity()
    weights = {
        name: value
        for name, value in state.items()
        if not name.startswith(front) and not name.endswith("embeddings.position_ids")
    }
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(
            f"{origin}: does not fit {_NAMES[shape.width]} ({str(error).splitlines()[-1].strip()})."
        ) from error
    return model


class LaionTowers:
    """The two towers of LAION's model, under the names that `ClapEncoder` uses."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.fusion = bool(model.enable_fusion)

    def audio(self, mel: torch.Tensor) -> torch.Tensor:
        """From spectrograms (n, 1001, 64) to vectors (n, 512)."""
        if self.fusion:
            features = {
                "mel_fusion": mel[:, None].expand(-1, 4, -1, -1),
                "longer": torch.zeros(len(mel), dtype=torch.bool, device=mel.device),
            }
        else:
            features = {"waveform": mel[:, None]}
        embedding = self.model.encode_audio(features, device=mel.device)["embedding"]
        return torch.as_tensor(self.model.audio_projection(embedding))

    def text(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """From token ids and their mask (n, length) to vectors (n, 512)."""
        tokens = {"input_ids": ids, "attention_mask": mask}
        return torch.as_tensor(self.model.encode_text(tokens, device=ids.device))


class _FromShape:
    """Stands where LAION's code asks for a pretrained RoBERTa: an empty one of the same shape."""

    def __init__(self, shape: ClapShape) -> None:
        self.shape = shape

    def from_pretrained(self, name: str) -> Any:
        from transformers import RobertaConfig, RobertaModel

        return RobertaModel(RobertaConfig(**self.shape.roberta()))


def model_module() -> ModuleType:
    """The module with LAION's model code, imported under a private name.

    Raises:
        MissingWeightsError: the package laion_clap is not installed.
    """
    spec = importlib.util.find_spec("laion_clap")
    if spec is None or not spec.submodule_search_locations:
        raise MissingWeightsError(
            "LAION's CLAP code is not installed: run `pip install 'anysense[laion-clap]'`."
        )
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if _PACKAGE not in sys.modules:
            package = ModuleType(_PACKAGE)
            package.__path__ = [str(Path(spec.submodule_search_locations[0]) / "clap_module")]
            sys.modules[_PACKAGE] = package
            # A leftover of CLIP's image tower, which would load all of timm and its loggers.
            timm_model = ModuleType(f"{_PACKAGE}.timm_model")
            timm_model.TimmModel = None  # type: ignore[attr-defined]
            sys.modules[timm_model.__name__] = timm_model
        return importlib.import_module(f"{_PACKAGE}.model")


def _check_filters(state: Mapping[str, torch.Tensor], origin: str) -> None:
    """A checkpoint brings its filters along; they must be those that are used here."""
    filters = state.get("audio_branch.logmel_extractor.melW")
    reference = filter_bank(MelSettings())
    if filters is not None and (
        filters.shape != reference.shape
        or not torch.allclose(filters.double(), reference, atol=1e-5)
    ):
        raise CheckpointError(f"{origin}: was trained with another spectrogram than CLAP's.")
