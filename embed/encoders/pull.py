"""Downloading the weights of a model, and checking that they arrived as they were published.

Everything comes from the model hub, into the hub's own cache; the only other way for weights to
come here is a path. What the hub says of a file's checksum is compared with the file on disk, so a
damaged cache is found, and mended, as well.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from anysense.embed.errors import (
    CheckpointError,
    EncoderError,
    StorageError,
    UnknownEncoderError,
    UsageError,
)

__all__ = ["Progress", "Wanted", "pull", "wanted_files"]

Progress: TypeAlias = Callable[[str, int, "int | None"], None]
"""``progress(file, bytes_done, bytes_in_all)``: called as a file begins, grows and ends."""

_TOKENIZER = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)


@dataclass(frozen=True)
class Wanted:
    """A file to fetch.

    Attributes:
        repository: of the hub.
        names: what it may be called there, the best first.
        required: whether the model is of no use without it.
    """

    repository: str
    names: tuple[str, ...]
    required: bool = True


def pull(name: str, *, progress: Progress | None = None) -> Path:
    """Download what an encoder needs into the hub's cache, verify it, and return its weights' path.

    What is here already is verified, and fetched again only if it is damaged or has changed.

    Raises:
        UsageError: the encoder has nothing to download.
        UnknownEncoderError: the hub has no such model.
        CheckpointError: what arrived is not what was published.
        StorageError: the disk is full or cannot be written.
        EncoderError: the hub cannot be reached, or refuses.
    """
    report = progress or (lambda file, done, size: None)
    paths = [_fetch(name, wanted, report) for wanted in wanted_files(name)]
    weights = paths[0]
    assert weights is not None  # the first is always required
    if name.startswith("text:"):
        _fetch_modules(name, weights.parent, report)
    elif name.startswith("openclip:hf-hub:"):
        _fetch_text_parts(name, weights.parent, report)
    return weights


def wanted_files(name: str) -> list[Wanted]:
    """The files of an encoder, its weights first.

    Raises:
        UsageError: the encoder has nothing to download.
        UnknownEncoderError: no such model.
    """
    kind, _, rest = name.partition(":")
    if kind == "openclip":
        return _of_openclip(name, rest)
    if kind == "clap":
        return _of_clap(name, rest)
    if kind == "text":
        if rest.startswith(("/", "./", "../", "~")) or rest.count("/") != 1:
            raise _nothing_to_pull(name)
        return [
            Wanted(rest, ("model.safetensors", "pytorch_model.bin")),
            Wanted(rest, ("config.json",)),
            *_optional(rest, "modules.json", "sentence_bert_config.json"),
            *_optional(rest, "config_sentence_transformers.json", *_TOKENIZER),
        ]
    raise _nothing_to_pull(name)


def _of_openclip(name: str, rest: str) -> list[Wanted]:
    from anysense.embed.encoders.openclip.encoder import hub_files, parse_name, text_repositories

    weights = parse_name(rest)
    if weights.path is not None:
        raise _nothing_to_pull(name)
    repository, names = hub_files(weights)
    wanted = [Wanted(repository, names)]
    if weights.tag is None:
        wanted.append(Wanted(repository, ("open_clip_config.json",)))
    tokenizer, config = text_repositories(weights)
    if tokenizer and tokenizer != repository:
        wanted += _optional(tokenizer, "config.json", *_TOKENIZER)
    elif tokenizer and weights.tag is not None:
        wanted += _optional(tokenizer, *_TOKENIZER)
    if config and config != tokenizer:
        wanted.append(Wanted(config, ("config.json",)))
    return wanted


def _of_clap(name: str, rest: str) -> list[Wanted]:
    from anysense.embed.encoders.clap.encoder import OFFICIAL_REPOSITORY, parse_name
    from anysense.embed.encoders.clap.text import TOKENIZER_FILES, TOKENIZER_REPOSITORIES

    weights = parse_name(rest)
    if weights.path is not None:
        raise _nothing_to_pull(name)
    wanted = [Wanted(weights.repository, weights.files)]
    if weights.repository == OFFICIAL_REPOSITORY:
        return [*wanted, *_optional(TOKENIZER_REPOSITORIES[0], *TOKENIZER_FILES)]
    wanted.append(Wanted(weights.repository, ("config.json",)))
    return [*wanted, *_optional(weights.repository, "preprocessor_config.json", *_TOKENIZER)]


def _optional(repository: str, *names: str) -> list[Wanted]:
    return [Wanted(repository, (name,), required=False) for name in names]


def _nothing_to_pull(name: str) -> UsageError:
    return UsageError(
        f"'{name}' needs no download: it comes with the package, or is a file of your own."
    )


def _fetch_text_parts(name: str, folder: Path, report: Progress) -> None:
    """A tokenizer, and a text tower's configuration, that a model's own configuration names."""
    config = json.loads((folder / "open_clip_config.json").read_text(encoding="utf-8"))
    text = config.get("model_cfg", config).get("text_cfg", {})
    if tokenizer := text.get("hf_tokenizer_name"):
        for wanted in _optional(tokenizer, *_TOKENIZER):
            _fetch(name, wanted, report)
    if model := text.get("hf_model_name"):
        _fetch(name, Wanted(model, ("config.json",)), report)


def _fetch_modules(name: str, folder: Path, report: Progress) -> None:
    """The folders of a sentence-transformers model's further modules, such as ``1_Pooling``."""
    file = folder / "modules.json"
    if not file.is_file():
        return
    repository = name.partition(":")[2]
    for module in json.loads(file.read_text(encoding="utf-8")):
        path = str(module.get("path", ""))
        if re.fullmatch(r"\w[\w.-]*", path):
            for part in ("config.json", "model.safetensors", "pytorch_model.bin"):
                _fetch(name, Wanted(repository, (f"{path}/{part}",), required=False), report)


