"""Text and images in one space through open_clip.

After ``openclip:`` a name is one of

* ``ARCH/TAG``: a model of open_clip with its published weights, as `open_clip.list_pretrained`
  names them: ``ViT-B-32/laion2b_s34b_b79k``;
* ``ARCH/PATH``: the same with a checkpoint of one's own, a ``.pt`` or ``.safetensors`` file, whose
  path begins with ``/``, ``./``, ``../`` or ``~``: ``ViT-B-32//data/mine.pt`` is ``/data/mine.pt``;
* ``hf-hub:OWNER/NAME``: a repository of the hub with an ``open_clip_config.json``;
* ``local-dir:PATH``: a folder with the same content.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import open_clip
from open_clip.model import get_model_preprocess_cfg
from open_clip.pretrained import get_pretrained_cfg
from open_clip.tokenizer import HFTokenizer
from open_clip.transform import PreprocessCfg, image_transform_v2

from anysense.embed.encoders.device import BatchRunner, choose_batch, choose_device
from anysense.embed.encoders.openclip.text import TextTower
from anysense.embed.encoders.weights.checkpoint import file_digest, read_checkpoint, reading
from anysense.embed.encoders.weights.hub import cached_file, missing, missing_file, offline
from anysense.embed.errors import CheckpointError, EncoderError, UnknownEncoderError
from anysense.embed.types import Modality, Passage, Space

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from anysense.embed.types import Content, FloatArray

__all__ = ["OpenClipEncoder", "Weights", "find_weights", "load", "parse_name"]

# Changes when the same weights would give other vectors because of this package's own code.
_REVISION = "1"
_WEIGHT_FILES = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.bin",
)
# In the order in which open_clip itself prefers them in a folder.
_LOCAL_FILES = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "model.safetensors",
    "pytorch_model.bin",
    "pytorch_model.pth",
    "model.pth",
)
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


@dataclass(frozen=True)
class Weights:
    """Which model and which weights a name means.

    Attributes:
        name: the encoder's name with paths made absolute.
        model: what open_clip calls the model: an architecture, or a name with a schema.
        tag: the published weights, where the name has them.
        path: the checkpoint of the user's own, where the name has one.
    """

    name: str
    model: str
    tag: str | None = None
    path: Path | None = None


def load(rest: str, device: str) -> OpenClipEncoder:
    """Load an open_clip model with weights that are on this machine.

    Raises:
        UnknownEncoderError: no such architecture or tag.
        MissingWeightsError: its weights or its tokenizer are not here.
        CheckpointError: its weights are damaged, refused as unsafe, or of another architecture.
    """
    weights = parse_name(rest)
    chosen = choose_device(device)
    file = find_weights(weights)
    if file.suffix != ".safetensors":
        read_checkpoint(file)  # which says more clearly what is wrong with it
    with offline():
        config = _config(weights)
        tokenizer = _tokenizer(weights, config)
        model = _model(weights, file)
    return OpenClipEncoder(weights.name, model, config, tokenizer, chosen, file_digest(file))


def parse_name(rest: str) -> Weights:
    """What follows ``openclip:``, understood; see the module's docstring.

    Raises:
        UnknownEncoderError: no such architecture or tag.
    """
    for schema in ("hf-hub:", "local-dir:"):
        if rest.startswith(schema) and len(rest) > len(schema):
            if schema == "hf-hub:":
                return Weights(f"openclip:{rest}", rest)
            folder = Path(rest[len(schema) :]).expanduser().resolve()
            return Weights(f"openclip:{schema}{folder}", f"{schema}{folder}", path=folder)
    arch, _, which = rest.partition("/")
    if arch not in open_clip.list_models():
        close = get_close_matches(arch, open_clip.list_models(), n=3)
        hint = f"did you mean {' or '.join(close)}" if close else "see open_clip.list_models()"
        raise UnknownEncoderError(f"open_clip has no architecture '{arch}': {hint}.")
    if which.startswith(("/", "./", "../", "~")) or Path(which).is_absolute():
        path = Path(which).expanduser().resolve()
        return Weights(f"openclip:{arch}/{path}", arch, path=path)
    tags = open_clip.list_pretrained_tags_by_model(arch)
    if which not in tags:
        known = f"it has {', '.join(tags)}" if tags else "it has none"
        raise UnknownEncoderError(
            f"open_clip has no weights '{which}' of {arch}: {known}; "
            f"a file of your own is openclip:{arch}//its/absolute/path.pt."
        )
    return Weights(f"openclip:{arch}/{which}", arch, tag=which)


def find_weights(weights: Weights) -> Path:
    """The checkpoint on this machine.

    Raises:
        MissingWeightsError: it is not here.
    """
    if weights.path is not None:
        if weights.model.startswith("local-dir:"):
            return _in_folder(weights)
        if not weights.path.is_file():
            raise missing_file(weights.path)
        return weights.path
    repository, names = hub_files(weights)
    found = cached_file(repository, *names)
    if found is None:
        raise missing(weights.name)
    return found


def hub_files(weights: Weights) -> tuple[str, tuple[str, ...]]:
    """The hub repository of published weights, and the names its checkpoint may have there."""
    if weights.tag is None:
        return weights.model.partition(":")[2], _WEIGHT_FILES
    where = get_pretrained_cfg(weights.model, weights.tag)["hf_hub"]
    repository, _, name = where.rpartition("/")
    if not name:
        return repository, _WEIGHT_FILES
    stem, dot, suffix = name.rpartition(".")
    safe = (f"{stem}{dot}safetensors",) if suffix in ("bin", "pth") else ()
    return repository, (*safe, name)


def text_repositories(weights: Weights) -> tuple[str | None, str | None]:
    """The hub repositories of a model's tokenizer and of its text tower's configuration, if any.

    Of a model on the hub, whose own configuration is not here yet, both are None: it brings them.
    """
    if weights.tag is None:
        return None, None
    text = open_clip.get_model_config(weights.model)["text_cfg"]
    return text.get("hf_tokenizer_name"), text.get("hf_model_name")


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
    hashes weights, preprocessing and tokenizer.
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
        self._text = TextTower(model, tokenizer)
        self._runner = BatchRunner(device)
        self._image_batch = _image_micro_batch(config)
        self.batch_size = choose_batch(device, self._image_batch, 256)
        revision = {
            "weights": digest,
            "preprocess": preprocess,
            "tokens": self._text.signature(),
            "architecture": config,
            "code": _REVISION,
        }
        self.space = Space(
            name,
            hashlib.sha256(json.dumps(revision, sort_keys=True).encode()).hexdigest()[:16],
            int(config["embed_dim"]),
            frozenset({Modality.TEXT, Modality.IMAGE}),
        )

    def passages(self, text: str) -> list[Passage]:
        """Split a text into passages of at most the tokenizer's context, less its end marks."""
        return self._text.passages(text)

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
        published = get_pretrained_cfg(weights.model, weights.tag)
        options.update(pretrained=weights.tag, force_quick_gelu=published.get("quick_gelu", False))
    elif weights.path is not None and not weights.model.startswith("local-dir:"):
        options.update(pretrained=str(file), force_preprocess_cfg=_usual_preprocess(weights.model))
    try:
        with reading(file):
            return open_clip.create_model(weights.model, **options)
    except OSError as error:
        raise missing(weights.name, "configuration or tokenizer files") from error
    except (RuntimeError, ValueError, KeyError, IndexError, AssertionError) as error:
        raise CheckpointError(
            f"{file}: does not fit '{weights.model}' ({str(error).splitlines()[0][:200]}); "
            "name the architecture that it was trained with."
        ) from error


