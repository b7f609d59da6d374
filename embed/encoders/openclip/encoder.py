"""Text and images in one space through open_clip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import open_clip
from open_clip.model import get_model_preprocess_cfg
from open_clip.pretrained import get_pretrained_cfg
from open_clip.tokenizer import HFTokenizer
from open_clip.transform import PreprocessCfg, image_transform_v2
from timm.utils.model import reparameterize_model

from anysense.embed.encoders.device import BatchRunner, choose_batch, choose_device
from anysense.embed.encoders.openclip.layout import put_sequence_first
from anysense.embed.encoders.openclip.names import Weights, find_weights, parse_name
from anysense.embed.encoders.openclip.text import TextTower
from anysense.embed.encoders.revision import revision_of, with_reduced
from anysense.embed.encoders.streams import batches_at_once
from anysense.embed.encoders.weights.checkpoint import file_digest, read_checkpoint, reading
from anysense.embed.encoders.weights.hub import cached_file, missing_model, offline
from anysense.embed.errors import CheckpointError, EncoderError
from anysense.embed.media.picture.reduced import needed_side
from anysense.embed.types import Modality, Passage, Space

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

    from anysense.embed.types import Content, FloatArray, Structure

__all__ = ["OpenClipEncoder", "load"]

# Changes when the same weights would give other vectors because of this package's own code.
_REVISION = "1"
_TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.json",
    "vocab.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
# Rows of a matrix product below which a micro-batch of one wastes the processor.
_ENOUGH_ROWS = 384


def load(rest: str, device: str) -> OpenClipEncoder:
    """Load an open_clip model with weights that are on this machine.

    Raises:
        UnknownEncoderError: no such architecture or tag.
        MissingWeightsError: its weights or its tokenizer are not here.
        CheckpointError: its weights are damaged, refused as unsafe, or of another architecture.
    """
    weights = parse_name(rest)
    torch_device = choose_device(device)
    file = find_weights(weights)
    if file.suffix != ".safetensors":
        read_checkpoint(file)  # which says more clearly what is wrong with it
    with offline():
        config = _config(weights)
        tokenizer = _tokenizer(weights, config)
        model = _model(weights, file)
    return OpenClipEncoder(weights.name, model, config, tokenizer, torch_device, file_digest(file))


class OpenClipEncoder:
    """An open_clip model as an encoder of texts and images.

    Args:
        name: its full name, which names its space.
        model: from `open_clip.create_model`.
        config: its architecture, as open_clip's files of models have it.
        tokenizer: the one that belongs to it.
        device: where to run it.
        digest: a hash of its weights.

    Its attributes are those of `anysense.embed.types.Encoder`; the revision of its space
    hashes weights, preprocessing and tokenizer, and how few pixels of a picture are decoded;
    `whole_revision` is that of a space of pictures whose pixels were decoded all.
    """

    is_reentrant = True
    sample_rate: int | None = None
    window_seconds = 10.0

    def __init__(
        self,
        name: str,
        model: Any,
        config: dict[str, Any],
        tokenizer: Any,
        device: torch.device,
        digest: str,
    ) -> None:
        preprocess = get_model_preprocess_cfg(model)
        self._transform = image_transform_v2(PreprocessCfg(**preprocess), is_train=False)
        self._model = model.to(device).eval().requires_grad_(False)
        if device.type == "cpu":
            put_sequence_first(self._model)
        self._text = TextTower(model, tokenizer)
        self._runner = BatchRunner(device)
        self._image_batch = _image_micro_batch(config)
        self.batch_size = choose_batch(device, self._image_batch, 256)
        self.batches_at_once = batches_at_once(device)
        size: int | Sequence[int] = preprocess["size"]
        self.image_side = needed_side(*([size] if isinstance(size, int) else size))
        parts = {
            "weights": digest,
            "preprocess": preprocess,
            "tokens": self._text.signature(),
            "architecture": config,
            "code": _REVISION,
        }
        self.whole_revision = revision_of(parts)
        self.space = Space(
            name,
            revision_of(with_reduced(parts, self.image_side)),
            int(config["embed_dim"]),
            frozenset({Modality.TEXT, Modality.IMAGE}),
        )

    def passages(self, text: str) -> list[Passage]:
        """Split a text into passages of at most the tokenizer's context, less its end marks."""
        return self._text.passages(text)

    def structured_passages(self, text: str, structure: Structure, overlap: int) -> list[Passage]:
        """The same for a text with a structure, by its sections."""
        return self._text.structured_passages(text, structure, overlap)

    def prepare(self, modality: Modality, content: Content) -> Any:
        """Token ids (length,) of a text; float32 (3, height, width) of an image."""
        if modality is Modality.TEXT and isinstance(content, str):
            return self._text.prepare(content)
        if modality is Modality.IMAGE and not isinstance(content, str):
            return self._transform(content)
        raise EncoderError(f"The encoder '{self.space.id}' does not take {modality}.")

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        """Unit vectors, float32 of shape (len(prepared), dimension)."""
        if modality is Modality.TEXT:
            return self._text.encode(self._runner, prepared)
        return self._runner.run(
            self._model.encode_image, prepared, micro_batch=self._image_batch, key="images"
        )


