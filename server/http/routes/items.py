"""`/items`: adding, listing, showing and removing items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from anysense.embed.types import Modality
from anysense.embed.waiting import limit_waiter
from anysense.index.catalog.browse import list_items
from anysense.index.types import NewItem
from anysense.server.http.bodies.forms import is_form, read_form
from anysense.server.http.bodies.reading import read_json, validate
from anysense.server.http.errors import RequestError
from anysense.server.http.routes.common import (
    ERROR,
    FILE,
    TEXT,
    body_of,
    collection_of,
    reply,
    service_of,
)
from anysense.server.http.schemas.items import ItemBody, ItemPage, NewText, NewUpload, Removed
from anysense.server.http.service.names import safe_name, stored_suffix

if TYPE_CHECKING:
    from anysense.index.catalog.records import Item
    from anysense.server.http.service.served import ServedCollection

__all__ = ["router"]

FORM = {"file": FILE, "id": TEXT, "metadata": TEXT, "timeout": TEXT}

router = APIRouter(responses=ERROR)


@router.post(
    "/items",
    status_code=201,
    response_model=ItemBody,
    openapi_extra=body_of("NewText", FORM),
)
async def add_item(request: Request) -> Response:
    """Add a text, or an uploaded file. The answer comes when the item is safe on the disk.

    The status is 200 if an uploaded file without an id is in the collection already.
    """
    served = collection_of(request)
    service_of(request).turns.ensure_loaded()
    if is_form(request):
        item, is_new = await _add_upload(request, served)
    else:
        body = await read_json(request, NewText)
        limit_waiter(body.timeout)
        # Said to be a text, so that nobody looks whether it is the path of a file here.
        text = NewItem(body.text, body.id, modality=Modality.TEXT, metadata=body.metadata)
        item, is_new = await served.writing(served.add, text), True
    location = f"{request.url.path}/{quote(item.id)}"
    return reply(item.to_dict(), 201 if is_new else 200, {"location": location})


async def _add_upload(request: Request, served: ServedCollection) -> tuple[Item, bool]:
    """Add the file of a form; the item, and whether it is new."""
    async with read_form(request, service_of(request).settings, ("file",)) as form:
        fields = validate(NewUpload, form.values())
        limit_waiter(fields.timeout)
        if "file" not in form.files:
            raise RequestError("file: send a file.", 422, "invalid_value", "file")
        upload = form.files["file"]
        name = safe_name(upload.filename, "the file")
        suffix = stored_suffix(name, upload.content_type)
        item = NewItem("", fields.id, metadata={"filename": name, **fields.metadata})
        return await served.writing(served.add_file, upload.file, name, suffix, item)


@router.get("/items", response_model=ItemPage)
async def get_items(
    request: Request,
    cursor: Annotated[str | None, Query(pattern=r"^\d{1,18}$")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List items in the order in which they were added."""
    served = collection_of(request)
    after = int(cursor or 0)
    rows = await served.reading(lambda: list_items(served.catalog(), after, limit + 1))
    following = str(rows[limit - 1].position) if len(rows) > limit else None
    items = [row.to_dict() for row in rows[:limit]]
    return reply({"items": items, "next_cursor": following})


@router.get("/items/{item_id:path}", response_model=ItemBody)
async def get_item(request: Request, item_id: str) -> Response:
    """Give an item with its segments."""
    served = collection_of(request)
    item = await served.reading(lambda: served.collection.folder.snapshot().item(item_id))
    return reply(item.to_dict())


@router.delete("/items/{item_id:path}", response_model=Removed)
async def delete_item(request: Request, item_id: str) -> Response:
    """Remove an item, and its file if it was uploaded. Other files are left where they are."""
    served = collection_of(request)
    await served.writing(served.remove, item_id)
    return reply({"id": item_id, "deleted": True})
