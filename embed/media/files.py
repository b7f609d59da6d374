"""Opening one media source, a file or a payload, without trusting it.

Only regular files are opened: a pipe would block for ever and a device can do anything. The size
limit is applied to what the file system says, before a byte is read.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from anysense.embed.errors import (
    AnysenseError,
    CorruptMediaError,
    EmptyMediaError,
    MediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.types import EmbeddedFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "TRANSPORT_SUFFIXES",
    "VIDEO_SUFFIXES",
    "LoadedFile",
    "Media",
    "OpenedFile",
    "check_size",
    "decoding",
    "media_name",
    "media_suffix",
    "most_bytes",
    "open_file",
    "open_media",
    "readable_size",
]


@dataclass(frozen=True)
class OpenedFile:
    """A regular file that is open already: it is read, whatever its path leads to by now.

    Attributes:
        file: open for reading; closed by whoever opened it.
        path: what errors call it, and its suffix.
    """

    file: BinaryIO
    path: Path


@dataclass(frozen=True)
class LoadedFile(EmbeddedFile):
    """A file whose bytes are in memory, under its name."""

    data: bytes = field(repr=False)

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)

    def read(self) -> bytes:
        return self.data


Media: TypeAlias = "Path | bytes | OpenedFile | EmbeddedFile"
"""A file, a payload, a file that is open, or one that is reached when it is needed."""

# fmt: off
VIDEO_SUFFIXES = frozenset([
    ".3g2", ".3gp", ".asf", ".avi", ".f4v", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4",
    ".mpeg", ".mpg", ".mts", ".ogv", ".qt", ".ts", ".vob", ".webm", ".wmv",
])
# fmt: on
"""The suffixes of videos, lower case and with the dot."""

TRANSPORT_SUFFIXES = frozenset([".mts", ".ts"])
"""Those of them that files of TypeScript have, too: there the content tells."""

_OPEN_ERRORS = {
    errno.ENOENT: "does not exist",
    errno.ENOTDIR: "does not exist",
    errno.EACCES: "may not be read: permission denied",
    errno.EPERM: "may not be read: permission denied",
    errno.ELOOP: "is a symbolic link that leads back to itself",
    errno.ENAMETOOLONG: "has a name too long for this file system",
}


def media_name(source: Media) -> str:
    """What an error calls the source: its path, or ``<bytes>``."""
    if isinstance(source, bytes):
        return "<bytes>"
    if isinstance(source, EmbeddedFile):
        return source.name
    return str(source.path if isinstance(source, OpenedFile) else source)


def media_suffix(source: Media) -> str:
    """The lower-case suffix of a file's name with its dot; empty for a payload."""
    if isinstance(source, bytes):
        return ""
    if isinstance(source, EmbeddedFile):
        return PurePath(source.name).suffix.lower()
    return (source.path if isinstance(source, OpenedFile) else source).suffix.lower()


def most_bytes(name: str, limits: Limits) -> int:
    """How many bytes a file may have, by the suffix of its name."""
    is_video = PurePath(name).suffix.lower() in VIDEO_SUFFIXES
    return limits.video_bytes if is_video else limits.file_bytes


def readable_size(count: int) -> str:
    """A count of bytes as a person reads it: ``512 bytes``, ``1.5 MiB``."""
    if count < 1024:
        return f"{count} bytes"
    power = min(4, (count.bit_length() - 1) // 10)
    return f"{count / 1024**power:.1f} {('KiB', 'MiB', 'GiB', 'TiB')[power - 1]}"


@contextmanager
def open_media(source: Media, limits: Limits = DEFAULT_LIMITS) -> Iterator[BinaryIO]:
    """Open a regular file or a payload for reading, from its beginning.

    Raises:
        MediaError: there is no such file, or it may not be read.
        UnsupportedMediaError: a directory, a pipe, a socket or a device.
        EmptyMediaError: it holds no bytes.
        MediaTooLargeError: more bytes than `most_bytes` allows.
    """
    name = media_name(source)
    if isinstance(source, bytes):
        _check_size(name, len(source), limits)
        yield io.BytesIO(source)
        return
    if isinstance(source, EmbeddedFile):
        _check_size(name, source.size, limits)
        with source.open() as file:
            yield file
        return
    if isinstance(source, OpenedFile):
        _check_size(name, source.file.seek(0, os.SEEK_END), limits)
        source.file.seek(0)
        yield source.file
        return
    file = open_file(source)
    with file:
        _check_size(name, os.fstat(file.fileno()).st_size, limits)
        yield file


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading, without ever waiting for it.

    Raises:
        MediaError: there is no such file, or it may not be read, or it is no regular file.
    """
    name = str(path)
    try:
        _check_regular(name, path.stat().st_mode)
        # Path.open takes no opener; the caller closes the file.
        file = open(path, "rb", opener=_open_without_blocking)  # noqa: SIM115
    except OSError as error:
        reason = _OPEN_ERRORS.get(error.errno or 0, f"cannot be opened ({error.strerror})")
        raise MediaError(name, reason) from error
    except ValueError as error:  # a NUL in the path
        raise MediaError(name, "is not a path that a file can have") from error
    try:  # again on what was really opened: the path may have been swapped in between
        _check_regular(name, os.fstat(file.fileno()).st_mode)
    except BaseException:
        file.close()
        raise
    return file


def _open_without_blocking(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))


def _check_regular(name: str, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise UnsupportedMediaError(name, "is a directory, not a file")
    if not stat.S_ISREG(mode):
        raise UnsupportedMediaError(
            name, "is a pipe, a socket or a device; only regular files are read"
        )


def _check_size(name: str, size: int, limits: Limits) -> None:
    if size == 0:
        raise EmptyMediaError(name, "is empty (zero bytes)")
    check_size(name, size, most_bytes(name, limits))


def check_size(name: str, size: int, most: int) -> None:
    """Refuse a file of more bytes than there may be.

    Raises:
        MediaTooLargeError: so it is.
    """
    if size > most:
        raise MediaTooLargeError(
            name,
            f"is {readable_size(size)} long, over the limit of {readable_size(most)} for one file",
        )


@contextmanager
def decoding(name: str, what: str) -> Iterator[None]:
    """Turn whatever a third-party decoder raises inside the block into a `MediaError`.

    Decoders of hostile bytes raise anything: their own errors, but also struct.error, IndexError,
    RecursionError, OverflowError and the like.

    Args:
        name: what the error calls the source.
        what: the format, with its article, such as ``a JPEG image``.
    """
    try:
        yield
    except (AnysenseError, ImportError):  # a missing package is not the file's fault
        raise
    except MemoryError as error:
        raise MediaTooLargeError(
            name, f"looks like {what} that needs more memory than there is"
        ) from error
    except Exception as error:
        message = getattr(error, "strerror", None) or str(error)
        detail = " ".join(message.split())[:120].rstrip(" .:")
        because = f" ({detail})" if detail else ""
        raise CorruptMediaError(
            name, f"looks like {what}, but is damaged or truncated{because}"
        ) from error
