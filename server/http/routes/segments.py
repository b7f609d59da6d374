"""`/items/{id}/segments`: the parts of an item around a place in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from anysense.embed.types import Modality, Origin
from anysense.server.http.errors import RequestError
from anysense.server.http.openapi.refusals import refusals
from anysense.server.http.routes.browse import get_item
from anysense.server.http.routes.common import ItemId, collection_of, reply
from anysense.server.http.routes.item_route import written_path
from anysense.server.http.schemas.items import SegmentPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.index.catalog.records import Segment
    from anysense.server.http.service.served import ServedCollection

__all__ = ["around", "router"]

MAX_SPACE = 4096
END = "/segments"

router = APIRouter(tags=["items"])


@router.get(
    "/items/{item_id:path}/segments", response_model=SegmentPage, responses=refusals(404, 422)
)
async def get_segments(
    request: Request,
    item_id: ItemId,
    modality: Annotated[Modality, Query(description="Of these segments.")] = Modality.TEXT,
    at: Annotated[
        float | None,
        Query(ge=0, le=1e15, description="The place around which they lie, in their unit."),
    ] = None,
    offset: Annotated[
        int | None, Query(ge=0, le=2**31, description="In its place: how many are left out before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="How many at most.")] = 7,
    space: Annotated[
        str | None,
        Query(max_length=MAX_SPACE, description="Of what this space's encoder has cut."),
    ] = None,
) -> Response:
    """Give the segments of an item's content around a place, in their order."""
    if not written_path(request.scope).endswith(END):
        # An id with an encoded slash, from earlier.
        return await get_item(request, f"{item_id}{END}")
    if at is not None and offset is not None:
        message = "offset: give the place or an offset, not both."
        raise RequestError(message, 422, "invalid_value", "offset")
    served = collection_of(request)
    segments = await served.reading(_content, served, item_id, modality, space)
    first = offset if offset is not None else around(segments, at or 0.0, limit)
    shown: list[dict[str, Any]] = [one.to_dict() for one in segments[first : first + limit]]
    return reply({"segments": shown, "offset": first, "total": len(segments)})


def _content(
    served: ServedCollection, item_id: str, modality: Modality, space: str | None
) -> list[Segment]:
    """The segments of an item's content of one modality and space, in their order."""
    item = served.item(item_id)
    content = [
        one for one in item.segments if one.modality is modality and one.origin is Origin.CONTENT
    ]
    chosen = space if space is not None or not content else content[0].space
    cut = [one for one in content if one.space == chosen]
    return sorted(cut, key=lambda one: one.place.start or 0.0)


def around(segments: Sequence[Segment], at: float, limit: int) -> int:
    """Where a run of so many segments begins that has a place in its middle, as far as it can.

    Args:
        segments: in their order.
        at: the place; what lies there is the first segment that ends behind it, or the last.
        limit: how many.
    """
    ends = (one.place.end for one in segments)
    middle = next(
        (place for place, end in enumerate(ends) if end is None or end > at), len(segments) - 1
    )
    return max(0, min(middle - limit // 2, len(segments) - limit))
