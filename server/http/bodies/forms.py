"""Multipart forms, read with a limit: their fields, and their files."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from python_multipart.multipart import parse_options_header

from anysense.embed.errors import StorageError
from anysense.server.http.bodies.parsing import parse_json
from anysense.server.http.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.datastructures import FormData, UploadFile
    from starlette.requests import Request

    from anysense.server.http.settings import Settings

__all__ = [
    "Form",
    "check_json",
    "content_type",
    "field_json",
    "is_form",
    "read_form",
    "receive_parts",
    "wrong_type",
]

CHARSETS = (b"utf-8", b"utf8", b"us-ascii", b"ascii")
LISTS_WITH_COMMAS = ("modalities", "kinds", "fields")
JSON_FIELDS = ("terms", "vector", "metadata")


@dataclass
class Form:
    """A multipart body: fields by name, each with all of its values, and files by name."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, UploadFile] = field(default_factory=dict)

    def values(self, lists: tuple[str, ...] = ()) -> dict[str, Any]:
        """The fields as JSON would hold them.

        Those in `lists` may be repeated; every other comes once. `modalities`, `kinds` and
        `fields` may have commas.
        `terms`, `vector` and `metadata` are JSON, and so is `where` if it starts with a brace.

        Raises:
            RequestError: a field is repeated, or its JSON cannot be read.
        """
        values: dict[str, Any] = {}
        for name, texts in self.fields.items():
            if name in lists:
                commas = name in LISTS_WITH_COMMAS
                values[name] = [
                    v for text in texts for v in (text.split(",") if commas else [text])
                ]
            elif len(texts) > 1:
                raise RequestError(f"{name}: given {len(texts)} times.", 422, "invalid_value", name)
            elif name in JSON_FIELDS or (name == "where" and texts[0].lstrip().startswith("{")):
                values[name] = field_json(texts[0], name)
            else:
                values[name] = texts[0]
        return values


def field_json(text: str, name: str) -> Any:
    """The JSON in a field of a form.

    Raises:
        RequestError: it cannot be read.
    """
    try:
        return parse_json(text.encode())
    except RequestError as error:
        raise RequestError(f"{name}: {error}", error.status, error.code, name) from None
    except ValueError:  # also for what is nested too deep
        message = f"{name}: not JSON that can be read."
        raise RequestError(message, 422, "invalid_value", name) from None


def content_type(request: Request) -> str:
    """What a body says that it is, in small letters and without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def check_json(request: Request, *others: str) -> None:
    """Refuse a body that does not say that it is JSON, or one of some other types that are.

    Raises:
        RequestError: so it is. A page's form can send text/plain without asking.
    """
    kind = content_type(request)
    if kind != "application/json" and kind not in others:
        raise wrong_type(kind, "application/json")


def is_form(request: Request) -> bool:
    """Whether a body is multipart; JSON is the only other kind that is taken.

    Raises:
        RequestError: it is neither. A page's form can send text/plain without asking, so a body
            is never taken for JSON unless it says so.
    """
    kind = content_type(request)
    if kind == "multipart/form-data":
        return True
    if kind == "application/json":
        return False
    raise wrong_type(kind, "application/json or multipart/form-data")


def wrong_type(kind: str, taken: str) -> RequestError:
    """The error of a body that says that it is something else than what is taken, or nothing."""
    if not kind:
        text = f"Send {taken}, and say so in Content-Type"
    elif kind == "application/x-www-form-urlencoded":  # what curl says of its own accord
        text = f"Send {taken}, not {kind}; with `curl -d`, add -H 'content-type: application/json'"
    else:
        text = f"Send {taken}, not {kind[:100]}"
    return RequestError(f"{text}.", 415, "unsupported_content_type")


async def receive_parts(request: Request, settings: Settings, most_files: int) -> FormData:
    """The parts of a multipart body; whoever asks closes them, and so removes the files.

    Raises:
        RequestError: the body is not in UTF-8.
        StorageError: the disk has no room for the temporary files.
    """
    _, options = parse_options_header(request.headers.get("content-type"))
    # The parser would decode by any of Python's codecs: some give what is no text, others raise
    # anything or take a time that grows with the square of the length.
    if options.get(b"charset", b"utf-8").lower() not in CHARSETS:
        message = "A form is read as UTF-8: leave out the charset of its content type."
        raise RequestError(message, 415, "unsupported_content_type")
    try:
        return await request.form(
            max_files=most_files, max_fields=64, max_part_size=settings.field_bytes
        )
    except OSError as error:
        raise StorageError(
            f"The upload cannot be kept ({error.strerror or error}): see that the disk of "
            "temporary files has space and can be written, then try again."
        ) from error


@contextlib.asynccontextmanager
async def read_form(
    request: Request, settings: Settings, files: tuple[str, ...]
) -> AsyncIterator[Form]:
    """The multipart body of a request; its files are temporary and go when the block ends.

    Raises:
        RequestError: a file has a field name that is not in `files`, or comes twice, or the body
            is not in UTF-8.
        StorageError: the disk has no room for the temporary files.
    """
    parts = await receive_parts(request, settings, len(files))
    try:
        form = Form()
        for name, value in parts.multi_items():
            if isinstance(value, str):
                form.fields.setdefault(name, []).append(value)
            elif not value.filename and not value.size:
                continue  # what a page sends for a file that was not chosen
            elif name not in files:
                message = f"{name[:100]}: a file is sent as {' or '.join(files)}."
                raise RequestError(message, 422, "invalid_value", name[:100])
            elif name in form.files:
                raise RequestError(f"{name}: send one file.", 422, "invalid_value", name)
            else:
                form.files[name] = value
        yield form
    finally:
        await parts.close()
