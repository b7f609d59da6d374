"""`/items`: listing items, showing one, and changing what is said of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator

from anysense.embed.types import Kind
from anysense.index.catalog.browse import list_items
from anysense.index.filters.filter import of_kinds
from anysense.server.http.bodies.forms import check_json
from anysense.server.http.bodies.reading import read_json
from anysense.server.http.errors import RequestError
from anysense.server.http.openapi.bodies import json_body, one_of_bodies
from anysense.server.http.openapi.refusals import refusals
from anysense.server.http.routes.common import ItemId, collection_of, parse_where, reply, shown
from anysense.server.http.routes.item_route import ItemRoute
from anysense.server.http.schemas.cursors import (
    MAX_CURSOR,
    ItemCursor,
    Order,
    filter_mark,
    read_cursor,
)
from anysense.server.http.schemas.fields import ChosenFields, read_field_names
from anysense.server.http.schemas.items import Added, ItemBody, ItemPage, NewMetadata
from anysense.server.http.service.describing import patched

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

__all__ = ["router"]

MAX_FILTER = 8192
"""Characters: a head of a request has at most 16 KiB, unlike the body of a search."""

MERGE_PATCH = "application/merge-patch+json"
FieldsQuery = Annotated[
    list[str] | None,
    Query(
        description="Only these fields, with commas; `metadata.year` is one of the metadata.",
        examples=[["id", "metadata.year"]],
    ),
]

router = APIRouter(tags=["items"], route_class=ItemRoute)


def split_commas(values: Any) -> Any:
    """What is given several times, or with commas, as one list."""
    if not isinstance(values, list):
        return values
    return [part.strip() for value in values for part in str(value)[:1000].split(",")]


@router.get("/items", response_model=ItemPage)
async def get_items(
    request: Request,
    cursor: Annotated[
        str | None,
        Query(max_length=MAX_CURSOR, description="The `next_cursor` of the page before."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many items at most.")] = 100,
    order: Annotated[
        Order, Query(description="As they were added, or the newest first.")
    ] = "added",
    where: Annotated[
        str | None,
        Query(
            max_length=MAX_FILTER,
            description="A filter, as of a search.",
            examples=["year >= 2020"],
        ),
    ] = None,
    kinds: Annotated[
        list[Kind] | None,
        BeforeValidator(split_commas),
        Query(
            max_length=len(Kind),
            description="Only items of these kinds, with commas.",
            examples=[["image", "audio"]],
        ),
    ] = None,
    fields: FieldsQuery = None,
) -> Response:
    """List items in the order in which they were added, or the newest first."""
    served = collection_of(request)
    chosen = choose_fields(fields, Added)
    mark = filter_mark(where, kinds)
    after = _position(cursor, order, mark)
    selected = of_kinds(parse_where(request, where), kinds)
    rows = await served.reading(
        lambda: list_items(
            served.catalog(), after, limit + 1, where=selected, newest_first=order == "-added"
        )
    )
    items = [shown(request, row.to_dict()) for row in rows[:limit]]
    following = None
    if len(rows) > limit:
        following = ItemCursor(after=rows[limit - 1].position, order=order, mark=mark).to_text()
    return reply({"items": [chosen(item) for item in items], "next_cursor": following})


def _position(cursor: str | None, order: Order, mark: int) -> int | None:
    """Behind which item a page begins; a plain number, as earlier versions told it, is one."""
    if cursor is None:
        return None
    if cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18:
        return int(cursor)
    try:
        page = read_cursor(cursor, ItemCursor)
    except ValueError as error:
        raise RequestError(f"cursor: {error}.", 422, "invalid_value", "cursor") from None
    if (page.order, page.mark) != (order, mark):
        message = "cursor: it goes with the order, filter and kinds of the page that told it."
        raise RequestError(message, 422, "invalid_value", "cursor")
    return page.after


def choose_fields(
    fields: list[str] | None, model: type[BaseModel]
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What leaves an item only the fields that a query names.

    Raises:
        RequestError: there is no such field.
    """
    try:
        chosen = read_field_names(fields, model)
    except ValueError as error:
        raise RequestError(f"fields: {error}.", 422, "invalid_value", "fields") from None
    return (lambda values: values) if chosen is None else chosen.of


@router.get(
    "/items/{item_id:path}", response_model=ItemBody | ChosenFields, responses=refusals(404)
)
async def get_item(request: Request, item_id: ItemId, fields: FieldsQuery = None) -> Response:
    """Give an item with its segments."""
    served = collection_of(request)
    chosen = choose_fields(fields, ItemBody)
    item = await served.reading(served.item, item_id)
    return reply(chosen(shown(request, item.to_dict())))


@router.patch(
    "/items/{item_id:path}",
    response_model=ItemBody,
    responses=refusals(404, 409, 507),
    openapi_extra=one_of_bodies(json_body("NewMetadata", MERGE_PATCH)),
)
async def patch_item(request: Request, item_id: ItemId) -> Response:
    """Change the metadata of an item by a merge patch: null removes what stands under a name."""
    served = collection_of(request)
    check_json(request, MERGE_PATCH)
    body = await read_json(request, NewMetadata)
    change = partial(patched, patch=body.metadata)
    await served.removing(served.writer.describe, item_id, change)
    item = await served.reading(served.item, item_id)
    return reply(shown(request, item.to_dict()))
