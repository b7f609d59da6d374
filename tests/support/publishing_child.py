"""What runs in the processes that are killed while they publish to a Milvus server."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import tiny
from specimen import opened_with

from anysense.index.vectors.milvus.client import Milvus

if TYPE_CHECKING:
    from pathlib import Path


def publish_and_die(
    path: Path, address: str, name: str, number: int, thresholds: dict[str, int], anew: bool
) -> None:
    """Publish a collection, and kill this process when it is about to make a call.

    Args:
        path: the collection.
        address: of the server.
        name: of the call, by pymilvus' name.
        number: which of those of that name, from 1.
        thresholds: those of the index.
        anew: make the index that is there anew, as `compact` does.
    """
    tiny.register()
    call, made = Milvus.call, 0

    def call_or_die(milvus: Milvus, called: str, *arguments: Any, **options: Any) -> Any:
        nonlocal made
        made += called == name
        if made == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(milvus, called, *arguments, **options)

    Milvus.call = call_or_die  # type: ignore[method-assign]
    with opened_with(path, **thresholds) as collection:
        if anew:
            collection.compact()
        else:
            collection.publish(to=address)
