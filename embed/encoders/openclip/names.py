"""Which open_clip model a name means, and what of it is on this machine or can be downloaded.

After ``openclip:`` a name is one of

* ``ARCH/TAG``: a model of open_clip with its published weights, as `open_clip.list_pretrained`
  names them: ``ViT-B-32/laion2b_s34b_b79k``;
* ``ARCH/PATH``: the same with a checkpoint of one's own, a ``.pt`` or ``.safetensors`` file, whose
  path begins with ``/``, ``./``, ``../`` or ``~``: ``ViT-B-32//data/mine.pt`` is ``/data/mine.pt``;
* ``hf-hub:OWNER/NAME``: a repository of the hub with an ``open_clip_config.json``;
* ``local-dir:PATH``: a folder with the same content.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import open_clip
from open_clip.pretrained import get_pretrained_cfg

from anysense.embed.encoders.names import user_path
from anysense.embed.encoders.weights.downloads import TOKENIZER_FILES, HubFile, optional_files
from anysense.embed.encoders.weights.hub import cached_file, missing_file, missing_model
from anysense.embed.errors import UnknownEncoderError

__all__ = ["Weights", "downloads", "find_weights", "named_downloads", "parse_name"]

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
    if (path := user_path(which)) is not None:
        return Weights(f"openclip:{arch}/{path}", arch, path=path)
    tags = open_clip.list_pretrained_tags_by_model(arch)
    if which not in tags:
        choice = f"it has {', '.join(tags)}" if tags else "it has none"
        raise UnknownEncoderError(
            f"open_clip has no weights '{which}' of {arch}: {choice}; "
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
    file = cached_file(repository, *names)
    if file is None:
        raise missing_model(weights.name)
    return file


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


def downloads(rest: str) -> list[HubFile]:
    """The files of a model, its weights first; none if it is a path.

    Raises:
        UnknownEncoderError: no such architecture or tag.
    """
    weights = parse_name(rest)
    if weights.path is not None:
        return []
    repository, names = hub_files(weights)
    files = [HubFile(repository, names)]
    if weights.tag is None:
        files.append(HubFile(repository, ("open_clip_config.json",)))
    tokenizer, config = text_repositories(weights)
    if tokenizer and tokenizer != repository:
        files += optional_files(tokenizer, "config.json", *TOKENIZER_FILES)
    elif tokenizer and weights.tag is not None:
        files += optional_files(tokenizer, *TOKENIZER_FILES)
    if config and config != tokenizer:
        files.append(HubFile(config, ("config.json",)))
    return files


def named_downloads(rest: str, folder: Path) -> list[HubFile]:
    """The tokenizer, and the text tower's configuration, that a model of the hub names."""
    if not rest.startswith("hf-hub:"):
        return []
    config = json.loads((folder / "open_clip_config.json").read_text(encoding="utf-8"))
    text = config.get("model_cfg", config).get("text_cfg", {})
    files: list[HubFile] = []
    if tokenizer := text.get("hf_tokenizer_name"):
        files += optional_files(tokenizer, *TOKENIZER_FILES)
    if model := text.get("hf_model_name"):
        files.append(HubFile(model, ("config.json",)))
    return files


def _in_folder(weights: Weights) -> Path:
    assert weights.path is not None
    if not (weights.path / "open_clip_config.json").is_file():
        raise missing_file(weights.path / "open_clip_config.json")
    for name in _LOCAL_FILES:
        if (weights.path / name).is_file():
            return weights.path / name
    raise missing_file(weights.path / _WEIGHT_FILES[0])
