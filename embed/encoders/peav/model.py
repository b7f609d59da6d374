"""PE-AV's towers and heads out of transformers' `PeAudioVideoModel`.

A. Vyas, H.-J. Chang et al., "Pushing the Frontier of Audiovisual Perception with Large-Scale
Multimodal Correspondence Learning", arXiv:2512.19687. Vectors are those of Meta's own code
(facebookresearch/perception_models), of which transformers' methods for single modalities are
wanting: `get_text_audio_embeds` calls what is not there, and the text tower's last hidden state has
since come with a norm that the heads were not trained on.
"""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import torch

from anysense.embed.errors import CheckpointError, EncoderError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Codec", "Towers", "read_config", "read_processor", "read_towers"]

_MODEL_TYPE = "pe_audio_video"
# Of a configuration, what says how it was saved and nothing about the vectors.
_INCIDENTAL = {"transformers_version", "architectures", "dtype", "torch_dtype", "_name_or_path"}


class Codec(torch.nn.Module):
    """The first part of PE-AV's audio encoder, without changing cuDNN's switch on the CPU.

    The library turns cuDNN off while its codec runs, as Meta does. The switch is the process's:
    where several threads turn it off and back on, it may stay off.

    Args:
        embedder: the library's `PeAudioEncoderEmbedder`.
    """

    def __init__(self, embedder: Any) -> None:
        super().__init__()
        self.codec: Any = torch.nn.Sequential(embedder.dac_encoder, embedder.bottleneck)
        self.data_proj: Any = embedder.data_proj

    def forward(
        self, samples: torch.Tensor, padding_mask: None = None
    ) -> tuple[torch.Tensor, None]:
        """From samples (n, 1, length) to (n, steps, width), of which none is padding."""
        if samples.is_cuda:
            with torch.backends.cudnn.flags(enabled=False):
                steps = self.codec(samples)
        else:
            steps = self.codec(samples)
        return self.data_proj(steps.transpose(1, 2)), padding_mask


class Towers(torch.nn.Module):
    """The parts of a PE-AV model that encode one modality each, and the heads after them.

    The joint encoder of sound with video is left out.

    Args:
        model: transformers' `PeAudioVideoModel`.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.text_model: Any = model.text_model
        # Meta's heads take what the 22nd of ModernBERT's 28 layers gives, before any norm:
        # transformers keeps 22 layers and, since versions after 5.0, gives their output normed.
        self.text_model.final_norm = torch.nn.Identity()
        self.text_heads = torch.nn.ModuleList(
            [
                model.text_audio_video_head,
                model.audio_model.text_audio_head,
                model.video_model.text_video_head,
            ]
        )
        self.audio_encoder: Any = model.audio_model.audio_encoder
        self.audio_encoder.embedder = Codec(self.audio_encoder.embedder)
        self.audio_head: Any = model.audio_model.audio_head
        self.video_encoder: Any = model.video_model.video_encoder
        self.video_head: Any = model.video_model.video_head
        self.dimension = int(self.audio_head.proj.out_features)

    def texts(self, rows: torch.Tensor) -> torch.Tensor:
        """From (n, 3, length) to vectors (n, dimension).

        Args:
            rows: token ids; ones where they are no padding; and the place of a head, in
                `text_heads`, in the first number of the third row.
        """
        output = self.text_model(input_ids=rows[:, 0], attention_mask=rows[:, 1])
        start = output.last_hidden_state[:, 0]
        vectors = torch.stack([head(start) for head in self.text_heads])
        return vectors[rows[:, 2, 0], torch.arange(len(rows), device=rows.device)]

    def sounds(self, samples: torch.Tensor) -> torch.Tensor:
        """From samples (n, 1, length), a multiple of the codec's hop, to vectors (n, dimension)."""
        return torch.as_tensor(self.audio_head(self.audio_encoder(samples).pooler_output))

    def clips(self, pixels: torch.Tensor) -> torch.Tensor:
        """From frames (n, frames, 3, height, width) to vectors (n, dimension)."""
        return torch.as_tensor(self.video_head(self.video_encoder(pixels).pooler_output))


def read_config(folder: Path) -> dict[str, Any]:
    """A model's configuration, as far as its vectors depend on it.

    Raises:
        CheckpointError: it is damaged, or of another kind of model.
    """
    file = folder / "config.json"
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        kind = config.get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{file}: is damaged; fetch it again.") from error
    if kind != _MODEL_TYPE:
        raise CheckpointError(
            f"{file}: is the configuration of a model of type '{str(kind)[:100]}', not of PE-AV "
            f"('{_MODEL_TYPE}')."
        )
    return {key: value for key, value in config.items() if key not in _INCIDENTAL}


def read_towers(folder: Path) -> Towers:
    """The model in a folder, in float32 on the CPU; code that comes with it is not run.

    Raises:
        CheckpointError: its weights are damaged, or not those of its configuration.
        EncoderError: the transformers that is installed does not have PE-AV.
    """
    try:
        from transformers import PeAudioVideoModel
        from transformers.utils import logging
    except ImportError as error:
        raise EncoderError("PE-AV needs transformers 5.23 or newer: update it.") from error
    bars: Any = logging
    had_bars = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    library: Any = PeAudioVideoModel
    try:
        # While it is built, transformers prints what is wrong with its own docstrings.
        with redirect_stdout(io.StringIO()):
            model, found = library.from_pretrained(
                str(folder),
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                dtype=torch.float32,
                output_loading_info=True,
            )
    except Exception as error:  # whatever the library and its loaders raise for a damaged folder
        raise _unusable(folder, error) from error
    finally:
        if had_bars:
            bars.enable_progress_bar()
    if absent := sorted(found["missing_keys"]):
        raise CheckpointError(
            f"{folder}: lacks {len(absent)} weights of PE-AV, such as {absent[0]}; fetch it again."
        )
    return Towers(model)


def read_processor(folder: Path) -> Any:
    """Transformers' `PeAudioVideoProcessor`: its tokenizer and its settings for sounds and frames.

    Raises:
        CheckpointError: one of them is absent or damaged.
        EncoderError: the transformers that is installed does not have PE-AV.
    """
    try:
        from transformers import PeAudioVideoProcessor
    except ImportError as error:
        raise EncoderError("PE-AV needs transformers 5.23 or newer: update it.") from error
    try:
        return PeAudioVideoProcessor.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # as above
        raise _unusable(folder, error) from error


def _unusable(folder: Path, error: Exception) -> CheckpointError:
    reason = " ".join(str(error).split())[:200].rstrip(".")
    return CheckpointError(
        f"{folder}: cannot be loaded as a PE-AV model ({type(error).__name__}: {reason})."
    )
