"""Which spaces of a catalog searches go by: those of the encoders that a manifest names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.index.catalog.spaces import Seen
from anysense.index.catalog.sqlite.connections import damaged

if TYPE_CHECKING:
    from anysense.index.catalog.reader import Catalog
    from anysense.index.snapshots.manifest import Manifest

__all__ = ["seen_by", "seen_spaces"]


def seen_spaces(catalog: Catalog, manifest: Manifest) -> Seen:
    """The spaces of a manifest's encoders, by their numbers in the catalog.

    Raises:
        CorruptCollectionError: the catalog does not have one of them.
    """
    texts = manifest.text_spaces
    if not manifest.has_hidden and all(entry.key is None for entry in manifest.encoders):
        return Seen(None, texts)  # as long as nothing else is there, there is nothing to look up
    numbers = {row.id: pk for pk, row in catalog.seeing(None).spaces.items()}
    names: dict[int, str] = {}
    for entry in manifest.encoders:
        key = numbers.get(entry.space.id) if entry.key is None else entry.key
        if key is None:
            raise damaged(catalog.path, f"it has no space {entry.space.id}")
        names[key] = entry.space.id
    return Seen(names, texts)


def seen_by(catalog: Catalog, manifest: Manifest) -> Catalog:
    """The catalog as searches by a manifest see it.

    Raises:
        CorruptCollectionError: it does not have a space that the manifest names.
    """
    return catalog.seeing(seen_spaces(catalog, manifest).names)
