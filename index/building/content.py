"""The hashes of what is to be added: files with the texts beside them, and what is no file.

A file without texts beside it has the hash of its bytes. With them it has another, so that two
copies of a photo are one item only if the same is said of both.
"""

from __future__ import annotations

import logging
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from anysense.embed.errors import MediaError, MediaTooLargeError, UsageError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.beside import is_metadata
from anysense.embed.media.digest import digest_bytes, digest_embedded, digest_file, digest_text
from anysense.embed.media.files import most_bytes
from anysense.embed.pipeline.threads import Workers
from anysense.embed.types import EmbeddedFile, Waveform
from anysense.index.building.sources.entries import LazyEntry, RowEntry, file_record
from anysense.index.building.sources.sidecars import sidecar_paths
from anysense.index.objects.addresses import is_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PIL.Image import Image

    from anysense.index.building.sources.entries import Entry, FileEntry
    from anysense.index.catalog.records import FileRecord

__all__ = ["hash_captioned", "hash_content", "hash_entries", "hash_file", "hash_lazy"]

_log = logging.getLogger("anysense")

_THREADS = 4  # that hash files; more do not make a disk faster
_FETCHING_THREADS = 16  # as a request for an object mostly waits, whatever the processors

HashOutcome: TypeAlias = "FileRecord | FileNotFoundError | MediaError"
"""An entry as the catalog notes it, with its hash, or why it has none."""


def hash_content(content: bytes | EmbeddedFile | str | Image | Waveform) -> str:
    """The hash of what is no file: bytes, a text, a picture with its mode and size, or a sound.

    Raises:
        UsageError: it is none of these.
        MediaError: a file inside of another cannot be read.
    """
    if isinstance(content, EmbeddedFile):
        return digest_embedded(content)
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


def hash_captioned(content_hash: str, captions: Sequence[str]) -> str:
    """The hash of content about which something is said: with other words it is another item.

    Args:
        content_hash: of the content alone.
        captions: what is said.
    """
    if not captions:
        return content_hash
    return digest_text("\n".join([content_hash, *map(digest_text, captions)]))


def hash_entries(
    entries: Sequence[Entry], workers: int | None = None, limits: Limits = DEFAULT_LIMITS
) -> Iterator[tuple[Entry, HashOutcome]]:
    """Each entry with the hash of its content, or with why it has none; threads hash ahead.

    Args:
        entries: files and texts, as a scan found them.
        workers: threads that may be used; as many as processors if None. Objects are fetched by
            more.
        limits: a file that is larger is not read.
    """
    threads = min(workers or os.cpu_count() or 1, _THREADS)
    if any(is_object(entry.path) for entry in entries):
        threads = _FETCHING_THREADS
    pool = Workers(threads, "anysense-hash")
    try:
        yield from pool.map(partial(_hash_entry, limits=limits), entries)
    finally:
        pool.stop()


def _hash_entry(entry: Entry, *, limits: Limits) -> HashOutcome:
    if isinstance(entry, RowEntry):
        return file_record(entry, entry.content_hash)
    most = most_bytes(entry.path, limits)
    if entry.size > most:
        reason = f"has {entry.size:,} of at most {most:,} bytes"
        return MediaTooLargeError(entry.path, reason)
    try:
        return hash_lazy(entry) if isinstance(entry, LazyEntry) else hash_file(entry, limits)
    except (FileNotFoundError, MediaError) as error:
        return error


def hash_lazy(entry: LazyEntry) -> FileRecord:
    """What is no file of its own as the catalog notes it: with its content and captions read.

    Raises:
        MediaError: it cannot be read, or is not to be used.
    """
    item = entry.described_item()
    assert not isinstance(item.content, Path)  # that would be a `FileEntry`
    content_hash = hash_captioned(hash_content(item.content), item.captions)
    return file_record(entry, content_hash, entry.sidecars)


def hash_file(entry: FileEntry, limits: Limits = DEFAULT_LIMITS) -> FileRecord:
    """A file as the catalog notes it, with the hash of its content and of the texts beside it.

    What is metadata beside it is noted, but is no part of its content. A text that cannot be opened
    is not noted, so that each build looks at it again: what keeps it
    shut may change without its size or time.

    Args:
        entry: the file.
        limits: a text that is larger is not read.

    Raises:
        FileNotFoundError: the file has gone.
        MediaError: it cannot be read.
    """
    parts, sidecars = [digest_file(entry.path)], []
    for sidecar, path in zip(
        entry.sidecars, sidecar_paths(entry.path, entry.sidecars), strict=True
    ):
        if not is_metadata(sidecar.name) and sidecar.size <= limits.file_bytes:
            try:
                parts.append(f"{path.suffix.lower()} {digest_file(path)}")
            except FileNotFoundError:  # since the scan
                continue
            except MediaError as error:
                _log.warning("%s: its words are left out: it %s", path, error.reason)
                continue
        sidecars.append(sidecar)
    content_hash = parts[0] if len(parts) == 1 else digest_text("\n".join(parts))
    return file_record(entry, content_hash, tuple(sidecars))


def _image_class() -> type[Image]:
    from PIL.Image import Image

    return Image
