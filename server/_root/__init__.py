"""A search engine in which words, pictures and sounds find each other.

>>> from anysense import Collection
>>> with Collection.create("photos.anysense") as collection:
...     collection.add(["beach.jpg", "waves.ogg"])
...     for hit in collection.search("the sea"):
...         print(hit.score, hit.modality, hit.source)

The names below load when they are first used, so importing this package is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anysense.embed.errors import AnysenseError as AnysenseError
    from anysense.embed.registry import list_models as list_models
    from anysense.embed.registry import load_encoder as load_encoder
    from anysense.embed.types import Modality as Modality
    from anysense.embed.types import Waveform as Waveform
    from anysense.index.build import build as build
    from anysense.index.collection import Collection as Collection
    from anysense.index.found import NewItem as NewItem
    from anysense.index.hit import Hit as Hit
    from anysense.index.query import Term as Term
    from anysense.index.retriever import Retriever as Retriever

__version__ = "0.1.0"

_HOME = {
    "AnysenseError": "anysense.embed.errors",
    "Collection": "anysense.index.collection",
    "Hit": "anysense.index.hit",
    "Modality": "anysense.embed.types",
    "NewItem": "anysense.index.found",
    "Retriever": "anysense.index.retriever",
    "Term": "anysense.index.query",
    "Waveform": "anysense.embed.types",
    "build": "anysense.index.build",
    "list_models": "anysense.embed.registry",
    "load_encoder": "anysense.embed.registry",
}

__all__ = [
    "AnysenseError",
    "Collection",
    "Hit",
    "Modality",
    "NewItem",
    "Retriever",
    "Term",
    "Waveform",
    "build",
    "list_models",
    "load_encoder",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'anysense' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
