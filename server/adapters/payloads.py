"""Pictures and sounds that frameworks ask with: base64, data URIs, items, and files of this disk.

Nothing is ever fetched from the network.
"""

from __future__ import annotations

import binascii
import os
import re
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from anysense import Term
from anysense.adapters.facts import item_in
from anysense.embed.errors import MediaTooLargeError, UsageError

if TYPE_CHECKING:
    from anysense import Modality

__all__ = ["MAX_PAYLOAD", "addressed", "decoded", "file_below"]

MAX_PAYLOAD = 24 * 1024**2
"""The most bytes that one picture or sound may have which a query holds in itself: what the service
takes of one too, as its bodies end at 32 MiB of base64."""

MAX_ADDRESS = 4096
WHITE_SPACE = re.compile(r"\s+")


def decoded(text: str, name: str) -> bytes:
    """The bytes that base64 stands for.

    Args:
        text: base64, with white space or without.
        name: what errors call it.

    Raises:
        UsageError: it is not base64.
        MediaTooLargeError: it holds more than `MAX_PAYLOAD`.
    """
    if len(text) // 4 * 3 > MAX_PAYLOAD + MAX_PAYLOAD // 32:  # with room for line ends
        raise _too_large(name)
    try:
        data = b64decode(WHITE_SPACE.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        raise UsageError(f"The data of {name} is not base64 that can be read.") from None
    if len(data) > MAX_PAYLOAD:
        raise _too_large(name)
    return data


def addressed(address: str, modality: Modality, files: Path | None) -> Term:
    """The term of a query that an address names.

    Args:
        address: a data URI in base64, ``anysense://item/ID`` for more like an item, or a file on
            this disk, as a ``file:`` address or a path.
        modality: what it is said to hold.
        files: the folder that files may lie in; none is read if it is None.

    Raises:
        UsageError: it is an address of the network, or a file that may not be read.
        MediaTooLargeError: it holds more than `MAX_PAYLOAD`.
    """
    scheme, colon, rest = address[:64].partition(":")
    scheme = scheme.lower()
    if scheme == "data" and colon:
        head, comma, data = address.partition(",")
        if not comma or not head.lower().rstrip().endswith(";base64"):
            raise UsageError(f"A data URI must be in base64: data:{modality}/...;base64,...")
        return Term(decoded(data, f"a data URI of {modality}"), modality=modality)
    item_id = item_in(address)
    if item_id is not None:
        return Term(like=item_id)
    if len(address) > MAX_ADDRESS:
        raise UsageError(f"An address has at most {MAX_ADDRESS:,} characters.")
    if scheme == "file" and colon:
        parts = urlsplit(address)
        if parts.netloc not in ("", "localhost"):
            raise UsageError(f"{address} is on another machine, of which no files are read.")
        return Term(file_below(url2pathname(parts.path), files), modality=modality)
    if colon and rest.startswith("//"):
        raise UsageError(
            f"{scheme} addresses are not fetched: give the {modality} itself, in base64."
        )
    return Term(file_below(address, files), modality=modality)


def file_below(path: str | Path, files: Path | None) -> Path:
    """Where a file is that may be read: in a folder or below it, links followed.

    Args:
        path: of the file, relative to the folder or absolute.
        files: the folder.

    Raises:
        UsageError: there is no such folder, or the file lies outside of it.
    """
    if files is None:
        raise UsageError(
            f"The file {path} is not read, as no folder was named whose files may be: give files=."
        )
    try:
        root = Path(os.path.realpath(files.expanduser()))
        found = Path(os.path.realpath(root / path))
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"{str(path)[:200]!r} is no path of a file: {error}.") from None
    if not found.is_relative_to(root):
        raise UsageError(f"The file {path} is not read, as it lies outside of {files}.")
    return found


def _too_large(name: str) -> MediaTooLargeError:
    return MediaTooLargeError(name, f"holds over {MAX_PAYLOAD // 1024**2} MiB; send less")
