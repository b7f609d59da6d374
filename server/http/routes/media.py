"""`/items/{id}/media` and `/items/{id}/waveform`: the files of items, and what is made of them."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from anysense.index.showing.clips import CLIP_SECONDS, clip, clip_tag, clip_type
from anysense.index.showing.finding import NamedFile, open_item_file
from anysense.index.showing.thumbnails import part_suffix, side_for, thumbnail
from anysense.index.showing.waveforms import waveform
from anysense.server.http.errors import RequestError
from anysense.server.http.media.conditions import http_date, is_not_modified
from anysense.server.http.media.sending import send_file
from anysense.server.http.media.types import INLINE, safe_type
from anysense.server.http.openapi.headers import headers, parameters
from anysense.server.http.openapi.refusals import refusals
from anysense.server.http.routes.browse import get_item
from anysense.server.http.routes.common import ItemId, collection_of
from anysense.server.http.routes.item_route import written_path
from anysense.server.http.schemas.items import WaveformBody

if TYPE_CHECKING:
    from anysense.index.showing.opening import ItemFile
    from anysense.server.http.service.served import ServedCollection

__all__ = ["router"]

MEDIA_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "private, no-cache",
}

BYTES = {"schema": {"type": "string", "format": "binary"}}
ABOUT_FILE = headers(
    "ETag", maybe=("Last-Modified", "Accept-Ranges", "Content-Disposition", "Content-Range")
)
FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file; with `w` a JPEG, with `start` and `end` a WAV or an MP4.",
        "headers": ABOUT_FILE,
        "content": {"image/jpeg": BYTES, "audio/wav": BYTES, "video/mp4": BYTES, "*/*": BYTES},
    },
    206: {
        "description": "The bytes that are asked for; several ranges as `multipart/byteranges`.",
        "headers": ABOUT_FILE,
        "content": {"multipart/byteranges": BYTES, "*/*": BYTES},
    },
    304: {"description": "The client has the file as it is.", "headers": headers("ETag")},
}
CONDITIONS = parameters(
    *("Range", "If-Range", "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since")
)
ThumbnailSide = Annotated[
    int | None,
    Query(
        ge=1,
        le=4096,
        description="A thumbnail as a JPEG, with so many pixels along its longer side or more.",
        examples=[320],
    ),
]

router = APIRouter(tags=["media"])


# An id may have slashes, so the more special address comes first.
@router.head("/items/{item_id:path}/media", include_in_schema=False)
@router.get(
    "/items/{item_id:path}/media",
    response_class=Response,
    responses={**FILES, **refusals(404, 410, 412, 413, 415, 416)},
    openapi_extra=CONDITIONS,
)
async def get_media(
    request: Request,
    item_id: ItemId,
    w: ThumbnailSide = None,
    page: Annotated[
        int | None,
        Query(ge=1, le=1_000_000, description="With `w`: the page of a PDF that is shown, from 1."),
    ] = None,
    start: Annotated[
        float | None,
        Query(
            ge=0,
            le=1e6,
            description="The first second of a part of a sound, as a WAV, or of a video, as an "
            "MP4; with `w`: the second whose frame of a video is shown.",
        ),
    ] = None,
    end: Annotated[
        float | None, Query(gt=0, le=1e6, description="With `start`: where the part ends.")
    ] = None,
) -> Response:
    """Give the file of an item, as it is on the disk; ranges of bytes are understood.

    With `w`, a small picture of it, if it is a picture, a PDF or a video; with `start` and `end`,
    that part of it, if it is a sound or a video.

    Images, sounds and videos may be shown by a browser, texts come as plain text, and everything
    else as an attachment, so that no file can run a script here. A file that is another one than
    was added is not given.
    """
    if not written_path(request.scope).endswith("/media"):
        # An id with an encoded slash, from earlier.
        return await get_item(request, f"{item_id}/media")
    served = collection_of(request)
    check_part(w, page, start, end)
    if w is not None:
        return await _thumbnail(request, served, item_id, side_for(w), page, start)
    if start is not None and end is not None:
        return await _clip(request, served, item_id, start, end)
    (file, name), content_type = await served.reading(_find, served, item_id)
    headers = {**MEDIA_HEADERS, "content-disposition": _disposition(content_type, name)}
    return send_file(request, file, content_type, headers)


@router.get(
    "/items/{item_id:path}/waveform",
    response_model=WaveformBody,
    responses=refusals(404, 410, 413, 415),
)
async def get_waveform(
    request: Request,
    item_id: ItemId,
    points: Annotated[int, Query(ge=1, le=10_000, description="How many parts.")] = 800,
) -> Response:
    """Give the curve of a sound: its loudest sample in each of so many parts of one length."""
    served = collection_of(request)
    file, _ = await served.reading(_open, served, item_id)
    with file.file:
        content = await served.shrinking(waveform, file, points)
    return Response(content, media_type="application/json")


def check_part(w: int | None, page: int | None, start: float | None, end: float | None) -> None:
    """Refuse what does not go together.

    Raises:
        RequestError: so it is.
    """
    problem: tuple[str, str] | None = None
    if page is not None and w is None:
        problem = "page", "it goes with w"
    elif w is not None and end is not None:
        problem = "end", "a picture has none"
    elif w is None and (start is None) != (end is None):
        problem = (
            ("end", "it goes with start")
            if start is None
            else ("start", "it goes with end, or with w")
        )
    elif start is not None and end is not None and not 0 < end - start <= CLIP_SECONDS:
        problem = "end", f"it must be after start, by at most {CLIP_SECONDS:g} seconds"
    if problem is not None:
        name, reason = problem
        raise RequestError(f"{name}: {reason}.", 422, "invalid_value", name)


async def _clip(
    request: Request, served: ServedCollection, item_id: str, start: float, end: float
) -> Response:
    file, name = await served.reading(_open, served, item_id)
    with file.file:
        content_type = await served.reading(clip_type, file)
        tag = f'"{clip_tag(file, start, end)}"'
        suffix = ".mp4" if content_type == "video/mp4" else ".wav"
        headers = _made_headers(file, tag, content_type, PurePath(name).stem + suffix)
        if is_not_modified(request.headers, tag, file.mtime_ns // 1_000_000_000):
            return Response(status_code=304, headers=headers)
        part = await served.shrinking(clip, file, start, end)
    return send_file(request, part, content_type, headers)


async def _thumbnail(
    request: Request,
    served: ServedCollection,
    item_id: str,
    side: int,
    page: int | None,
    start: float | None,
) -> Response:
    file, name = await served.reading(_open, served, item_id)
    with file.file:
        tag = f'"{file.content_hash[:32]}-{side}{part_suffix(page, start)}"'
        headers = _made_headers(file, tag, "image/jpeg", f"{PurePath(name).stem}.jpg")
        if is_not_modified(request.headers, tag, file.mtime_ns // 1_000_000_000):
            return Response(status_code=304, headers=headers)
        content = await served.shrinking(thumbnail, file, side, page, start)
    return Response(content, headers=headers, media_type="image/jpeg")


def _made_headers(file: ItemFile, tag: str, content_type: str, name: str) -> dict[str, str]:
    """The headers of what is made from a file; its tag has its quotes."""
    return {
        **MEDIA_HEADERS,
        "etag": tag,
        "last-modified": http_date(file.mtime_ns // 1_000_000_000),
        "content-disposition": _disposition(content_type, name),
    }


def _open(served: ServedCollection, item_id: str) -> NamedFile:
    """Open the file of an item, if it is one that this service may reach."""
    folder = served.collection.folder
    return open_item_file(folder, item_id, reach_objects=served.reach_objects)


def _find(served: ServedCollection, item_id: str) -> tuple[NamedFile, str]:
    found = _open(served, item_id)
    try:
        return found, safe_type(found.file)
    except BaseException:
        found.file.file.close()
        raise


def _disposition(content_type: str, name: str) -> str:
    """Whether a browser shows a file or saves it, and under which name (RFC 6266)."""
    is_inline = content_type in INLINE or content_type == "text/plain"
    quoted = quote(name, safe="")
    plain = f'filename="{name}"' if quoted == name else f"filename*=utf-8''{quoted}"
    return f"{'inline' if is_inline else 'attachment'}; {plain}"