def _model(weights: Weights, file: Path) -> Any:
    """The model with its weights, in float32 on the CPU.

    Beyond what open_clip does: weights trained with QuickGELU get it whatever the architecture's
    name says (open_clip only warns), and a checkpoint of one's own is preprocessed as the published
    weights of its architecture are, where they agree.
    """
    options: dict[str, Any] = {"pretrained_text": False, "require_pretrained": True}
    if weights.tag is not None:
        preset = get_pretrained_cfg(weights.model, weights.tag)
        options.update(pretrained=weights.tag, force_quick_gelu=preset.get("quick_gelu", False))
    elif weights.path is not None and not weights.model.startswith("local-dir:"):
        options.update(pretrained=str(file), force_preprocess_cfg=_usual_preprocess(weights.model))
    try:
        with reading(file):
            model = open_clip.create_model(weights.model, **options)
    except OSError as error:
        raise missing_model(weights.name, "configuration or tokenizer files") from error
    except (RuntimeError, ValueError, KeyError, IndexError, AssertionError) as error:
        raise CheckpointError(
            f"{file}: does not fit '{weights.model}' ({str(error).splitlines()[0][:200]}); "
            "name the architecture that it was trained with."
        ) from error
    # Branches that were apart for training, as in MobileCLIP's FastViT, become one convolution.
    return reparameterize_model(model.eval(), inplace=True)


def _config(weights: Weights) -> dict[str, Any]:
    if weights.model.startswith("hf-hub:"):
        repository = weights.model.partition(":")[2]
        if cached_file(repository, "open_clip_config.json") is None:
            raise missing_model(weights.name, "configuration")
    config: dict[str, Any] = open_clip.get_model_config(weights.model)
    if weights.tag is not None:
        quick = get_pretrained_cfg(weights.model, weights.tag).get("quick_gelu", False)
        config["quick_gelu"] = bool(quick or config.get("quick_gelu"))
    return config


def _image_micro_batch(config: dict[str, Any]) -> int:
    """How many images share a matrix product on the CPU: several where each has few rows."""
    vision = config["vision_cfg"]
    size, patch = vision.get("image_size", 224), vision.get("patch_size")
    if not isinstance(size, int) or not isinstance(patch, int) or "timm_model_name" in vision:
        return 1
    return max(1, round(_ENOUGH_ROWS / ((size // patch) ** 2 + 1)))


def _tokenizer(weights: Weights, config: dict[str, Any]) -> Any:
    """The tokenizer that open_clip would choose; one of the hub from its folder in the cache.

    By its name it would need the network, to learn that some of its optional files do not exist.
    """
    text = config["text_cfg"]
    name = text.get("hf_tokenizer_name")
    try:
        if not name or weights.model.startswith("local-dir:"):
            return open_clip.get_tokenizer(weights.model)
        file = cached_file(name, *_TOKENIZER_FILES)
        if file is None:
            raise missing_model(weights.name, "tokenizer files")
        return HFTokenizer(
            str(file.parent),
            context_length=text.get("context_length", open_clip.tokenizer.DEFAULT_CONTEXT_LENGTH),
            tokenizer_mode=text.get("tokenizer_mode"),
            **text.get("tokenizer_kwargs", {}),
        )
    except (OSError, ValueError) as error:
        raise missing_model(weights.name, "tokenizer files") from error


def _usual_preprocess(arch: str) -> dict[str, Any]:
    """How all published weights of an architecture are preprocessed, so far as they agree."""
    keys = ("mean", "std", "interpolation", "resize_mode")
    presets = [
        get_pretrained_cfg(arch, tag) for tag in open_clip.list_pretrained_tags_by_model(arch)
    ]
    return {
        key: presets[0][key]
        for key in keys
        if presets and all(p[key] == presets[0][key] for p in presets)
    }
