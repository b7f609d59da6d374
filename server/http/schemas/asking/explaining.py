"""Why something was found, as the service tells it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from anysense.server.http.schemas.lengths import Length
from anysense.server.http.schemas.search import HitBody, SearchRequest
from anysense.server.http.schemas.values import MAX_ID

__all__ = ["ExplainRequest", "ExplanationBody"]


class ExplainRequest(SearchRequest):
    """A search, and one of the items that it finds."""

    id: Annotated[str, Length(most=MAX_ID), Field(description="The id of the item.")]


class PartsBody(BaseModel):
    """The parts of a score, which add up to it."""

    vector: Annotated[float, Field(description="By how rarely chance gives such a cosine.")]
    copy_: Annotated[
        float, Field(alias="copy", description="For being all but the same as the query.")
    ]
    words: Annotated[float, Field(description="By the words of the query.")]


class SpreadBody(BaseModel):
    """Cosines of the query with segments that have nothing to do with it."""

    mean: float
    deviation: float


class ChanceBody(BaseModel):
    """What chance gives the query on the route of the hit."""

    raw: SpreadBody
    product: Annotated[
        float, Field(description="Of the hit with what is searched with; its place on `products`.")
    ]
    values: Annotated[list[float], Field(description="Scores, ascending.")]
    shares: Annotated[list[float], Field(description="Of chance pairs that reach each of them.")]
    products: Annotated[list[float], Field(description="That have each of these scores.")]
    sample: Annotated[
        list[float],
        Field(description="Scores of the query with unrelated segments, at most 200, ascending."),
    ]


class TermShareBody(BaseModel):
    """What one term of the query gave."""

    index: Annotated[
        int,
        Field(description="Among the terms: those of the top level, `terms`, those of `not`."),
    ]
    weight: float
    cosine: Annotated[
        float | None, Field(description="Of the term alone; null if it does not reach the space.")
    ]
    share: Annotated[float, Field(description="Of `cosine`, which all shares add up to.")]


class FoundWordsBody(BaseModel):
    """The words of the query that found the item."""

    score: float
    found: list[str]
    in_name: Annotated[bool, Field(description="In the name of its file, not in the passage.")]


class ExplanationBody(HitBody):
    """A hit, and why it was found."""

    state: Annotated[str, Field(description="Names what was searched.")]
    cosine: Annotated[
        float | None, Field(description="Of the query and the segment; null without vectors.")
    ]
    parts: PartsBody
    chance: Annotated[ChanceBody | None, Field(description="Null without vectors.")]
    terms: Annotated[
        list[TermShareBody], Field(description="Of the query, in order; empty without vectors.")
    ]
    words: Annotated[
        FoundWordsBody | None, Field(description="Null if none of the query's words found it.")
    ]
