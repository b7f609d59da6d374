"""The collection of a vector store: one that is open, is there, or is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense import Collection
from anysense.adapters.langchain.embeddings import AnysenseEmbeddings
from anysense.embed.errors import UsageError
from anysense.server.client.connection import is_address

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["open_collection"]


def open_collection(
    collection: Collection | Path | str, embedding: AnysenseEmbeddings | None
) -> Collection:
    """The collection that is given, or that is at a path; it is made if there is none.

    Args:
        collection: it, or its path.
        embedding: the model that it has, or gets when it is made (``starter`` if None).

    Raises:
        UsageError: it is a service, or has other encoders.
        CollectionError: it cannot be opened or made.
    """
    if embedding is not None and not isinstance(embedding, AnysenseEmbeddings):
        raise UsageError(
            f"A collection cannot embed with {type(embedding).__name__}: give AnysenseEmbeddings."
        )
    if isinstance(collection, str) and is_address(collection):
        raise UsageError(
            f"{collection} is a service: a vector store is a collection of this machine; "
            "AnysenseRetriever searches services."
        )
    opened = collection
    if not isinstance(opened, Collection):
        if not Collection.exists(opened):
            return Collection.create(opened, ["starter" if embedding is None else embedding.model])
        opened = Collection.open(opened)
    names = opened.encoder_names
    if embedding is not None and embedding.model not in names:
        raise UsageError(f"{opened.path} embeds with {', '.join(names)}, not {embedding.model}.")
    return opened
