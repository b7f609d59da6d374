"""The documented models and the profiles that name sets of them.

A card says what a model is before it is loaded: nothing here imports a model library. Sizes are of
what `anysense models pull` fetches. Of retrieval, R@1 is given for finding the one right image or
sound by its caption, without training on that collection.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CARDS", "PROFILES", "ModelCard"]

_TEXT = frozenset({Modality.TEXT})
_TEXT_IMAGE = frozenset({Modality.TEXT, Modality.IMAGE})
_TEXT_AUDIO = frozenset({Modality.TEXT, Modality.AUDIO})
# Where the figures come from.
_OPENCLIP = "open_clip, docs/openclip_retrieval_results.csv"
_SIGLIP2 = "Tschannen et al. 2025, arXiv:2502.14786"
_CLAP = "LAION-CLAP, README"
_CLAP_PAPER = "Wu, Chen et al. 2023, arXiv:2211.06687"
_SBERT = "sentence-transformers, pretrained models"


@dataclass(frozen=True)
class ModelCard:
    """What is known of a model without loading it.

    Attributes:
        name: what `load_encoder` takes.
        modalities: what it encodes.
        dimension: the length of its vectors.
        parameters: how many numbers its weights hold.
        size_bytes: about how much is downloaded, or lies in the package.
        licence: the licence of the weights, as their publisher states it.
        summary: what it is good for, in a sentence.
        quality: published figures, with their source.
        files: of what must be on this machine, as ``hub repository/file``; alternatives are
            separated by ``|``.
        available: whether it is all here; None where that was not looked up.
    """

    name: str
    modalities: frozenset[Modality]
    dimension: int
    parameters: int
    size_bytes: int
    licence: str
    summary: str
    quality: str = ""
    files: tuple[str, ...] = ()
    available: bool | None = None

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that name it."""
        return tuple(profile for profile, names in PROFILES.items() if self.name in names)

    def here(self, available: bool) -> ModelCard:
        """The same card, saying whether its weights are on this machine."""
        return replace(self, available=available)


def _openclip(
    tag: str,
    repository: str,
    dimension: int,
    parameters: int,
    licence: str,
    summary: str,
    quality: str,
    *extra: str,
) -> ModelCard:
    weights = f"{repository}/open_clip_model.safetensors|{repository}/open_clip_pytorch_model.bin"
    return ModelCard(
        f"openclip:{tag}",
        _TEXT_IMAGE,
        dimension,
        parameters,
        parameters * 4,
        licence,
        summary,
        quality,
        (weights, *extra),
    )


def _clap_port(name: str, parameters: int, summary: str, quality: str) -> ModelCard:
    repository = f"laion/{name}"
    files = (
        f"{repository}/model.safetensors|{repository}/pytorch_model.bin",
        f"{repository}/config.json",
    )
    size = parameters * 4
    return ModelCard(
        f"clap:{repository}",
        _TEXT_AUDIO,
        512,
        parameters,
        size,
        "Apache-2.0",
        summary,
        quality,
        files,
    )


def _clap_official(name: str, parameters: int, size: int, summary: str, quality: str) -> ModelCard:
    files = (
        f"lukewys/laion_clap/{name}.pt",
        "roberta-base/tokenizer.json|roberta-base/vocab.json",
    )
    return ModelCard(
        f"clap:{name}",
        _TEXT_AUDIO,
        512,
        parameters,
        size,
        "see lukewys/laion_clap",
        summary,
        quality,
        files,
    )


def _text(name: str, dimension: int, parameters: int, summary: str, quality: str) -> ModelCard:
    repository = f"sentence-transformers/{name}"
    files = (
        f"{repository}/model.safetensors|{repository}/pytorch_model.bin",
        f"{repository}/modules.json",
    )
    return ModelCard(
        f"text:{repository}",
        _TEXT,
        dimension,
        parameters,
        parameters * 4,
        "Apache-2.0",
        summary,
        quality,
        files,
    )


def _siglip_tokenizer(repository: str) -> str:
    return f"{repository}/tokenizer.json|{repository}/spiece.model"


