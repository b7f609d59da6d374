"""Items as a user names them: by id, by the path of a file, or by their metadata."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from anysense.embed.errors import ItemNotFoundError

if TYPE_CHECKING:
    from anysense.index.collection import Collection

__all__ = ["resolve_id", "why_none"]

MOST_FIELDS = 20


def resolve_id(collection: Collection, name: str) -> str:
    """The id of an item that is named by its id, its source, or the path of one of its files.

    Raises:
        ItemNotFoundError: there is no such item.
    """
    from anysense.index.catalog.browse import find_item

    snapshot = collection.folder.snapshot()
    try:
        return find_item(snapshot.catalog, name).id
    except ItemNotFoundError:
        pass
    sources = list(dict.fromkeys((name, os.path.realpath(name))))
    segments = snapshot.select({"source": {"$in": sources}})
    if segments is not None and len(segments):
        for row in snapshot.rows(segments.ids[:1]):
            if row is not None:
                return row.item_id
    files = collection.folder.files()  # knows the further files of an item as well
    for source in sources:
        if source in files:
            return files[source].item_id
    raise ItemNotFoundError(
        f"{collection.path} has no item '{name}': give an id, as `anysense search --json` tells "
        "it, or the path of a file that is in the collection."
    )


def why_none(collection: Collection, where: str) -> str:
    """Why an expression holds for no item, as far as can be told, for the end of a sentence."""
    from anysense.index.catalog.fields import absent_fields, metadata_fields

    catalog = collection.folder.snapshot().catalog
    absent = absent_fields(catalog, where)
    if not absent:
        return "--where holds for no item"
    fields = metadata_fields(catalog, MOST_FIELDS + 1)
    names = ", ".join(fields[:MOST_FIELDS]) or "none but id, source, kind and modality"
    more = ", ..." if len(fields) > MOST_FIELDS else ""
    return f"no item has a field {' or '.join(absent)}; the fields that there are: {names}{more}"
