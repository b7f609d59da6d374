"""Several searches in one request, and what each of them gives."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from anysense.server.http.schemas.search import SearchBody, SearchRequest
from anysense.server.http.schemas.state import ErrorDetail
from anysense.server.http.schemas.values import Input

__all__ = ["MAX_SEARCHES", "LooseSearches", "SearchBatch", "SearchResults"]

MAX_SEARCHES = 64
Count = Field(min_length=1, max_length=MAX_SEARCHES)


class SearchBatch(Input):
    """Several searches, each as a request of its own would be."""

    searches: Annotated[list[SearchRequest], Count]


class LooseSearches(Input):
    """The same, with each search as it came: a wrong one is to spoil no other."""

    searches: Annotated[list[dict[str, Any]], Count]


class SearchFailure(BaseModel):
    """Why a search has no hits."""

    error: ErrorDetail


class SearchResults(BaseModel):
    """What each search gives, in their order: hits, or an error."""

    results: list[SearchBody | SearchFailure]
    took_ms: Annotated[float, Field(description="How long all of them took in the service.")]
