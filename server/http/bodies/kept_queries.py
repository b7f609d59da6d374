"""Pictures and sounds that are searched by, kept for the links that name them.

They lie in the user's cache under names made from their content, so that a link works after a
restart, in every process of the service, and for whoever it is sent to. Who does not know the
content cannot guess the name.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.cache import user_cache, write_aside
from anysense.embed.errors import StorageError, UnsupportedMediaError
from anysense.embed.media.digest import digest_bytes
from anysense.embed.types import Modality
from anysense.index.showing.opening import ItemFile, open_without_links
from anysense.server.http.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ID_PATTERN", "KeptQuery", "find_query", "keep_query", "open_query"]

FOLDER = "queries"
ID_PATTERN = "^q-[0-9a-f]{32}$"
MOST_BYTES = 256 * 1024**2
MOST_FILES = 4096
"""Of all that is kept; what is oldest goes first."""


class KeptQuery(NamedTuple):
    """A picture or a sound that is kept.

    Attributes:
        id: by which searches name it.
        modality: what it is; of a video, what most of it is.
        media_type: its type, by its content.
        bytes: how many it has.
    """

    id: str
    modality: Modality
    media_type: str
    bytes: int


def keep_query(content: bytes, name: str) -> KeptQuery:
    """Keep a picture, a sound or a video; what is kept already becomes the newest.

    Args:
        content: of the file.
        name: what errors call it.

    Raises:
        UnsupportedMediaError: it is none of these.
        MediaError: it is damaged, or empty.
        StorageError: it cannot be kept.
    """
    from anysense.embed.media.identify import media_type, sniff

    modality = sniff(content)
    kind = media_type(content)
    if modality is Modality.TEXT or not kind.startswith(("image/", "audio/", "video/")):
        raise UnsupportedMediaError(
            name, "is no picture, no sound and no video: nothing to search by"
        )
    query = KeptQuery(f"q-{digest_bytes(content)[:32]}", modality, kind, len(content))
    folder = user_cache(FOLDER)
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # nobody else's business
    if not write_aside(folder / query.id, lambda file: file.write(content)):
        raise StorageError(
            "The service cannot keep what is searched by: its cache is not writable."
        )
    _forget_oldest(folder)
    return query


def find_query(query_id: str, param: str = "upload") -> Path:
    """Where something is kept that is searched by.

    Args:
        query_id: its id.
        param: what errors call the field.

    Raises:
        RequestError: it is not kept, or not any more.
    """
    is_id = re.fullmatch(ID_PATTERN, query_id) is not None
    path = user_cache(FOLDER).resolve() / query_id if is_id else None
    # No link stands there but one that somebody else has put there.
    if path is None or path.is_symlink() or not path.is_file():
        message = f"{param}: this picture or sound is not kept any more; drop the file again."
        raise RequestError(message, 404, "query_gone", param)
    return path


def open_query(query_id: str) -> ItemFile:
    """Open something that is kept, as the files of items are opened; whoever asks closes it.

    Raises:
        RequestError: it is not kept, or not any more.
    """
    path = find_query(query_id, "id")
    try:
        file = open_without_links(path)
    except FileNotFoundError:  # it went at this moment
        return open_query(query_id)
    status = os.fstat(file.fileno())
    return ItemFile(file, path, status.st_size, status.st_mtime_ns, query_id, query_id)


def _forget_oldest(folder: Path) -> None:
    """Let the oldest go, where all are too many or too large."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        kept = sorted(
            ((entry.stat().st_mtime_ns, entry.stat().st_size, entry.path) for entry in entries),
            reverse=True,
        )
        total = 0
        for place, (_, size, path) in enumerate(kept):
            total += size
            if place and (total > MOST_BYTES or place >= MOST_FILES):
                with contextlib.suppress(OSError):
                    os.unlink(path)  # noqa: PTH108 - many, so no Path for each
