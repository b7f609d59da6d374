"""Where things lie on the service's disks, which is nobody's business who asks over the network."""

from __future__ import annotations

import re
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any

from anysense.embed import errors
from anysense.index.showing.names import file_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.embed.errors import AnysenseError

__all__ = ["bare_message", "without_folders"]

_PLAIN: Mapping[type[AnysenseError], str] = {
    errors.StorageError: "The service's disk refused: it may be full or read-only",
    errors.CorruptCollectionError: "The collection is damaged",
    errors.IncompatibleCollectionError: "The collection is of other models or of another version",
    errors.EngineUnavailableError: "The engine that searches the collection does not answer now",
    errors.CollectionLockedError: "Another process is writing to the collection; try again",
    errors.CollectionNotFoundError: "The collection is not there any more",
    errors.ItemNotFoundError: "There is no such item in the collection",
    errors.NoMapError: "The collection has no such map",
    errors.CollectionError: "The collection cannot be used",
    errors.MissingWeightsError: "The weights of a model, or a package that it needs, are not here",
    errors.CheckpointError: "The weights of a model cannot be used",
    errors.UnknownEncoderError: "The collection's model is not known here",
    errors.EncoderError: "A model cannot be used",
}
"""What is told in place of a message that names files of the service; its log has that message."""

_ROOTED = re.compile(
    r"(?<![\w/\\:.~-])(?:file:/*)?(?:/|~[\w.-]*/|[A-Za-z]:[\\/]|\\\\)[^\s\"'`<>|]+", re.IGNORECASE
)
_ITEM = re.compile(r"(No item .+) in (?:/|[A-Za-z]:[\\/]).*", re.DOTALL)


def bare_message(error: AnysenseError) -> str:
    """What may be told of an error: without a path of the service's disks."""
    text = str(error)
    item = _ITEM.fullmatch(text)
    if isinstance(error, errors.ItemNotFoundError) and item is not None:
        return f"{item[1]}."
    if isinstance(error, errors.MediaError) and _is_rooted(error.source):
        text = f"The file of the item {error.reason}"
    # What a filter's error repeats is the client's own.
    if not _ROOTED.search(text) or isinstance(error, errors.FilterError):
        return text
    plain = next((_PLAIN[kind] for kind in type(error).__mro__ if kind in _PLAIN), None)
    if plain is not None:
        return f"{plain}; the log of the service says more."
    return _ROOTED.sub("(a path)", text)


def without_folders(values: dict[str, Any]) -> dict[str, Any]:
    """An item or a hit, of whose files only the names are told; other sources stay."""
    bare = dict(values)
    if "source" in bare:
        bare["source"] = _bare_source(bare["source"])
    if "aliases" in bare:
        bare["aliases"] = [_bare_source(path) for path in bare["aliases"]]
    return bare


def _bare_source(source: str) -> str:
    if not _is_rooted(source):
        return source
    # Of a row of a table: what stands behind the mark may have slashes.
    path, mark, row = source.partition("#")
    return _last_part(path) + mark + (_last_part(row) if _is_rooted(row) else row)


def _is_rooted(source: str) -> bool:
    is_address = source.lower().startswith("file:")
    return is_address or source.startswith(("/", "~")) or PureWindowsPath(source).is_absolute()


def _last_part(path: str) -> str:
    return file_name(path) or "..."
