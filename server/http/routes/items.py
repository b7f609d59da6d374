"""`/items`: adding and removing items."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from anysense.embed.types import Modality
from anysense.embed.waiting import limit_waiter
from anysense.index.showing.names import safe_name, stored_suffix
from anysense.index.types import NewItem
from anysense.server.http.access.scopes import public_path
from anysense.server.http.batches.adding import add_together
from anysense.server.http.batches.candidates import Candidate
from anysense.server.http.bodies.addresses import fetch_addresses
from anysense.server.http.bodies.batches import Upload
from anysense.server.http.bodies.forms import is_form, read_form
from anysense.server.http.bodies.media import media_bytes, name_in
from anysense.server.http.bodies.reading import read_fields, read_json
from anysense.server.http.errors import RequestError, error_response
from anysense.server.http.openapi.bodies import form, json_body, one_of_bodies
from anysense.server.http.openapi.headers import headers, parameters
from anysense.server.http.openapi.refusals import refusals
from anysense.server.http.routes.batch import ACCEPTED, Wait, accepted, is_deferred
from anysense.server.http.routes.common import (
    ItemId,
    collection_of,
    reply,
    service_of,
    shown,
)
from anysense.server.http.routes.item_route import ItemRoute
from anysense.server.http.schemas.items import (
    NEW_CONTENTS,
    ItemBody,
    NewText,
    NewUpload,
    Removed,
)

if TYPE_CHECKING:
    from anysense.index.catalog.records import Item
    from anysense.server.http.bodies.forms import Form
    from anysense.server.http.service.served import ServedCollection

__all__ = ["router"]

ADDED: dict[int | str, dict[str, Any]] = {
    200: {
        "model": ItemBody,
        "description": "What has no id is there already: this is its item.",
        "headers": headers("Location"),
    },
    201: {"headers": headers("Location")},
}

router = APIRouter(tags=["items"], route_class=ItemRoute)


@router.post(
    "/items",
    status_code=201,
    response_model=ItemBody,
    responses={**ADDED, **ACCEPTED, **refusals(404, 409, 507)},
    openapi_extra={
        **one_of_bodies(json_body("NewText"), form("UploadForm", "metadata")),
        **parameters("Prefer"),
    },
)
async def add_item(request: Request, wait: Wait = None) -> Response:
    """Add a text, or an uploaded file. The answer comes when the item is safe on the disk.

    The status is 200 if what has no id is in the collection already. With `wait=false` the
    answer comes at once, with a job.
    """
    served = collection_of(request)
    if is_deferred(request, wait):
        return await _defer(request, served)
    service_of(request).turns.ensure_loaded()
    if is_form(request):
        item, is_new = await _add_upload(request, served)
    else:
        body = await _read_new_text(request)
        if body.path is not None:
            return await _add_path(request, served, body)
        item, is_new = await _add_json(request, served, body)
    return _added(request, item, 201 if is_new else 200)


def _added(request: Request, item: Item, status: int) -> Response:
    location = f"{public_path(request.scope)}/{quote(item.id)}"
    return reply(shown(request, item.to_dict()), status, {"location": location})


async def _defer(request: Request, served: ServedCollection) -> Response:
    """Make a job of one item, or of the files of a folder."""
    async with served.jobs.taking_in() as spool:
        is_upload = is_form(request)
        if is_upload:
            async with read_form(request, service_of(request).settings, ("file",)) as form:
                upload = await _upload_of(form)
                await served.reading(upload.keep, spool)
        else:
            body = await _read_new_text(request)
            if body.url is not None:
                message = "url: an address is fetched at once, by no job; leave wait=false out."
                raise RequestError(message, 422, "invalid_value", "url")
            await served.reading(spool.add_values, [body.model_dump(exclude_none=True)])
        return accepted(request, await served.jobs.submit(spool, are_uploads=is_upload))


async def _read_new_text(request: Request) -> NewText:
    body = await read_json(request, NewText)
    limit_waiter(body.timeout)
    given = [name for name in NEW_CONTENTS if getattr(body, name) is not None]
    if len(given) != 1:
        name = given[-1] if given else "text"
        message = f"{name}: give one of text, path and url."
        raise RequestError(message, 422, "invalid_value", name)
    return body


async def _add_path(request: Request, served: ServedCollection, body: NewText) -> Response:
    """Add a file of this machine."""
    candidate = Candidate(None, body.id, body.metadata, body.path)
    [outcome] = await served.writing(add_together, served.writer, served.roots, [candidate])
    if (error := outcome.error) is not None:
        message, code = str(error["message"]), str(error["code"])
        return error_response(outcome.status, message, code, error["param"])
    assert outcome.id is not None
    item = await served.reading(served.item, outcome.id)
    return _added(request, item, outcome.status)


async def _add_json(request: Request, served: ServedCollection, body: NewText) -> tuple[Item, bool]:
    """Add a text, or what an address gives; the item, and whether it is new."""
    if body.url is None:
        assert body.text is not None
        # Said to be a text, so that nobody looks whether it is the path of a file here.
        text = NewItem(body.text, body.id, modality=Modality.TEXT, metadata=body.metadata)
        return await served.writing(served.writer.add, text)
    fetched = await fetch_addresses(service_of(request), [("url", body.url)])
    file = io.BytesIO(await served.reading(media_bytes, body.url, "url", fetched))
    name = name_in(body.url)
    item = NewItem("", body.id, metadata={"filename": name, **body.metadata})
    return await served.writing(served.writer.add_file, file, name, stored_suffix(name, None), item)


async def _add_upload(request: Request, served: ServedCollection) -> tuple[Item, bool]:
    """Add the file of a form; the item, and whether it is new."""
    async with read_form(request, service_of(request).settings, ("file",)) as form:
        upload = await _upload_of(form)
        limit_waiter(upload.fields.timeout)
        item = NewItem("", upload.fields.id, metadata=upload.metadata)
        file, name, suffix = upload.file.file, upload.name, upload.suffix
        return await served.writing(served.writer.add_file, file, name, suffix, item)


async def _upload_of(form: Form) -> Upload:
    fields = await read_fields(form, NewUpload)
    if "file" not in form.files:
        raise RequestError("file: send a file.", 422, "invalid_value", "file")
    file = form.files["file"]
    name = safe_name(file.filename, "the file")
    return Upload(file, name, stored_suffix(name, file.content_type), fields)


@router.delete("/items/{item_id:path}", response_model=Removed, responses=refusals(404, 409, 507))
async def delete_item(request: Request, item_id: ItemId) -> Response:
    """Remove an item, and its file if it was uploaded. Other files are left where they are."""
    served = collection_of(request)
    await served.removing(served.writer.remove, item_id)
    return reply({"id": item_id, "deleted": True})
