"""What one input of each documented model costs, in floating-point operations, counted by torch.

    python -m benchmarks.model_cost

Models are built from their architectures, most of them without any weights. The figures
are those of `ModelCard.gflop`: of a picture, of ten seconds of sound, or of a text as long as the
model takes, whichever costs most. Two operations are one multiplication with its addition, as
open_clip's own table counts them.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from anysense.embed.encoders.cards.documented import CARDS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["counts"]

_TEXT = {
    "all-MiniLM-L6-v2": (
        256,
        {"hidden_size": 384, "num_hidden_layers": 6, "intermediate_size": 1536},
    ),
    "all-mpnet-base-v2": (384, {}),
}


def gflop(run: Callable[[], Any]) -> float:
    """Billions of operations that a call takes."""
    with FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops()) / 1e9


def of_openclip(rest: str) -> dict[str, float]:
    import open_clip

    arch = rest.partition("/")[0]
    config = open_clip.get_model_config(arch)
    size = config["vision_cfg"].get("image_size", 224)
    length = config["text_cfg"].get("context_length", 77)
    model: Any = open_clip.create_model(
        arch, pretrained_text=False, pretrained_hf=False, device="meta"
    ).eval()
    picture = torch.randn(1, 3, size, size, device="meta")
    text = torch.zeros(1, length, dtype=torch.long, device="meta")
    return {
        "picture": gflop(lambda: model.encode_image(picture)),
        "text": gflop(lambda: model.encode_text(text)),
    }


def of_clap(rest: str) -> dict[str, float]:
    from transformers import ClapAudioModel, ClapConfig

    large = {"patch_embeds_hidden_size": 128, "depths": [2, 2, 12, 2], "hidden_size": 1024}
    is_large = "larger" in rest or "music" in rest
    config = ClapConfig(audio_config=large if is_large else {})
    audio: Any = ClapAudioModel(config.audio_config).eval()  # it looks at numbers on its way
    sound, is_longer = torch.zeros(1, 1, 1001, 64), torch.zeros(1, 1, dtype=torch.bool)
    return {"sound": gflop(lambda: audio(sound, is_longer=is_longer))}


def of_text(rest: str) -> dict[str, float]:
    from transformers import BertConfig, BertModel

    length, sizes = _TEXT[rest.rpartition("/")[2]]
    with torch.device("meta"):
        model: Any = BertModel(BertConfig(num_attention_heads=12, **sizes)).eval()
    text = torch.zeros(1, length, dtype=torch.long, device="meta")
    return {"text": gflop(lambda: model(input_ids=text))}


def of_peav(rest: str) -> dict[str, float]:
    """Its codec alone, which all sizes have in common and which costs most."""
    from transformers import DacConfig
    from transformers.models.pe_audio.modeling_pe_audio import PeAudioDacEncoder

    config = DacConfig(encoder_hidden_size=64, downsampling_ratios=[2, 8, 10, 12], codebook_dim=128)
    with torch.device("meta"):
        codec: Any = PeAudioDacEncoder(config).eval()
    sound = torch.zeros(1, 1, 480_000, device="meta")
    return {"sound, its codec": gflop(lambda: codec(sound))}


_KINDS = {"openclip": of_openclip, "clap": of_clap, "text": of_text, "peav": of_peav}


def counts(name: str) -> dict[str, float]:
    """What each kind of input of a model costs, in GFLOP; empty of a kind that is not counted."""
    kind, _, rest = name.partition(":")
    return _KINDS[kind](rest) if kind in _KINDS else {}


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    for card in CARDS:
        costs = {what: round(cost, 1) for what, cost in counts(card.name).items()}
        print(json.dumps({"model": card.name, **costs}), flush=True)
