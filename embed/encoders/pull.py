"""Downloading the weights of a model, and checking that they arrived as they were published.

Everything comes from the model hub, into the hub's own cache; the only other way for weights to
come here is a path. What the hub says of a file's checksum is compared with the file on disk, so a
damaged cache is found, and mended, as well.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from anysense.embed.errors import (
    CheckpointError,
    EncoderError,
    StorageError,
    UnknownEncoderError,
    UsageError,
)

if TYPE_CHECKING:
    from anysense.embed.encoders.weights.downloads import Downloads, HubFile

__all__ = ["Progress", "pull"]

Progress: TypeAlias = Callable[[str, int, "int | None"], None]
"""``progress(file, bytes_done, bytes_in_all)``: called as a file begins, grows and ends."""


def pull(name: str, source: Downloads | None, *, progress: Progress | None = None) -> Path:
    """Download what an encoder needs into the hub's cache, verify it, and return its weights' path.

    What is here already is verified, and fetched again only if it is damaged or has changed.

    Args:
        name: the encoder's.
        source: what says which files its kind downloads; None for a kind that downloads nothing.
        progress: told of each file.

    Raises:
        UsageError: the encoder has nothing to download.
        UnknownEncoderError: the hub has no such model.
        CheckpointError: what arrived is not what was published.
        StorageError: the disk is full or cannot be written.
        EncoderError: the hub cannot be reached, or refuses.
    """
    report = progress or (lambda file, bytes_done, size: None)
    rest = name.partition(":")[2]
    files = [] if source is None else source.downloads(rest)
    if source is None or not files:
        raise UsageError(
            f"'{name}' needs no download: it comes with the package, or is a file of your own."
        )
    paths = [_fetch(name, file, report) for file in files]
    weights = paths[0]
    assert weights is not None  # the first is always required
    for file in source.named_downloads(rest, weights.parent):
        _fetch(name, file, report)
    return weights


def _fetch(name: str, file: HubFile, report: Progress) -> Path | None:
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    for file_name in file.names:
        try:
            return _fetch_file(name, file.repository, file_name, report)
        except LocalEntryNotFoundError as error:  # noqa: PERF203 - says "no network"
            raise _unreachable(name, error) from error
        except EntryNotFoundError:
            continue
    if file.is_required:
        raise UnknownEncoderError(
            f"The hub's '{file.repository}' has no {' or '.join(file.names)}: "
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
        metadata = get_hf_file_metadata(hf_hub_url(repository, file))
        report(file, 0, metadata.size)
        for force in (False, True):
            path = _download(repository, file, metadata.size, report, force=force)
            if _is_as_published(path, metadata.etag, metadata.size):
                report(file, path.stat().st_size, metadata.size)
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
        self.bytes_done = int(options.get("initial") or 0)
        tqdm.__init__(self, *args, **{**options, "disable": True})

    def update(self: Any, n: float | None = 1) -> None:
        self.bytes_done += int(n or 0)
        report(file, self.bytes_done, size)

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
