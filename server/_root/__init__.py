"""A search engine in which words, pictures and sounds find each other.

>>> from anysense import Collection
>>> with Collection.create("photos.anysense") as collection:
...     collection.add(["beach.jpg", "waves.ogg"])
...     for hit in collection.search("the sea"):
...         print(hit.score, hit.modality, hit.source)

All but the errors load when they are first used, so importing this package is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from anysense import errors
from anysense.errors import AnysenseError

if TYPE_CHECKING:
    from anysense.embed.encoders.registry import list_models, load_encoder
    from anysense.embed.types import Modality as Modality
    from anysense.embed.types import Waveform as Waveform
    from anysense.index.building.build import build
    from anysense.index.collection import Collection as Collection
    from anysense.index.hits.hit import Hit
    from anysense.index.merge import merge
    from anysense.index.ranking.query import Term
    from anysense.index.types import NewItem
    from anysense.server.client.async_client import AsyncClient
    from anysense.server.client.client import Client
    from anysense.server.client.retriever import Retriever

__version__ = "0.1.0"

_HOME = {
    "AsyncClient": "anysense.server.client.async_client",
    "Client": "anysense.server.client.client",
    "Collection": "anysense.index.collection",
    "Hit": "anysense.index.hits.hit",
    "Modality": "anysense.embed.types",
    "NewItem": "anysense.index.types",
    "Retriever": "anysense.server.client.retriever",
    "Term": "anysense.index.ranking.query",
    "Waveform": "anysense.embed.types",
    "build": "anysense.index.building.build",
    "list_models": "anysense.embed.encoders.registry",
    "load_encoder": "anysense.embed.encoders.registry",
    "merge": "anysense.index.merge",
}

__all__ = [
    "AnysenseError",
    "AsyncClient",
    "Client",
    "Collection",
    "Hit",
    "Modality",
    "NewItem",
    "Retriever",
    "Term",
    "Waveform",
    "build",
    "errors",
    "list_models",
    "load_encoder",
    "merge",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'anysense' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
