"""The addresses of the service. What they take and give is in `anysense.server.http.schemas`."""

from __future__ import annotations

import json
import stat
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from anysense.embed.errors import MediaError
from anysense.index.building.sources.found import NewItem
from anysense.index.catalog.browse import find_item, item_paths, list_items
from anysense.server.http import schemas
from anysense.server.http.bodies import is_form, read_form, read_json, validated
from anysense.server.http.errors import RequestError
from anysense.server.http.queries import search_terms
from anysense.server.http.service import Service, safe_name, stored_suffix

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from anysense.index.catalog.records import Item

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

ERROR: dict[int | str, dict[str, Any]] = {"default": {"model": schemas.ErrorBody}}
router = APIRouter(responses=ERROR)


def body_of(json_model: str, form: dict[str, Any]) -> dict[str, Any]:
    """How OpenAPI describes a body that is JSON or multipart."""
    schema = {"allOf": [{"$ref": f"#/components/schemas/{json_model}"}]}
    content = {
        "application/json": {"schema": schema},
        "multipart/form-data": {"schema": {"type": "object", "properties": form}},
    }
    return {"requestBody": {"required": True, "content": content}}


FILE = {"type": "string", "format": "binary"}
TEXT = {"type": "string"}
UPLOADS = ("image", "audio")
SEARCH_FORM = {
    name: FILE if name in UPLOADS else TEXT
    for name in schemas.SearchRequest.model_json_schema()["properties"]
}
OPTIONS = (
    *("k", "modalities", "where", "min_score", "per_modality_k"),
    *("offset", "state", "fusion", "collapse"),
)
"""Fields of a search that are arguments of `Retriever.retrieve`, by the same names."""
ITEM_FORM = {"file": FILE, "id": TEXT, "metadata": TEXT}


def reply(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON in ASCII, as names of files may hold what is not Unicode."""
    return Response(json.dumps(content), status, headers, "application/json")


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


@router.post(
    "/v1/search",
    response_model=schemas.SearchBody,
    openapi_extra=body_of("SearchRequest", SEARCH_FORM),
)
async def search(request: Request) -> Response:
    """Find items of every modality by text, image, sound, or several of them."""
    service = service_of(request)
    started = time.perf_counter()
    asked, terms = await _read_search(request, service)
    hits = await service.retrieving(terms, **{name: getattr(asked, name) for name in OPTIONS})
    took = round((time.perf_counter() - started) * 1000, 3)
    return reply(
        {
            "hits": [hit.to_dict() for hit in hits],
            "no_match": hits.no_match,
            "state": hits.state,
            "took_ms": took,
        }
    )


async def _read_search(
    request: Request, service: Service
) -> tuple[schemas.SearchRequest, list[Any]]:
    if not is_form(request):
        asked = await read_json(request, schemas.SearchRequest)
        return asked, await service.searching(search_terms, asked)
    async with read_form(request, service.settings, UPLOADS) as form:
        asked = validated(schemas.SearchRequest, form.values(lists=("not", "modalities")))
        files = {name: await file.read() for name, file in form.files.items()}
    return asked, await service.searching(search_terms, asked, files)


@router.post(
    "/v1/items",
    status_code=201,
    response_model=schemas.ItemBody,
    openapi_extra=body_of("NewText", ITEM_FORM),
)
async def add_item(request: Request) -> Response:
    """Add a text, or an uploaded file. The answer comes when the item is safe on the disk.

    The status is 200 if an uploaded file without an id is in the collection already.
    """
    service = service_of(request)
    added = True
    if is_form(request):
        async with read_form(request, service.settings, ("file",)) as form:
            given = validated(schemas.NewUpload, form.values())
            if "file" not in form.files:
                raise RequestError("file: send a file.", 422, "invalid_value", "file")
            upload = form.files["file"]
            name = safe_name(upload.filename, "the file")
            suffix = stored_suffix(name, upload.content_type)
            metadata = {"filename": name, **given.metadata}
            new = NewItem("", given.id, metadata=metadata)
            item, added = await service.writing(service.add_file, upload.file, name, suffix, new)
    else:
        text = await read_json(request, schemas.NewText)
        new = NewItem(text.text, text.id, metadata=text.metadata)
        item = await service.writing(service.add, new)
    location = str(request.app.url_path_for("get_item", item_id=item.id))
    return reply(item_dict(item), 201 if added else 200, {"location": quote(location)})


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
    following = str(rows[limit - 1].place) if len(rows) > limit else None
    items = [{k: v for k, v in asdict(row).items() if k != "place"} for row in rows[:limit]]
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
    path, status, kind, name = await service.searching(find_media, service, item_id)
    shown = "inline" if kind in INLINE or kind.startswith("text/plain") else "attachment"
    return FileResponse(
        path,
        headers=MEDIA_HEADERS,
        media_type=kind,
        filename=name,
        stat_result=status,
        content_disposition_type=shown,
    )


@router.get("/v1/items/{item_id:path}", response_model=schemas.ItemBody)
async def get_item(request: Request, item_id: str) -> Response:
    """Give an item with its segments."""
    service = service_of(request)
    item = await service.searching(lambda: service.collection.snapshot().item(item_id))
    return reply(item_dict(item))


@router.delete("/v1/items/{item_id:path}", response_model=schemas.Removed)
async def delete_item(request: Request, item_id: str) -> Response:
    """Remove an item, and its file if it was uploaded. Other files are left where they are."""
    service = service_of(request)
    await service.writing(service.remove, item_id)
    return reply({"id": item_id, "deleted": True})


@router.get("/v1/collections/current", response_model=dict[str, Any])
async def get_collection(request: Request) -> Response:
    """What the collection holds, as `anysense info --json` prints it."""
    service = service_of(request)
    return reply(await service.searching(service.collection.info))


@router.get("/health", response_model=schemas.Status)
async def get_health() -> Response:
    """Whether the service runs."""
    return reply({"status": "ok", "reason": None})


@router.get("/ready", response_model=schemas.Status)
async def get_ready(request: Request) -> Response:
    """Whether the encoders are loaded: 503 until they are, with the reason if they cannot be."""
    service = service_of(request)
    status = 200 if service.state == "ready" else 503
    return reply({"status": service.state, "reason": service.reason}, status)


def item_dict(item: Item) -> dict[str, Any]:
    """An item as plain values."""
    return asdict(item)


def find_media(service: Service, item_id: str) -> tuple[Path, os.stat_result, str, str]:
    """The file of an item, its status, the type to serve it as, and what to call it.

    Raises:
        ItemNotFoundError: there is no item of that id.
        RequestError: it has no file, or its file is gone.
    """
    catalog = service.catalog()
    item = find_item(catalog, item_id)
    paths = [service.media.find(path) for path in item_paths(catalog, item)]
    if not paths:
        message = f"The item {item_id} was not made from a file; its text is in its segments."
        raise RequestError(message, 404, "no_media")
    for path in paths:
        try:
            status = path.stat()
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(status.st_mode):
            kind = safe_type(path)
            given = item.metadata.get("filename") if service.media.stored(path) else None
            name = safe_name(given if isinstance(given, str) else None, path.name)
            return path, status, kind, name
    raise RequestError(f"The file of the item {item_id} is gone.", 410, "media_gone")


def safe_type(path: Path) -> str:
    """The type to serve a file as: its own by its content, unless that could do harm."""
    from anysense.embed.media.identify import media_type

    try:
        kind = media_type(path)
    except MediaError:  # it has changed since it was added
        return "application/octet-stream"
    if kind in INLINE:
        return kind
    return "text/plain" if kind.startswith("text/") else "application/octet-stream"
