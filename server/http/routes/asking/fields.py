"""`/fields`: which metadata the items of a collection have, for whoever filters by them."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from anysense.server.http.routes.common import collection_of, reply
from anysense.server.http.schemas.asking.fields import MetadataFields

__all__ = ["router"]

router = APIRouter(tags=["items"])


@router.get("/fields", response_model=MetadataFields)
async def get_fields(request: Request) -> Response:
    """Tell the fields of the items' metadata, with their most frequent values.

    At most 50 fields, those that most items have, and 50 values of each. Of a large collection a
    sample is looked at: `counted` of `total` items.
    """
    served = collection_of(request)
    summary = await served.reading(served.fields)
    return reply(summary.to_dict())
