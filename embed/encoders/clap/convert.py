"""The two names that each weight of CLAP has: LAION's and transformers'.

LAION's checkpoints have one matrix for query, key and value of a Swin block, transformers' ports
have three; the rest differs in names, and LAION's hold parts that make no vectors (a tagging head,
the projections of a loss, the spectrogram).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

__all__ = ["ClapShape", "from_laion", "is_computed", "is_laion"]

_DEPTHS = {96: (2, 2, 6, 2), 128: (2, 2, 12, 2), 256: (2, 2, 12, 2)}
_HEADS = (4, 8, 16, 32)

# LAION's name on the left, transformers' on the right; the first that fits a whole name is taken.
_NAMES: tuple[tuple[str, str], ...] = (
    ("audio_branch.bn0.{}", "audio_model.audio_encoder.batch_norm.{}"),
    (
        "audio_branch.layers.{}.blocks.{}.attn.relative_position_{}",
        "audio_model.audio_encoder.layers.{}.blocks.{}.attention.self.relative_position_{}",
    ),
    (
        "audio_branch.layers.{}.blocks.{}.attn.proj.{}",
        "audio_model.audio_encoder.layers.{}.blocks.{}.attention.output.dense.{}",
    ),
    (
        "audio_branch.layers.{}.blocks.{}.norm1.{}",
        "audio_model.audio_encoder.layers.{}.blocks.{}.layernorm_before.{}",
    ),
    (
        "audio_branch.layers.{}.blocks.{}.norm2.{}",
        "audio_model.audio_encoder.layers.{}.blocks.{}.layernorm_after.{}",
    ),
    (
        "audio_branch.layers.{}.blocks.{}.mlp.fc1.{}",
        "audio_model.audio_encoder.layers.{}.blocks.{}.intermediate.dense.{}",
    ),
    (
        "audio_branch.layers.{}.blocks.{}.mlp.fc2.{}",
        "audio_model.audio_encoder.layers.{}.blocks.{}.output.dense.{}",
    ),
    (
        "audio_branch.layers.{}.downsample.{}",
        "audio_model.audio_encoder.layers.{}.downsample.{}",
    ),
    ("audio_branch.norm.{}", "audio_model.audio_encoder.norm.{}"),
    ("audio_branch.patch_embed.{}", "audio_model.audio_encoder.patch_embed.{}"),
    ("text_branch.{}", "text_model.{}"),
    ("audio_projection.0.{}", "audio_projection.linear1.{}"),
    ("audio_projection.2.{}", "audio_projection.linear2.{}"),
    ("text_projection.0.{}", "text_projection.linear1.{}"),
    ("text_projection.2.{}", "text_projection.linear2.{}"),
    ("logit_scale_a", "logit_scale_a"),
    ("logit_scale_t", "logit_scale_t"),
)
_QKV = re.compile(r"(audio_branch\.layers\.\d+\.blocks\.\d+)\.attn\.qkv\.(weight|bias)")
_PARTS = ("query", "key", "value")
# Of LAION's checkpoints, what makes no vectors; and what both sides compute rather than learn.
_UNUSED = re.compile(
    r"audio_branch\.(spectrogram_extractor|logmel_extractor|tscam_conv|head)\."
    r"|(audio|text)_transform\.|.*\.attn_mask$|.*\.relative_position_index$|.*position_ids$"
    r"|.*token_type_ids$"
)


@dataclass(frozen=True)
class ClapShape:
    """The sizes of a CLAP model, read from its weights.

    Attributes:
        width: channels after the patch embedding: 96 for HTSAT-tiny, 128 for HTSAT-base.
        fusion: whether it has the layers that fuse crops of long sounds.
        vocabulary: how many tokens its text tower knows.
        layers: how many layers its text tower has.
        hidden: how wide these are.
        inner: how wide their feed-forward parts are.
        positions: how many positions the text tower has, with the two that RoBERTa leaves unused.
    """

    width: int
    fusion: bool
    vocabulary: int
    layers: int
    hidden: int
    inner: int
    positions: int

    @staticmethod
    def of_laion(state: Mapping[str, torch.Tensor], origin: str) -> ClapShape:
        """The shape of a LAION checkpoint.

        Raises:
            CheckpointError: it is none with HTSAT and RoBERTa.
        """
        try:
            words = state["text_branch.embeddings.word_embeddings.weight"]
            layers = {
                int(match.group(1))
                for name in state
                if (match := re.match(r"text_branch\.encoder\.layer\.(\d+)\.", name))
            }
            first = state["text_branch.encoder.layer.0.intermediate.dense.weight"]
            return ClapShape(
                width=state["audio_branch.patch_embed.proj.weight"].shape[0],
                fusion=any(".fusion_model." in name for name in state),
                vocabulary=words.shape[0],
                layers=len(layers),
                hidden=words.shape[1],
                inner=first.shape[0],
                positions=state["text_branch.embeddings.position_embeddings.weight"].shape[0],
            )
        except KeyError as error:
            raise CheckpointError(
                f"{origin}: is not a LAION-CLAP checkpoint with HTSAT and RoBERTa "
                f"(it has no {error.args[0]})."
            ) from error

    def roberta(self) -> dict[str, Any]:
        """The configuration of the text tower, as transformers names its parts."""
        return {
            "vocab_size": self.vocabulary,
            "hidden_size": self.hidden,
            "num_hidden_layers": self.layers,
            "num_attention_heads": max(1, self.hidden // 64),
            "intermediate_size": self.inner,
            "max_position_embeddings": self.positions,
            "type_vocab_size": 1,
            "layer_norm_eps": 1e-5,
            "pad_token_id": 1,
            "bos_token_id": 0,
            "eos_token_id": 2,
        }

    def htsat(self) -> dict[str, Any]:
        """The configuration of the audio tower, as transformers names its parts."""
        return {
            "patch_embeds_hidden_size": self.width,
            "depths": list(_DEPTHS.get(self.width, ())),
            "num_attention_heads": list(_HEADS),
            "hidden_size": self.width * 8,
            "enable_fusion": self.fusion,
            "fusion_type": "aff_2d" if self.fusion else None,
        }


def is_laion(state: Mapping[str, torch.Tensor]) -> bool:
    """Whether weights have LAION's names."""
    return any(name.startswith("audio_branch.") for name in state)


def from_laion(state: Mapping[str, torch.Tensor], origin: str) -> dict[str, torch.Tensor]:
    """A LAION state dict under transformers' names.

    Raises:
        CheckpointError: it has a weight that CLAP does not have.
    """
    weights: dict[str, torch.Tensor] = {}
    for name, value in state.items():
        if joint := _QKV.fullmatch(name):
            block = joint.group(1).replace("audio_branch", "audio_model.audio_encoder")
            for part, piece in zip(_PARTS, value.chunk(3), strict=True):
                weights[f"{block}.attention.self.{part}.{joint.group(2)}"] = piece.clone()
        elif not _UNUSED.match(name):
            weights[_to_transformers(name, origin)] = value
    return weights


def is_computed(name: str) -> bool:
    """Whether a model computes this part itself, so that weights may lack it."""
    return bool(_UNUSED.match(name)) or name.endswith("num_batches_tracked")


def _to_transformers(name: str, origin: str) -> str:
    for laion, transformers in _NAMES:
        pattern = re.escape(laion).replace(r"\{\}", "(.+?)")
        if match := re.fullmatch(pattern, name):
            return transformers.format(*match.groups())
    raise CheckpointError(f"{origin}: has a weight that CLAP does not have ({name}).")
