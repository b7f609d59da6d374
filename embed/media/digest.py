"""The hash of content: BLAKE2b of 256 bits, written as 64 hex digits.

Two items of the same hash have the same content. It is the same for a text and for a file that
holds this text as UTF-8, and for a payload and a file of its bytes.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CorruptMediaError

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.embed.types import EmbeddedFile

__all__ = [
    "copy_digested",
    "digest_bytes",
    "digest_embedded",
    "digest_file",
    "digest_text",
    "new_digest",
]

_BLOCK = 1 << 20


def new_digest(data: bytes = b"") -> hashlib.blake2b:
    """A hash to be fed: of these bytes, and of those that it is updated with."""
    return hashlib.blake2b(data, digest_size=32)


def digest_file(path: Path | str) -> str:
    """The hash of a file's bytes.

    Raises:
        FileNotFoundError: it has gone.
        MediaError: it cannot be read.
    """
    digest = new_digest()
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - many, so no Path for each
            while block := file.read(_BLOCK):
                digest.update(block)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CorruptMediaError(path, f"cannot be read: {error.strerror or error}") from None
    return digest.hexdigest()


def digest_embedded(file: EmbeddedFile) -> str:
    """The hash of a file that is reached when it is needed: that of a file of its bytes.

    Raises:
        FileNotFoundError: it has gone.
        MediaError: it cannot be read.
    """
    digest = new_digest()
    try:
        with file.open() as opened:
            while block := opened.read(_BLOCK):
                digest.update(block)
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        raise CorruptMediaError(file.name, reason) from None
    return digest.hexdigest()


def digest_bytes(data: bytes) -> str:
    """The hash of some bytes: that of a file of them."""
    return new_digest(data).hexdigest()


def digest_text(text: str) -> str:
    """The hash of a text: that of a file which holds it as UTF-8."""
    digest = new_digest()
    for start in range(0, len(text), _BLOCK):  # so that other threads go on in between
        # Half of a surrogate pair is no text in UTF-8, but what holds one must have a hash too.
        digest.update(text[start : start + _BLOCK].encode(errors="surrogatepass"))
    return digest.hexdigest()


def copy_digested(source: BinaryIO, target: BinaryIO) -> str:
    """Copy what is left of a file, flush it to the disk, and return the hash of what was copied.

    Raises:
        OSError: one of the two cannot be read or written.
    """
    digest = new_digest()
    while block := source.read(_BLOCK):
        digest.update(block)
        target.write(block)
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest()