CARDS: tuple[ModelCard, ...] = (
    ModelCard(
        "starter",
        frozenset(Modality),
        384,
        35_400_000,
        132_700_000,
        "Apache-2.0",
        "Comes with the package and needs no download; small: it names common things.",
    ),
    _openclip(
        "ViT-B-32/laion2b_s34b_b79k",
        "laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
        512,
        151_277_313,
        "MIT",
        "The fastest of the common CLIP models: 14.8 GFLOP for a pair of image and text.",
        f"COCO 39.3, Flickr30k 66.8 ({_OPENCLIP})",
    ),
    _openclip(
        "ViT-B-16-SigLIP2/webli",
        "timm/ViT-B-16-SigLIP2",
        768,
        375_187_970,
        "Apache-2.0",
        "Far better than CLIP of its speed, and reads many languages.",
        f"COCO 52.1 ({_SIGLIP2})",
        _siglip_tokenizer("timm/ViT-B-16-SigLIP2"),
    ),
    _openclip(
        "ViT-L-14/laion2b_s32b_b82k",
        "laion/CLIP-ViT-L-14-laion2B-s32B-b82K",
        768,
        427_616_513,
        "MIT",
        "A larger CLIP: 175 GFLOP for a pair of image and text.",
        f"COCO 46.5, Flickr30k 75.5 ({_OPENCLIP})",
    ),
    _openclip(
        "ViT-SO400M-14-SigLIP-384/webli",
        "timm/ViT-SO400M-14-SigLIP-384",
        1152,
        877_960_498,
        "Apache-2.0",
        "The best in open_clip's own table of retrieval; wants a GPU: 723 GFLOP for a pair.",
        f"COCO 54.2, Flickr30k 83.0 ({_OPENCLIP})",
        _siglip_tokenizer("timm/ViT-B-16-SigLIP"),
    ),
    _clap_port(
        "clap-htsat-unfused",
        153_492_890,
        "Sounds of every kind, by HTSAT-tiny.",
        f"AudioCaps 30.2, Clotho 14.1 ({_CLAP_PAPER})",
    ),
    _clap_port(
        "larger_clap_general",
        193_913_882,
        "Sounds, music and speech, by the larger HTSAT-base.",
        "",
    ),
    _clap_official(
        "630k-audioset-best",
        158_334_169,
        1_860_000_000,
        "LAION's default for sounds, with the state of its optimizer.",
        f"ESC-50 without training 92.8 % on the first split ({_CLAP})",
    ),
    _clap_official(
        "music_audioset_epoch_15_esc_90.14",
        199_564_633,
        2_350_000_000,
        "LAION's model for music, by HTSAT-base.",
        f"ESC-50 without training 90.1 %, GTZAN 64 % ({_CLAP})",
    ),
    _clap_official(
        "music_speech_audioset_epoch_15_esc_89.98",
        199_564_633,
        2_350_000_000,
        "LAION's model for sounds, music and speech, by HTSAT-base.",
        f"ESC-50 without training 90.0 %, GTZAN 73 % ({_CLAP})",
    ),
    _text(
        "all-MiniLM-L6-v2",
        384,
        22_713_216,
        "Text against text: small and fast, English.",
        f"semantic search 49.5 on six collections ({_SBERT})",
    ),
    _text(
        "all-mpnet-base-v2",
        768,
        109_486_464,
        "Text against text: the best of the general sentence-transformers models, English.",
        f"semantic search 57.0 on six collections ({_SBERT})",
    ),
)

# By published quality for the cost: `standard` runs on a processor, `best` wants a GPU. Text
# against text has a space of its own, as CLIP and CLAP are weak there.
PROFILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "starter": ("starter",),
        "standard": (
            "openclip:ViT-B-16-SigLIP2/webli",
            "clap:laion/clap-htsat-unfused",
            "text:sentence-transformers/all-MiniLM-L6-v2",
        ),
        "best": (
            "openclip:ViT-SO400M-14-SigLIP-384/webli",
            "clap:laion/larger_clap_general",
            "text:sentence-transformers/all-mpnet-base-v2",
        ),
    }
)
