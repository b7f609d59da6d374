"""Copies: files and texts without an id whose content an item of the collection has already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.embed.errors import ItemNotFoundError
from anysense.index.building.sources.paths import is_alive
from anysense.index.catalog.browse import file_item, find_item, has_content, item_paths
from anysense.server.http.service.describing import renewed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.index.catalog.records import FileRecord
    from anysense.index.folder.folder import CollectionFolder

__all__ = ["item_with", "join", "text_with"]


def item_with(folder: CollectionFolder, digest: str, path: str | None = None) -> str | None:
    """The id of the item that has a content; None if there is none, or its files are all gone.

    Args:
        folder: of the collection.
        digest: the hash of the content.
        path: of the file on this machine that holds it. If several items have the content, the
            one that has this file comes first: it would go if it lost it.
    """
    if path is not None:
        own_id = file_item(folder.catalog, folder.media.catalog_path(path), digest)
        if own_id is not None:
            return own_id
    item_id = folder.by_hash(digest)
    if item_id is None:
        return None
    try:
        item = find_item(folder.catalog, item_id)
    except ItemNotFoundError:  # removed since
        return None
    paths = item_paths(folder.catalog, item)
    return item_id if not paths or any(map(is_alive, paths)) else None


def text_with(folder: CollectionFolder, digest: str, made_id: str) -> str | None:
    """The id made for a text if an item has it and holds that text; else None.

    A text that was given another id, and a file of the same text, are items of their own.

    Args:
        folder: of the collection.
        digest: the hash of the text.
        made_id: the id that is made from it.
    """
    return made_id if has_content(folder.catalog, made_id, digest) else None


def join(
    folder: CollectionFolder,
    item_id: str,
    metadata: Mapping[str, Any],
    *,
    name: str | None = None,
    file: FileRecord | None = None,
) -> None:
    """Give the item that has a content what is said of a copy, and the copy's path if it has one.

    Nobody else may change the collection meanwhile.

    Args:
        folder: of the collection.
        item_id: the item.
        metadata: what is said of the copy.
        name: what the client calls a copy that it has sent.
        file: a copy that stays where it is on this machine.

    Raises:
        ItemNotFoundError: there is no such item.
        RequestError: the metadata of both would be too long, or nested too deep; nothing was
            written.
        StorageError: the disk refused.
        CollectionReplacedError: the folder is not the one any more that was opened.
    """
    former = find_item(folder.catalog, item_id).metadata
    # What the client calls the copy is no metadata of an item that has a name.
    said = {key: value for key, value in metadata.items() if (key, value) != ("filename", name)}
    after = renewed(former, {**former, **said}, f"with that of the item {item_id}, ")
    if file is not None:
        folder.assign_files([(file, item_id)])
    if after != former:
        folder.describe({item_id: after})
    else:
        folder.check_place()  # which a write does by itself
