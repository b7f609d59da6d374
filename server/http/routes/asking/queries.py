"""`/queries`: pictures and sounds that are searched by, kept for the links that name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from anysense.index.showing.names import safe_name
from anysense.index.showing.thumbnails import side_for, thumbnail
from anysense.server.http.access.scopes import public_path
from anysense.server.http.bodies.forms import is_form, read_form, wrong_type
from anysense.server.http.bodies.kept_queries import KeptQuery, keep_query, open_query
from anysense.server.http.bodies.reading import read_fields
from anysense.server.http.errors import RequestError
from anysense.server.http.media.conditions import has_tag
from anysense.server.http.media.sending import send_file
from anysense.server.http.media.types import safe_type
from anysense.server.http.openapi.bodies import form, one_of_bodies
from anysense.server.http.openapi.headers import headers
from anysense.server.http.openapi.refusals import refusals
from anysense.server.http.routes.common import collection_of, reply, service_of
from anysense.server.http.routes.media import CONDITIONS, FILES, MEDIA_HEADERS, ThumbnailSide
from anysense.server.http.schemas.asking.queries import KeptQueryBody, NewQuery

if TYPE_CHECKING:
    from anysense.index.showing.opening import ItemFile

__all__ = ["router"]

KEPT: dict[int | str, dict[str, Any]] = {201: {"headers": headers("Location")}}

router = APIRouter(tags=["search"])


@router.post(
    "/queries",
    status_code=201,
    response_model=KeptQueryBody,
    responses={**KEPT, **refusals(507)},
    openapi_extra=one_of_bodies(form("QueryForm")),
)
async def add_query(request: Request) -> Response:
    """Keep a picture or a sound to search by: its id is the `upload` of a search.

    What is kept of all together is bounded, and the oldest go first.
    """
    served = collection_of(request)
    if not is_form(request):
        raise wrong_type("application/json", "multipart/form-data")
    async with read_form(request, service_of(request).settings, ("file",)) as sent:
        await read_fields(sent, NewQuery)
        if "file" not in sent.files:
            raise RequestError("file: send a file.", 422, "invalid_value", "file")
        file = sent.files["file"]
        name = safe_name(file.filename, "the file")
        query = await served.reading(keep_query, await file.read(), name)
    location = {"location": f"{public_path(request.scope)}/{query.id}"}
    return reply(_told(query, name), 201, location)


def _told(query: KeptQuery, name: str) -> dict[str, Any]:
    return {**query._asdict(), "modality": query.modality.value, "name": name}


@router.get(
    "/queries/{query_id}",
    response_class=Response,
    responses={**FILES, **refusals(404, 412, 413, 415, 416)},
    openapi_extra=CONDITIONS,
)
async def get_query(
    request: Request,
    query_id: Annotated[str, Path(description="The id of what is kept.")],
    w: ThumbnailSide = None,
) -> Response:
    """Give a picture or a sound that is searched by; with `w`, a small picture of it."""
    served = collection_of(request)
    file = await served.reading(open_query, query_id)
    if w is None:
        kind = await served.reading(safe_type, file)
        return send_file(request, file, kind, MEDIA_HEADERS)
    return await _small(request, file, side_for(w))


async def _small(request: Request, file: ItemFile, side: int) -> Response:
    served = collection_of(request)
    with file.file:
        own = {**MEDIA_HEADERS, "etag": f'"{file.tag}-{side}"'}
        if has_tag(request.headers, own["etag"]):
            return Response(status_code=304, headers=own)
        content = await served.shrinking(thumbnail, file, side)
    return Response(content, headers=own, media_type="image/jpeg")