def _fetch(name: str, wanted: Wanted, report: Progress) -> Path | None:
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    for file in wanted.names:
        try:
            return _fetch_file(name, wanted.repository, file, report)
        except LocalEntryNotFoundError as error:  # noqa: PERF203 - says "no network"
            raise _unreachable(name, error) from error
        except EntryNotFoundError:
            continue
    if wanted.required:
        raise UnknownEncoderError(
            f"The hub's '{wanted.repository}' has no {' or '.join(wanted.names)}: "
            f"'{name}' is not a model of this kind."
        )
    return None


def _fetch_file(name: str, repository: str, file: str, report: Progress) -> Path:
    """Download and verify one file; a damaged copy in the cache is fetched again."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import (
        EntryNotFoundError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    try:
        published = get_hf_file_metadata(hf_hub_url(repository, file))
        report(file, 0, published.size)
        for force in (False, True):
            path = _download(repository, file, published.size, report, force=force)
            if _is_as_published(path, published.etag, published.size):
                report(file, path.stat().st_size, published.size)
                return path
    except (EntryNotFoundError, LocalEntryNotFoundError):
        raise
    except RepositoryNotFoundError as error:
        raise UnknownEncoderError(
            f"The hub has no '{repository}', or keeps it behind a licence: look at '{name}' there, "
            "and log in with `hf auth login` if it asks for it."
        ) from error
    except OfflineModeIsEnabled as error:
        raise EncoderError(
            f"'{name}' cannot be pulled while HF_HUB_OFFLINE is set: unset it."
        ) from error
    except Exception as error:  # of the hub's HTTP client, which differs between its versions
        if isinstance(error, OSError) and error.errno is not None and error.filename is not None:
            raise StorageError(f"{error.filename}: {error.strerror}.") from error
        raise _unreachable(name, error) from error
    raise CheckpointError(
        f"'{file}' of '{repository}' arrived twice with another checksum than was published: "
        "try again later."
    )


def _unreachable(name: str, error: Exception) -> EncoderError:
    detail = " ".join(str(error).split())[:200]
    return EncoderError(f"'{name}' cannot be pulled, as the hub cannot be reached: {detail}")


def _download(
    repository: str, file: str, size: int | None, report: Progress, *, force: bool
) -> Path:
    from huggingface_hub import hf_hub_download

    options: dict[str, Any] = {}
    if "tqdm_class" in inspect.signature(hf_hub_download).parameters:
        options["tqdm_class"] = _bar(file, size, report)
    return Path(hf_hub_download(repository, file, force_download=force, **options))


def _bar(file: str, size: int | None, report: Progress) -> type:
    """A class in the form of a tqdm bar that reports instead of drawing."""
    tqdm: Any = import_module("tqdm").tqdm

    def start(self: Any, *args: Any, **options: Any) -> None:
        options.pop("name", None)
        self.done = int(options.get("initial") or 0)
        tqdm.__init__(self, *args, **{**options, "disable": True})

    def update(self: Any, n: float | None = 1) -> None:
        self.done += int(n or 0)
        report(file, self.done, size)

    return type("Bar", (tqdm,), {"__init__": start, "update": update})


def _is_as_published(path: Path, etag: str | None, size: int | None) -> bool:
    """Whether a file is what its ETag says: SHA-256 of a large file, Git's SHA-1 of a small one."""
    if size is not None and path.stat().st_size != size:
        return False
    if etag is None or not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", etag):
        return True  # a mirror that names no checksum
    if len(etag) == 64:
        digest = hashlib.sha256()
    else:
        digest = hashlib.sha1(usedforsecurity=False)
        digest.update(f"blob {path.stat().st_size}\0".encode())
    with path.open("rb") as content:
        while chunk := content.read(8 * 1024 * 1024):
            digest.update(chunk)
    return digest.hexdigest() == etag
