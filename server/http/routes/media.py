"""`/items/{id}/media`: the files of items."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from anysense.embed.errors import MediaError
from anysense.index.building.sources.paths import is_file, table_of
from anysense.index.catalog.browse import find_item, item_paths
from anysense.server.http.errors import RequestError
from anysense.server.http.routes.common import ERROR, collection_of
from anysense.server.http.routes.items import get_item
from anysense.server.http.service.names import safe_name

if TYPE_CHECKING:
    import os

    from anysense.server.http.service.served import ServedCollection

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

router = APIRouter(responses=ERROR)


# An id may have slashes, so the more special address comes first.
@router.head("/items/{item_id:path}/media", include_in_schema=False)
@router.get("/items/{item_id:path}/media", response_class=FileResponse)
async def get_media(request: Request, item_id: str) -> Response:
    """Give the file of an item, as it is on the disk; ranges of bytes are understood.

    Images and sounds may be shown by a browser, texts come as plain text, and everything else as
    an attachment, so that no file can run a script here.
    """
    if not written_path(request).endswith("/media"):  # an id with an encoded slash, from earlier
        return await get_item(request, f"{item_id}/media")
    served = collection_of(request)
    path, status, content_type, name = await served.reading(find_media, served, item_id)
    is_inline = content_type in INLINE or content_type.startswith("text/plain")
    return FileResponse(
        path,
        headers=MEDIA_HEADERS,
        media_type=content_type,
        filename=name,
        stat_result=status,
        content_disposition_type="inline" if is_inline else "attachment",
    )


def written_path(request: Request) -> str:
    """The path of a request as the client wrote it, with what is percent-encoded in it."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return raw.partition(b"?")[0].decode("latin-1")


def find_media(served: ServedCollection, item_id: str) -> tuple[Path, os.stat_result, str, str]:
    """The file of an item, its status, the type to serve it as, and what to call it.

    Raises:
        ItemNotFoundError: there is no item of that id.
        RequestError: it has no file, or its file is gone.
    """
    catalog = served.catalog()
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
            filename = item.metadata.get("filename") if served.media.stored(path) else None
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
