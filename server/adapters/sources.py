"""What adapters search: a collection, its path, the address of a service, or what searches one."""

from __future__ import annotations

import os
from typing import TypeAlias

from anysense import Client, Collection, Retriever
from anysense.embed.errors import UsageError

__all__ = ["Source", "open_retriever"]

Source: TypeAlias = Collection | Client | Retriever | str | os.PathLike[str]


def open_retriever(
    source: Source, *, api_key: str | None, collection: str | None, timeout: float
) -> Retriever:
    """The retriever of a source; one that is given is its own, and keeps its options.

    Args:
        source: an open `Collection`, the path of one, the address of a service, a `Client`, or a
            `Retriever`.
        api_key: a key of the service.
        collection: the name of one of its collections.
        timeout: how many seconds an answer of the service may take.

    Raises:
        UsageError: a key or a collection is given, and the source is no address.
        CollectionError: the collection at that path cannot be opened.
    """
    if not isinstance(source, Retriever):
        return Retriever(source, api_key=api_key, collection=collection, timeout=timeout)
    if api_key is not None or collection is not None:
        raise UsageError("api_key and collection go with the address of a service.")
    return source