def _config(weights: Weights) -> dict[str, Any]:
    if weights.model.startswith("hf-hub:"):
        repository = weights.model.partition(":")[2]
        if cached_file(repository, "open_clip_config.json") is None:
            raise missing(weights.name, "configuration")
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
            raise missing(weights.name, "tokenizer files")
        return HFTokenizer(
            str(file.parent),
            context_length=text.get("context_length", open_clip.tokenizer.DEFAULT_CONTEXT_LENGTH),
            tokenizer_mode=text.get("tokenizer_mode"),
            **text.get("tokenizer_kwargs", {}),
        )
    except (OSError, ValueError) as error:
        raise missing(weights.name, "tokenizer files") from error


def _usual_preprocess(arch: str) -> dict[str, Any]:
    """How all published weights of an architecture are preprocessed, so far as they agree."""
    keys = ("mean", "std", "interpolation", "resize_mode")
    published = [
        get_pretrained_cfg(arch, tag) for tag in open_clip.list_pretrained_tags_by_model(arch)
    ]
    return {
        key: published[0][key]
        for key in keys
        if published and all(p[key] == published[0][key] for p in published)
    }


def _in_folder(weights: Weights) -> Path:
    assert weights.path is not None
    if not (weights.path / "open_clip_config.json").is_file():
        raise missing_file(weights.path / "open_clip_config.json")
    for name in _LOCAL_FILES:
        if (weights.path / name).is_file():
            return weights.path / name
    raise missing_file(weights.path / _WEIGHT_FILES[0])
