"""`/v1/items`: adding, listing, showing and removing items, and their files."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from anysense.embed.errors import MediaError
from anysense.embed.types import Modality
from anysense.index.building.sources.paths import is_file, table_of
from anysense.index.catalog.browse import find_item, item_paths, list_items
from anysense.index.types import NewItem
from anysense.server.http import schemas
from anysense.server.http.bodies import is_form, read_form, read_json, validate
from anysense.server.http.errors import RequestError
from anysense.server.http.routes.common import ERROR, FILE, TEXT, body_of, reply, service_of
from anysense.server.http.service import safe_name, stored_suffix

if TYPE_CHECKING:
    import os

    from anysense.index.catalog.records import Item
    from anysense.server.http.service import Service

__all__ = ["router"]

INLINE = frozenset(
    {
        *("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/avif"),
        *("image/tiff", "image/heic", "image/heif"),
        *("audio/wav", "audio/x-wav", "audio/flac", "audio/x-flac", "audio/ogg", "audio/opus"),
        *("audio/mpeg", "audio/mp4", "audio/aac", "audio/webm"),
    }
)
"""What browsers show without running anything; text is shown as plain, and the rest is saved."""

MEDIA_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "private, no-cache",
}

FORM = {"file": FILE, "id": TEXT, "metadata": TEXT}

router = APIRouter(responses=ERROR)


@router.post(
    "/v1/items",
    status_code=201,
    response_model=schemas.ItemBody,
    openapi_extra=body_of("NewText", FORM),
)
async def add_item(request: Request) -> Response:
    """Add a text, or an uploaded file. The answer comes when the item is safe on the disk.

    The status is 200 if an uploaded file without an id is in the collection already.
    """
    service = service_of(request)
    if is_form(request):
        item, is_new = await _add_upload(request, service)
    else:
        body = await read_json(request, schemas.NewText)
        # Said to be a text, so that nobody looks whether it is the path of a file here.
        text = NewItem(body.text, body.id, modality=Modality.TEXT, metadata=body.metadata)
        item, is_new = await service.writing(service.add, text), True
    location = str(request.app.url_path_for("get_item", item_id=item.id))
    return reply(item.to_dict(), 201 if is_new else 200, {"location": quote(location)})


async def _add_upload(request: Request, service: Service) -> tuple[Item, bool]:
    """Add the file of a form; the item, and whether it is new."""
    async with read_form(request, service.settings, ("file",)) as form:
        fields = validate(schemas.NewUpload, form.values())
        if "file" not in form.files:
            raise RequestError("file: send a file.", 422, "invalid_value", "file")
        upload = form.files["file"]
        name = safe_name(upload.filename, "the file")
        suffix = stored_suffix(name, upload.content_type)
        item = NewItem("", fields.id, metadata={"filename": name, **fields.metadata})
        return await service.writing(service.add_file, upload.file, name, suffix, item)


@router.get("/v1/items", response_model=schemas.ItemPage)
async def get_items(
    request: Request,
    cursor: Annotated[str | None, Query(pattern=r"^\d{1,18}$")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List items in the order in which they were added."""
    service = service_of(request)
    after = int(cursor or 0)
    rows = await service.searching(lambda: list_items(service.catalog(), after, limit + 1))
    following = str(rows[limit - 1].position) if len(rows) > limit else None
    items = [row.to_dict() for row in rows[:limit]]
    return reply({"items": items, "next_cursor": following})


# An id may have slashes, so the more special address comes first.
@router.head("/v1/items/{item_id:path}/media", include_in_schema=False)
@router.get("/v1/items/{item_id:path}/media", response_class=FileResponse)
async def get_media(request: Request, item_id: str) -> Response:
    """Give the file of an item, as it is on the disk; ranges of bytes are understood.

    Images and sounds may be shown by a browser, texts come as plain text, and everything else as
    an attachment, so that no file can run a script here.
    """
    service = service_of(request)
    path, status, content_type, name = await service.searching(find_media, service, item_id)
    is_inline = content_type in INLINE or content_type.startswith("text/plain")
    return FileResponse(
        path,
        headers=MEDIA_HEADERS,
        media_type=content_type,
        filename=name,
        stat_result=status,
        content_disposition_type="inline" if is_inline else "attachment",
    )


@router.get("/v1/items/{item_id:path}", response_model=schemas.ItemBody)
async def get_item(request: Request, item_id: str) -> Response:
    """Give an item with its segments."""
    service = service_of(request)
    item = await service.searching(lambda: service.collection.folder.snapshot().item(item_id))
    return reply(item.to_dict())


@router.delete("/v1/items/{item_id:path}", response_model=schemas.Removed)
async def delete_item(request: Request, item_id: str) -> Response:
    """Remove an item, and its file if it was uploaded. Other files are left where they are."""
    service = service_of(request)
    await service.writing(service.remove, item_id)
    return reply({"id": item_id, "deleted": True})


def find_media(service: Service, item_id: str) -> tuple[Path, os.stat_result, str, str]:
    """The file of an item, its status, the type to serve it as, and what to call it.

    Raises:
        ItemNotFoundError: there is no item of that id.
        RequestError: it has no file, or its file is gone.
    """
    catalog = service.catalog()
    item = find_item(catalog, item_id)
    named = item_paths(catalog, item)
    paths = [Path(path) for path in named]
    if named and not any(map(is_file, named)) and all(map(table_of, named)):
        message = f"The item {item_id} stands in a row of {table_of(named[0])}, not in a file."
        raise RequestError(message, 404, "no_media")
    if not paths:
        message = f"The item {item_id} was not made from a file; its text is in its segments."
        raise RequestError(message, 404, "no_media")
    for path in paths:
        try:
            status = path.stat()
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(status.st_mode):
            content_type = safe_type(path)
            filename = item.metadata.get("filename") if service.media.stored(path) else None
            name = safe_name(filename if isinstance(filename, str) else None, path.name)
            return path, status, content_type, name
    raise RequestError(f"The file of the item {item_id} is gone.", 410, "media_gone")


def safe_type(path: Path) -> str:
    """The type to serve a file as: its own by its content, unless that could do harm."""
    from anysense.embed.media.identify import media_type

    try:
        content_type = media_type(path)
    except MediaError:  # it has changed since it was added
        return "application/octet-stream"
    if content_type in INLINE:
        return content_type
    return "text/plain" if content_type.startswith("text/") else "application/octet-stream"
