"""The hash of content: BLAKE2b of 256 bits, written as 64 hex digits.

It is the same for a text and for a file that holds this text as UTF-8, and for bytes and a file of
them.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from anysense.embed.errors import CorruptMediaError, MediaError, MediaTooLargeError, UsageError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.pipeline.threads import Workers
from anysense.embed.types import Waveform
from anysense.index.building.sources.entries import FileEntry, TextEntry
from anysense.index.building.sources.sidecars import sidecar_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from PIL.Image import Image

    from anysense.index.building.sources.entries import Entry

__all__ = ["hash_content", "hash_entries", "hash_file", "hash_file_entry", "hash_text"]

_BLOCK = 1 << 20
_THREADS = 4  # that hash files; more do not make a disk faster

HashOutcome: TypeAlias = "str | FileNotFoundError | MediaError"
"""The hash of a file, or why it has none."""


def hash_file(path: str) -> str:
    """The hash of a file's bytes.

    Raises:
        FileNotFoundError: it has gone.
        MediaError: it cannot be read.
    """
    digest = hashlib.blake2b(digest_size=32)
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - many, so no Path for each
            while block := file.read(_BLOCK):
                digest.update(block)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CorruptMediaError(path, f"cannot be read: {error.strerror or error}") from None
    return digest.hexdigest()


def hash_text(text: str) -> str:
    """The hash of a text: that of a file which holds it as UTF-8."""
    # Half of a surrogate pair is no text in UTF-8, but what holds one must have a hash too.
    return _hash_bytes(text.encode(errors="surrogatepass"))


def hash_content(content: bytes | str | Image | Waveform) -> str:
    """The hash of what is no file: bytes, a text, a picture with its mode and size, or a sound.

    Raises:
        UsageError: it is none of these.
    """
    if isinstance(content, str):
        return hash_text(content)
    if isinstance(content, bytes):
        return _hash_bytes(content)
    if isinstance(content, Waveform):
        return _hash_bytes(f"{content.rate} ".encode() + content.samples.tobytes())
    if isinstance(content, _image_class()):
        return _hash_bytes(f"{content.mode} {content.size} ".encode() + content.tobytes())
    raise UsageError(
        f"An item cannot be a {type(content).__name__}: give a pathlib.Path, bytes, a str "
        "for text, a PIL image, or a Waveform."
    )


def hash_entries(
    entries: Iterable[Entry], workers: int | None = None, limits: Limits = DEFAULT_LIMITS
) -> Iterator[tuple[Entry, HashOutcome]]:
    """Each entry with the hash of its content, or with why it has none; threads hash ahead.

    Args:
        entries: files and texts, as a scan found them.
        workers: threads that may be used; as many as processors if None.
        limits: a file that is larger is not read.
    """
    threads = min(workers or os.cpu_count() or 1, _THREADS)
    ahead: deque[tuple[Entry, Future[HashOutcome]]] = deque()
    pool = Workers(threads, "anysense-hash")
    try:
        for entry in entries:
            ahead.append((entry, pool.submit(_hash_entry, entry, limits)))
            if len(ahead) > 2 * threads:
                first, future = ahead.popleft()
                yield first, future.result()
        while ahead:
            first, future = ahead.popleft()
            yield first, future.result()
    finally:
        pool.stop()


def _hash_entry(entry: Entry, limits: Limits) -> HashOutcome:
    if isinstance(entry, TextEntry):
        return entry.content_hash
    if entry.size > limits.file_bytes:
        reason = f"has {entry.size:,} of at most {limits.file_bytes:,} bytes"
        return MediaTooLargeError(entry.path, reason)
    try:
        return hash_file_entry(entry)
    except (FileNotFoundError, MediaError) as error:
        return error


def hash_file_entry(entry: FileEntry) -> str:
    """The hash of a file and, if there are any, of the texts beside it.

    Raises:
        FileNotFoundError: the file has gone.
        MediaError: it cannot be read.
    """
    digest = hash_file(entry.path)
    if not entry.sidecars:
        return digest
    parts = [digest]
    for path in sidecar_paths(entry.path, entry.sidecars):
        # A text that cannot be read has no words: its size and time say when to look again.
        with suppress(FileNotFoundError, MediaError):
            parts.append(hash_file(str(path)))
    return hash_text("\n".join(parts))


def _hash_bytes(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def _image_class() -> type[Image]:
    from PIL.Image import Image

    return Image
