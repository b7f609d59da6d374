"""Cards of each kind of model: what all of a kind have in common."""

from __future__ import annotations

from anysense.embed.encoders.cards.card import Figure, ModelCard
from anysense.embed.types import Modality

__all__ = [
    "APPLE",
    "META",
    "MTEB",
    "PICTURES",
    "SIGLIP2",
    "SOUNDS",
    "SPEECH",
    "TEXT_IMAGE",
    "VIDEOS",
    "clap_official",
    "clap_port",
    "coco",
    "coco_flickr",
    "labels",
    "openclip",
    "peav",
    "sentence",
    "sentence_transformers",
    "siglip_tokenizer",
]

TEXT = frozenset({Modality.TEXT})
TEXT_IMAGE = frozenset({Modality.TEXT, Modality.IMAGE})
TEXT_AUDIO = frozenset({Modality.TEXT, Modality.AUDIO})
# What is asked for what.
PICTURES = "pictures by text"
SOUNDS = "sounds by text"
SPEECH = "speech by text"
SPOKEN = "text by speech"
VIDEOS = "videos by text"
LABELS = "labels of sounds"
# Where the figures come from.
OPENCLIP = "open_clip, docs/openclip_retrieval_results.csv"
SIGLIP2 = "Tschannen et al. 2025, arXiv:2502.14786"
META = "facebookresearch/perception_models, README"
APPLE = "apple/ml-mobileclip, results"
MTEB = "mteb, public results"
CLAP = "LAION-CLAP, README"
SBERT = "sentence-transformers, pretrained models"


def openclip(
    tag: str,
    repository: str,
    dimension: int,
    parameters: int,
    licence: str,
    gflop: float,
    summary: str,
    figures: tuple[Figure, ...],
    *extra: str,
    is_commercial: bool = True,
) -> ModelCard:
    weights = f"{repository}/open_clip_model.safetensors|{repository}/open_clip_pytorch_model.bin"
    return ModelCard(
        f"openclip:{tag}",
        TEXT_IMAGE,
        dimension,
        parameters,
        parameters * 4,
        licence,
        summary,
        gflop,
        figures,
        (weights, *extra),
        is_commercial,
    )


def clap_port(
    name: str,
    parameters: int,
    gflop: float,
    summary: str,
    audiocaps: float,
    clotho: float,
    warning: str = "",
) -> ModelCard:
    repository = f"laion/{name}"
    files = (
        f"{repository}/model.safetensors|{repository}/pytorch_model.bin",
        f"{repository}/config.json",
    )
    figures = (
        Figure("AudioCaps", audiocaps, MTEB, SOUNDS),
        Figure("Clotho", clotho, MTEB, SOUNDS),
    )
    return ModelCard(
        f"clap:{repository}",
        TEXT_AUDIO,
        512,
        parameters,
        parameters * 4,
        "Apache-2.0",
        summary,
        gflop,
        figures,
        files,
        warning=warning,
    )


def clap_official(
    name: str,
    parameters: int,
    size: int,
    gflop: float,
    summary: str,
    figures: tuple[Figure, ...],
) -> ModelCard:
    files = (
        f"lukewys/laion_clap/{name}.pt",
        "roberta-base/tokenizer.json|roberta-base/vocab.json",
    )
    return ModelCard(
        f"clap:{name}",
        TEXT_AUDIO,
        512,
        parameters,
        size,
        "see lukewys/laion_clap",
        summary,
        gflop,
        figures,
        files,
    )


def peav(
    size: str, parameters: int, audiocaps: float, clotho: float, vctk: float, summary: str
) -> ModelCard:
    repository = f"facebook/pe-av-{size}"
    figures = (
        Figure("AudioCaps", audiocaps, META, SOUNDS),
        Figure("Clotho", clotho, META, SOUNDS),
        Figure("VCTK", vctk, META, SPOKEN),
    )
    return ModelCard(
        f"peav:{repository}",
        frozenset(Modality),
        1024,
        parameters,
        parameters * 4,
        "Apache-2.0",
        summary,
        486.4,
        figures,
        (f"{repository}/model.safetensors", f"{repository}/config.json"),
    )


def sentence_transformers(
    repository: str,
    modalities: frozenset[Modality],
    dimension: int,
    parameters: int,
    licence: str,
    summary: str,
    figures: tuple[Figure, ...],
    weights: str = "model.safetensors",
) -> ModelCard:
    return ModelCard(
        f"st:{repository}",
        modalities,
        dimension,
        parameters,
        parameters * 2,  # in bf16
        licence,
        summary,
        2 * parameters * 280 / 1e9,
        figures,
        (f"{repository}/{weights}", f"{repository}/config.json"),
    )


def sentence(
    name: str, dimension: int, parameters: int, gflop: float, summary: str, score: float
) -> ModelCard:
    repository = f"sentence-transformers/{name}"
    files = (
        f"{repository}/model.safetensors|{repository}/pytorch_model.bin",
        f"{repository}/modules.json",
    )
    figures = (Figure("six collections", score, SBERT, "texts by text", "mean score"),)
    return ModelCard(
        f"text:{repository}",
        TEXT,
        dimension,
        parameters,
        parameters * 4,
        "Apache-2.0",
        summary,
        gflop,
        figures,
        files,
    )


def siglip_tokenizer(repository: str) -> str:
    return f"{repository}/tokenizer.json|{repository}/spiece.model"


def coco(value: float, source: str) -> tuple[Figure, ...]:
    return (Figure("COCO", value, source, PICTURES),)


def coco_flickr(on_coco: float, on_flickr: float) -> tuple[Figure, ...]:
    return (*coco(on_coco, OPENCLIP), Figure("Flickr30k", on_flickr, OPENCLIP, PICTURES))


def labels(**values: float) -> tuple[Figure, ...]:
    names = {"esc50": "ESC-50", "gtzan": "GTZAN"}
    return tuple(
        Figure(names[name], value, CLAP, LABELS, "right at first") for name, value in values.items()
    )
