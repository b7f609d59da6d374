"""Objects as items: their content, and what the texts beside them say, fetched when needed."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.embed.errors import (
    EmptyMediaError,
    MediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.embed.limits import DEFAULT_LIMITS
from anysense.embed.media.beside import is_metadata, read_sidecar
from anysense.embed.media.identify import is_transport_head
from anysense.index.building.sources.json_sidecars import MOST_JSON_BYTES, parse_metadata
from anysense.index.objects.content import FetchedObject
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from anysense.index.building.sources.entries import LazyEntry
    from anysense.index.catalog.records import Sidecar

__all__ = ["IS_STREAM", "ObjectHolder"]

_log = logging.getLogger("anysense")

IS_STREAM = 1
"""The key of an entry that is a video by its name and its size, or else none that is read."""

_HEAD_BYTES = 1024
_DESCRIBED = 256  # of which what is said is held
_CHARACTER_BYTES = 4


class ObjectHolder:
    """A storage service as what holds entries; see `anysense.index.building.sources.entries`.

    Args:
        encoding: what texts are in that are not Unicode; found out where it is None.
    """

    changed_ns = 0
    written_ns = 0

    def __init__(self, encoding: str | None = None) -> None:
        self._encoding = encoding

    def item(self, entry: LazyEntry) -> NewItem:
        return NewItem(FetchedObject(entry.path, entry.size, entry.stamp), source=entry.path)

    def described_item(self, entry: LazyEntry) -> NewItem:
        """The item with the words and the metadata of the texts beside it.

        A text that cannot be read is left out with a warning, as beside a file.

        Raises:
            MediaError: it is no video, as its name and its size had it be, or cannot be read.
            AccessError, ServiceUnreachableError: nothing can be read of the service.
        """
        if entry.key == IS_STREAM:
            _check_stream(entry)
        if not entry.sidecars:
            return self.item(entry)
        said = _said(entry.path, entry.sidecars, self._encoding)
        return replace(self.item(entry), captions=said.captions, metadata=dict(said.metadata))


def _check_stream(entry: LazyEntry) -> None:
    """Refuse what is no video: it is fetched whole, which it would be next.

    Raises:
        MediaError: so it is, or it cannot be read.
    """
    with FetchedObject(entry.path, entry.size, entry.stamp).open() as file:
        if not is_transport_head(file.read(_HEAD_BYTES)):
            reason = "is no video in MPEG-TS, and other objects that are called so are not read"
            raise UnsupportedMediaError(entry.path, reason)


class _Said(NamedTuple):
    """What texts beside an object say of it."""

    captions: tuple[str, ...]
    metadata: dict[str, Any]


@lru_cache(_DESCRIBED)  # a build asks for it when it hashes an item, and when it makes one
def _said(path: str, sidecars: tuple[Sidecar, ...], encoding: str | None) -> _Said:
    captions: list[str] = []
    metadata: dict[str, Any] = {}
    for sidecar in sidecars:
        name = f"{path.rpartition('/')[0]}/{sidecar.name}"
        try:
            if is_metadata(sidecar.name):
                metadata = parse_metadata(_read(name, sidecar, MOST_JSON_BYTES), name)
            else:
                data = _read(name, sidecar, DEFAULT_LIMITS.text_characters * _CHARACTER_BYTES)
                captions += read_sidecar(io.BytesIO(data), name, DEFAULT_LIMITS, encoding)
        except (FileNotFoundError, EmptyMediaError):  # it has gone since the listing, or is empty
            continue
        except MediaError as error:
            _log.warning("%s: its words are left out: it %s", name, error.reason)
    return _Said(tuple(captions), metadata)


def _read(name: str, sidecar: Sidecar, most: int) -> bytes:
    if sidecar.size > most:
        raise MediaTooLargeError(name, f"has {sidecar.size:,} of at most {most:,} bytes")
    content = FetchedObject(name, sidecar.size, sidecar.mtime_ns)
    try:
        return content.read()
    finally:
        content.release()
