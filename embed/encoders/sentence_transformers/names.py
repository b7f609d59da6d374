"""Which model a name means, which files it consists of, and what of it can be downloaded.

After ``st:`` a name is ``OWNER/NAME`` of the hub, or the path of a folder that begins with ``/``,
``./``, ``../`` or ``~``; ``@256`` at its end cuts the vectors to their first 256 numbers.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anysense.embed.encoders.names import is_part, is_repository, user_path
from anysense.embed.encoders.weights.downloads import (
    TOKENIZER_FILES,
    WEIGHT_FILES,
    HubFile,
    optional_files,
)
from anysense.embed.encoders.weights.hub import cached_folder, missing_file, missing_model
from anysense.embed.errors import UnknownEncoderError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "MODEL_CONFIGS",
    "ROUTERS",
    "Name",
    "downloads",
    "find_model",
    "module_folders",
    "named_downloads",
    "parse_name",
    "weight_files",
]

INDEX_FILES = tuple(f"{name}.index.json" for name in WEIGHT_FILES)
"""The names of lists of the files that large weights are in."""

MODEL_CONFIGS = (
    "config.json",
    "modules.json",
    "router_config.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "preprocessor_config.json",
    "processor_config.json",
    "video_preprocessor_config.json",
    "chat_template.json",
    "chat_template.jinja",
)
"""What else says how a model makes a vector, beside its tokenizer."""

ROUTERS = ("router_config.json", "config.json")
"""Where a router says which modules it has; older ones say it in the second."""

_SHARD = re.compile(r"\w[\w.-]*\.(?:safetensors|bin)")


@dataclass(frozen=True)
class Name:
    """What an encoder's name says.

    Attributes:
        model: ``OWNER/NAME``, or a path.
        dimension: to which vectors are cut; None for all of them.
        folder: where it is if it is a path.
    """

    model: str
    dimension: int | None
    folder: Path | None

    @property
    def encoder(self) -> str:
        """The encoder's whole name, which is that of its space."""
        cut = f"@{self.dimension}" if self.dimension is not None else ""
        return f"st:{self.folder or self.model}{cut}"


def parse_name(rest: str) -> Name:
    """What follows ``st:`` in a name.

    Raises:
        UnknownEncoderError: it is neither OWNER/NAME nor a path, or cuts to no number.
    """
    model, at, cut = rest.rpartition("@")
    if not at:
        model, cut = rest, ""
    elif not cut.isdecimal() or int(cut) < 1:
        raise UnknownEncoderError(
            f"There is no model 'st:{rest}': after @ goes how many numbers a vector keeps."
        )
    folder = user_path(model)
    if folder is None and not is_repository(model):
        raise UnknownEncoderError(
            f"There is no model 'st:{rest}': give OWNER/NAME of the hub, or a folder, such as "
            "./model."
        )
    return Name(model, int(cut) if cut else None, folder)


def find_model(name: Name) -> Path:
    """Its folder on this machine.

    Raises:
        MissingWeightsError: it is not here, or not all of it.
    """
    if name.folder is not None:
        if not any((name.folder / file).is_file() for file in ("config.json", "modules.json")):
            raise missing_file(name.folder / "config.json")
        if not weight_files(name.folder):
            raise missing_file(name.folder / WEIGHT_FILES[0])
        return name.folder
    folder = cached_folder(name.model, "modules.json") or cached_folder(name.model)
    if folder is None or not weight_files(folder):
        raise missing_model(f"st:{name.model}")
    return folder


def module_folders(folder: Path) -> list[Path]:
    """The folder itself, and those of the modules that it names."""
    return [folder, *(folder / part for part, _ in _modules(folder) if part)]


def weight_files(folder: Path) -> list[Path]:
    """The files of all weights of a model: of each of its modules those that are loaded.

    Returns:
        None of them if the model itself has none, or lacks some that it names.
    """
    found = []
    for place in module_folders(folder):
        for name, index in zip(WEIGHT_FILES, INDEX_FILES, strict=True):
            files = [place / name]
            if not files[0].is_file():
                files = [place / shard for shard in _shards(place / index)]
            if files and all(file.is_file() for file in files):
                found += files
                break
            if len(files) > 1:
                return []
    return found


def downloads(rest: str) -> list[HubFile]:
    """The files of a model, its weights first; none if it is a path.

    Raises:
        UnknownEncoderError: no such model.
    """
    name = parse_name(rest)
    if name.folder is not None:
        return []
    return [
        # Some have all that they are in the folders of their modules.
        HubFile(
            name.model,
            (WEIGHT_FILES[0], INDEX_FILES[0], WEIGHT_FILES[1], INDEX_FILES[1], "modules.json"),
        ),
        HubFile(name.model, ("config.json", "modules.json")),
        *optional_files(name.model, *MODEL_CONFIGS[1:], *TOKENIZER_FILES),
    ]


def named_downloads(rest: str, folder: Path) -> Iterator[HubFile]:
    """The parts of large weights, and the files of the modules that a model names.

    One by one: what has been fetched may name more.
    """
    repository = parse_name(rest).model
    yield from _shards_of(repository, folder, "")
    for part, kind in _modules(folder):
        if not part:
            continue
        more = (*MODEL_CONFIGS, *TOKENIZER_FILES) if kind in ("Transformer", "CLIPModel") else ()
        names = dict.fromkeys(("config.json", "router_config.json", *more))
        yield from optional_files(repository, *(f"{part}/{name}" for name in names))
        weights = (WEIGHT_FILES[0], INDEX_FILES[0], WEIGHT_FILES[1], INDEX_FILES[1])
        yield HubFile(repository, tuple(f"{part}/{name}" for name in weights), is_required=False)
        yield from _shards_of(repository, folder, f"{part}/")


def _shards_of(repository: str, folder: Path, part: str) -> Iterator[HubFile]:
    for name, index in zip(WEIGHT_FILES, INDEX_FILES, strict=True):
        if not (folder / part / name).is_file():
            for shard in _shards(folder / part / index):
                yield HubFile(repository, (f"{part}{shard}",))


def _shards(index: Path) -> list[str]:
    """The names of the files that an index of weights names, if there is one."""
    names = _read(index).get("weight_map", {}) if index.is_file() else {}
    shards = sorted({str(name) for name in names.values()}) if isinstance(names, dict) else []
    return [name for name in shards if _SHARD.fullmatch(name)]


def _modules(folder: Path) -> Iterator[tuple[str, str]]:
    """The folders of the modules that a model names, and those inside them; each with its class."""
    for module in _listed(folder / "modules.json"):
        part, kind = str(module.get("path", "")), str(module.get("type", "")).rpartition(".")[2]
        if part and not is_part(part):
            continue
        yield part, kind
        for router in ROUTERS:
            types = _read(folder / part / router).get("types", {})
            for name, inner in types.items() if isinstance(types, dict) else ():
                inside = f"{part}/{name}" if part else str(name)
                if is_part(inside):
                    yield inside, str(inner).rpartition(".")[2]


def _listed(file: Path) -> list[dict[str, Any]]:
    content = _content(file)
    entries = content if isinstance(content, list) else []
    return [entry for entry in entries if isinstance(entry, dict)]


def _read(file: Path) -> dict[str, Any]:
    content = _content(file)
    return content if isinstance(content, dict) else {}


def _content(file: Path) -> Any:
    """What a file says; None if it cannot be read, which loading will tell better."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
