"""The hashes of what is to be added: files with the texts beside them, and what is no file."""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from anysense.embed.errors import MediaError, MediaTooLargeError, UsageError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.digest import digest_bytes, digest_file, digest_text
from anysense.embed.pipeline.threads import Workers
from anysense.embed.types import Waveform
from anysense.index.building.sources.entries import FileEntry, TextEntry
from anysense.index.building.sources.sidecars import sidecar_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from PIL.Image import Image

    from anysense.index.building.sources.entries import Entry

__all__ = ["hash_content", "hash_entries", "hash_file_entry"]

_THREADS = 4  # that hash files; more do not make a disk faster

HashOutcome: TypeAlias = "str | FileNotFoundError | MediaError"
"""The hash of a file, or why it has none."""


def hash_content(content: bytes | str | Image | Waveform) -> str:
    """The hash of what is no file: bytes, a text, a picture with its mode and size, or a sound.

    Raises:
        UsageError: it is none of these.
    """
    if isinstance(content, str):
        return digest_text(content)
    if isinstance(content, bytes):
        return digest_bytes(content)
    if isinstance(content, Waveform):
        return digest_bytes(f"{content.rate} ".encode() + content.samples.tobytes())
    if isinstance(content, _image_class()):
        return digest_bytes(f"{content.mode} {content.size} ".encode() + content.tobytes())
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
    digest = digest_file(entry.path)
    if not entry.sidecars:
        return digest
    parts = [digest]
    for path in sidecar_paths(entry.path, entry.sidecars):
        # A text that cannot be read has no words: its size and time say when to look again.
        with suppress(FileNotFoundError, MediaError):
            parts.append(digest_file(str(path)))
    return digest_text("\n".join(parts))


def _image_class() -> type[Image]:
    from PIL.Image import Image

    return Image
