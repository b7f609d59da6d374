"""Bodies with several items: JSON, lines of JSON, and forms with several files."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from anysense.embed.errors import AnysenseError
from anysense.index.showing.names import safe_name, stored_suffix
from anysense.server.http.batches.candidates import (
    Candidate,
    NewMedia,
    candidate_of,
    candidates_of_lines,
)
from anysense.server.http.batches.disk import temporary_folder
from anysense.server.http.batches.job import ITEMS
from anysense.server.http.batches.roots import Roots
from anysense.server.http.batches.spool import Spool
from anysense.server.http.bodies.forms import content_type, field_json, is_form, receive_parts
from anysense.server.http.bodies.reading import read_json, validate
from anysense.server.http.errors import RequestError
from anysense.server.http.guards.body import LINES_TYPES
from anysense.server.http.schemas.batch import BatchRequest
from anysense.server.http.schemas.items import NewUpload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.datastructures import FormData
    from starlette.requests import Request

    from anysense.server.http.batches.candidates import Candidates
    from anysense.server.http.settings import Settings

__all__ = ["fill_spool", "read_batch"]

MAX_FILES = 100


@contextlib.asynccontextmanager
async def read_batch(request: Request, settings: Settings) -> AsyncIterator[Candidates]:
    """The items of a body, for as long as the block lasts.

    Raises:
        RequestError: it is no batch, or has too many items.
        StorageError: the disk has no room for it.
    """
    async with contextlib.AsyncExitStack() as stack:
        if is_lines(request):
            folder = stack.enter_context(temporary_folder())
            # Without roots, as folders and globs are for jobs.
            spool = Spool(folder, settings.upload_bytes, settings.batch_lines, Roots())
            with contextlib.closing(spool):
                await receive_lines(request, spool.add_line, settings)
            check_count(spool.count)
            lines = candidates_of_lines(folder / ITEMS)
            yield stack.enter_context(contextlib.closing(lines))
        elif is_form(request):
            uploads = await stack.enter_async_context(read_uploads(request, settings))
            yield (
                upload if isinstance(upload, AnysenseError) else upload.candidate
                for upload in uploads
            )
        else:
            body = await read_json(request, BatchRequest)
            yield map(candidate_of, body.items)


async def fill_spool(request: Request, spool: Spool, settings: Settings) -> bool:
    """Take in the items of a body for a job; whether they are uploads.

    Raises:
        RequestError: it is no batch, or there is no room for it.
        StorageError: the disk has no room for it.
    """
    if is_lines(request):
        await receive_lines(request, spool.add_line, settings)
        check_count(spool.count)
        return False
    if not is_form(request):
        body = await read_json(request, BatchRequest)
        await run_in_threadpool(spool.add_values, body.items)
        return False
    async with read_uploads(request, settings) as uploads:
        for upload in uploads:
            if isinstance(upload, AnysenseError):
                raise upload
            await run_in_threadpool(upload.keep, spool)
    return True


def is_lines(request: Request) -> bool:
    return content_type(request) in LINES_TYPES


def check_count(count: int) -> None:
    if count == 0:
        raise RequestError("The body has no items.", 422, "invalid_value")


async def receive_lines(
    request: Request, take: Callable[[bytes], None], settings: Settings
) -> None:
    """Give each line of a body to something that blocks, while the body comes.

    Raises:
        RequestError: a line is over the limit of a JSON body.
    """
    rest, line_count = bytearray(), 0
    async for block in request.stream():
        rest += block
        line_count += block.count(b"\n")
        if line_count > 2 * settings.batch_lines:  # empty ones, which are no items, as well
            message = f"A batch has at most {settings.batch_lines:,} items."
            raise RequestError(message, 413, "batch_too_large")
        if b"\n" in block:
            *lines, last = rest.split(b"\n")
            rest = last
            await run_in_threadpool(_take_lines, lines, take)
        if len(rest) > settings.body_bytes:
            message = f"A line has at most {settings.body_bytes:,} bytes."
            raise RequestError(message, 413, "body_too_large")
    await run_in_threadpool(_take_lines, [rest], take)


def _take_lines(lines: list[bytearray], take: Callable[[bytes], None]) -> None:
    for line in lines:
        if line.strip():
            take(bytes(line))


class Upload(NamedTuple):
    """A file of a form, with what is said of it."""

    file: UploadFile
    name: str
    suffix: str
    fields: NewUpload

    @property
    def metadata(self) -> dict[str, Any]:
        return {"filename": self.name, **self.fields.metadata}

    @property
    def candidate(self) -> Candidate:
        media = NewMedia(self.name, self.suffix, lambda: self.file.file)
        return Candidate(media, self.fields.id, self.metadata)

    def keep(self, spool: Spool) -> None:
        """Take it in for a job. Blocks."""
        file = self.file.file
        spool.add_upload(file, self.name, self.suffix, self.fields.id, self.metadata)


@contextlib.asynccontextmanager
async def read_uploads(
    request: Request, settings: Settings
) -> AsyncIterator[list[Upload | AnysenseError]]:
    """The files of a form, in their order; in the place of one with wrong fields, the reason.

    `id` and `metadata` are JSON objects with an id and an object for the names of files.

    Raises:
        RequestError: it has no file, or other fields, or they name files that are not there.
        StorageError: the disk has no room for the temporary files.
    """
    parts = await receive_parts(request, settings, MAX_FILES)
    try:
        files = [f for f in parts.getlist("file") if isinstance(f, UploadFile) and f.filename]
        names = [safe_name(file.filename, "the file") for file in files]
        described = _descriptions(parts, names)
        if not files:
            raise RequestError("file: send at least one file.", 422, "invalid_value", "file")
        yield [
            _upload(file, name, {f: of[name] for f, of in described.items() if name in of})
            for file, name in zip(files, names, strict=True)
        ]
    finally:
        await parts.close()


def _upload(file: UploadFile, name: str, values: dict[str, Any]) -> Upload | AnysenseError:
    try:
        fields = validate(NewUpload, values)
    except AnysenseError as error:
        return error
    return Upload(file, name, stored_suffix(name, file.content_type), fields)


def _descriptions(parts: FormData, names: list[str]) -> dict[str, dict[str, Any]]:
    """The ids and the metadata of a form, by the names of its files."""
    described: dict[str, dict[str, Any]] = {}
    for field, value in parts.multi_items():
        if field == "file":
            continue
        if field not in ("id", "metadata") or not isinstance(value, str) or field in described:
            message = f"{field[:100]}: a form has files as file, and one id and one metadata."
            raise RequestError(message, 422, "invalid_value", field[:100])
        mapping = field_json(value, field)
        if not isinstance(mapping, dict):
            message = f"{field}: an object with a value for each name of a file."
            raise RequestError(message, 422, "invalid_value", field)
        for name in mapping:
            if names.count(name) != 1:
                message = f"{field}: there is not one file of the name {name[:100]!r}."
                raise RequestError(message, 422, "invalid_value", field)
        described[field] = mapping
    return described
