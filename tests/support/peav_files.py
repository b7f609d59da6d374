"""A small PE-AV with random weights, in the files that the hub has of the real ones."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["TEXT", "WORDS", "save_model"]

WORDS = ["a", "the", "dog", "barks", "rain", "falls", "on", "tin", "roof", "harbour", "at", "night"]
WORDS += ["bell", "is", "heard", "and", "far", "away"]
TRANSFORMER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "head_dim": 16,
}
TEXT = {
    "model_type": "modernbert",
    "vocab_size": 40,
    "hidden_size": 24,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "pad_token_id": 1,
    "cls_token_id": 2,
    "sep_token_id": 3,
    "bos_token_id": 2,
    "eos_token_id": 3,
}
CODEC = {
    "model_type": "dac",
    "encoder_hidden_size": 4,
    "downsampling_ratios": [2, 8, 10, 12],
    "codebook_dim": 8,
    "hidden_size": 64,
}
VISION = {
    "model_type": "timm_wrapper",
    "architecture": "vit_pe_core_tiny_patch16_384",
    "num_classes": 24,
    "global_pool": "map",
    "model_args": {
        "img_size": 32,
        "embed_dim": 24,
        "depth": 2,
        "num_heads": 3,
        "ref_feat_shape": [2, 2],
    },
}


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Weights of a size at which different inputs come out different."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            noise = torch.randn(value.shape, generator=generator)
            if value.ndim > 1 and "alpha" not in name:
                value.copy_(noise / value[0].numel() ** 0.5)
            elif "norm" in name and name.endswith("weight"):
                value.copy_(1 + 0.3 * noise)
            elif "alpha" not in name:
                value.copy_(0.1 * noise)


def save_model(folder: Path, frames: int | None = None) -> Path:
    """A small PE-AV in the files that the hub has."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import (
        PeAudioFeatureExtractor,
        PeAudioVideoConfig,
        PeAudioVideoModel,
        PeVideoVideoProcessor,
        PreTrainedTokenizerFast,
    )

    parts = {
        "audio_config": {"model_type": "pe_audio_encoder", "dac_config": CODEC, **TRANSFORMER},
        "video_config": {"model_type": "pe_video_encoder", "vision_config": VISION, **TRANSFORMER},
    }
    config = PeAudioVideoConfig(text_config=TEXT, audio_video_config={**parts, **TRANSFORMER})
    with redirect_stdout(io.StringIO()):
        model = PeAudioVideoModel(config)
    randomise(model, seed=1)
    model.save_pretrained(folder)
    marks = ["[UNK]", "[PAD]", "[CLS]", "[SEP]"]
    words = Tokenizer(
        WordLevel({word: at for at, word in enumerate([*marks, *WORDS])}, unk_token="[UNK]")
    )
    words.pre_tokenizer = Whitespace()
    words.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
    )
    tokenizer.save_pretrained(folder)
    PeAudioFeatureExtractor().save_pretrained(folder)
    video = PeVideoVideoProcessor(
        size={"height": 32, "width": 32},
        do_resize=True,
        do_rescale=True,
        do_normalize=True,
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
        do_convert_rgb=True,
        do_sample_frames=frames is not None,
        num_frames=frames,
    )
    video.save_pretrained(folder)
    return folder
