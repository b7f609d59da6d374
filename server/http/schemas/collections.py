"""The list of collections."""

from __future__ import annotations

from pydantic import BaseModel

__all__ = ["CollectionList"]


class CollectionSummary(BaseModel):
    """A collection that is served: what addresses call it, what it holds, and by which models."""

    name: str
    items: int
    items_by_kind: dict[str, int]
    encoders: list[str]


class CollectionList(BaseModel):
    """What is served, the first collection first."""

    collections: list[CollectionSummary]
