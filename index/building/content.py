"""What a new item is: its id, its source, and the hash of its content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import (
    CorruptMediaError,
    UnsupportedMediaError,
    UsageError,
)
from anysense.embed.types import Waveform
from anysense.index.building.encoding import Pending
from anysense.index.catalog.records import (
    ID_RULE,
    FileRecord,
    is_id,
    item_id,
)
from anysense.index.catalog.stored import metadata_text

if TYPE_CHECKING:
    from PIL.Image import Image

    from anysense.index.types import NewItem

__all__ = ["HASH_BLOCK", "hash_file", "prepare", "stat_file"]

HASH_BLOCK = 1 << 20


def prepare(index: int, item: NewItem) -> Pending:
    """Find an item's id, source and content hash.

    Raises:
        MediaError: its file is not there, or cannot be read.
        UsageError: its id or its metadata is not usable.
    """
    content = item.content
    if item.id is not None:
        _check_id(item.id)
    # Now, as it would take the other items of its batch with it when they are written.
    metadata_text(item.id or _name(item), item.metadata)
    if isinstance(content, Path):
        file = stat_file(content)
        path = file.path
        source = item.source or path
        try:
            digest = hash_file(path)
        except FileNotFoundError:
            raise CorruptMediaError(path, "no such file or directory") from None
        file = FileRecord(file.path, file.size, file.mtime_ns, digest)
        return Pending(index, item, item.id or item_id(source), source, digest, [file])
    digest = _hash_content(item)
    own = item.id or item_id(item.source or digest)
    return Pending(index, item, own, item.source or f"{_kind(item)}:{own}", digest)


def stat_file(file: Path) -> FileRecord:
    """A file's real path, size and time, with no content hash yet.

    Raises:
        MediaError: it is not there, or is no regular file.
    """
    try:
        path = os.path.realpath(file.expanduser())
        status = Path(path).stat()
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: no such user after ~
        reason = getattr(error, "strerror", None) or str(error)
        raise CorruptMediaError(file, reason.lower()) from None
    if not Path(path).is_file():
        raise UnsupportedMediaError(path, "not a file")
    return FileRecord(path, status.st_size, status.st_mtime_ns, "")


def hash_file(path: str) -> str:
    """The BLAKE2b hash of a file's bytes: 64 hex digits.

    Raises:
        FileNotFoundError: it has gone.
        MediaError: it cannot be read.
    """
    digest = hashlib.blake2b(digest_size=32)
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - many, so no Path for each
            while block := file.read(HASH_BLOCK):
                digest.update(block)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CorruptMediaError(path, f"cannot be read: {error.strerror or error}") from None
    return digest.hexdigest()


def _hash_content(item: NewItem) -> str:
    digest = hashlib.blake2b(digest_size=32)
    content = item.content
    if isinstance(content, str):
        digest.update(content.encode(errors="surrogatepass"))
    elif isinstance(content, bytes):
        digest.update(content)
    elif isinstance(content, Waveform):
        digest.update(f"{content.rate} ".encode() + content.samples.tobytes())
    elif isinstance(content, _image_class()):
        digest.update(f"{content.mode} {content.size} ".encode() + content.tobytes())
    else:
        raise UsageError(
            f"An item cannot be a {type(content).__name__}: give a pathlib.Path, bytes, a str "
            "for text, a PIL image, or a Waveform."
        )
    return digest.hexdigest()


def _image_class() -> type[Image]:
    from PIL.Image import Image

    return Image


def _kind(item: NewItem) -> str:
    if isinstance(item.content, str):
        return "text"
    return "bytes" if isinstance(item.content, bytes) else str(item.modality or "media")


def _name(item: NewItem) -> str:
    return str(item.content) if isinstance(item.content, Path) else f"<{_kind(item)}>"


def _check_id(own: str) -> None:
    if not is_id(own):
        raise UsageError(f"An id is {ID_RULE}, not {own[:80]!r}.")
