"""Every request to a service: what is sent, and how its answer is read.

A call is the same whether somebody waits for its answer in a thread or in an event loop.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, TypeVar
from urllib.parse import unquote

from anysense.embed.errors import MediaError, ServiceError, UsageError
from anysense.embed.types import Modality
from anysense.index.hits.media import MediaFile
from anysense.index.showing.names import safe_name
from anysense.server.client.connection import path_segment
from anysense.server.client.links import Upload
from anysense.server.client.queries import json_of, media_bytes, search_body
from anysense.server.client.refusals import NO_ANSWER, check_answer, error_of
from anysense.server.client.results import (
    Added,
    CollectionInfo,
    ItemPage,
    Job,
    Model,
    Status,
    explanation_of,
    hits_of,
    item_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import httpx

    from anysense.embed.types import FloatArray, Kind
    from anysense.index.catalog.records import Item
    from anysense.index.hits.explanation import Explanation
    from anysense.index.hits.hits import Hits
    from anysense.index.hits.media import ItemReader
    from anysense.index.ranking.options import SearchOptions
    from anysense.index.ranking.query import Query
    from anysense.index.types import NewItem
    from anysense.server.client.connection import Connection

__all__ = ["Call", "Calls"]

T_co = TypeVar("T_co", covariant=True)
_NAME_IN = re.compile(r"filename\*=utf-8''([^;]+)|filename=\"([^\"]*)\"", re.IGNORECASE)


@dataclass(frozen=True)
class Call(Generic[T_co]):
    """One request.

    Attributes:
        method, url: what is asked of where.
        read: what its answer means, once that has come as a whole and is a success.
        params: what follows the address.
        body: sent as JSON.
        form: sent as fields of a form, with `file`.
        file: an upload: its name, and what it is read from.
        any_status: whether an answer means the same whatever its status; it is asked for once.
    """

    method: str
    url: str
    read: Callable[[httpx.Response], T_co]
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    body: Any = None
    form: Mapping[str, str] = field(default_factory=dict)
    file: tuple[str, BinaryIO | bytes] | None = None
    any_status: bool = False

    def close(self) -> None:
        """Close the file that is uploaded."""
        if self.file is not None and not isinstance(self.file[1], bytes):
            self.file[1].close()

    def answer(self, response: httpx.Response) -> T_co:
        """What an answer means that has come as a whole.

        Raises:
            AnysenseError: what it says that went wrong; `ServiceError` if it says nothing known.
        """
        if not self.any_status:
            check_answer(response)
        try:
            return self.read(response)
        except NO_ANSWER as error:
            url = response.url.copy_with(query=None)
            raise ServiceError(f"What {url} gives is no answer of anysense: {error!r}.") from error

    def arguments(self) -> dict[str, Any]:
        """As a client of httpx takes it."""
        arguments: dict[str, Any] = {"params": dict(self.params)}
        if self.any_status:
            from httpx_retries import Retry

            arguments["extensions"] = {"retry": Retry(total=0)}
        if self.file is not None:
            arguments.update(files={"file": self.file}, data=dict(self.form))
        elif self.body is not None:
            arguments["content"] = json_of(self.body)
            arguments["headers"] = {"content-type": "application/json"}
        return arguments


class Calls:
    """Makes the calls to one collection of a service.

    Args:
        connection: where it is.
        reader: what is to read the files of hits.
    """

    def __init__(self, connection: Connection, reader: ItemReader) -> None:
        self._base = connection.base
        self._root = connection.root
        self._about = connection.about
        self._reader = reader

    # Searching

    def search(self, query: Query, options: SearchOptions) -> Call[Hits]:
        body = search_body(query, options)
        return Call("POST", f"{self._base}/search", self._hits, body=body)

    def explain(self, query: Query, item_id: str, options: SearchOptions) -> Call[Explanation]:
        body = {**search_body(query, options), "id": item_id}
        return Call("POST", f"{self._base}/search/explain", self._explanation, body=body)

    def _explanation(self, response: httpx.Response) -> Explanation:
        return explanation_of(response.json(), self._reader)

    def _hits(self, response: httpx.Response) -> Hits:
        return hits_of(response.json(), self._reader)

    # Items

    def keep(self, item: NewItem) -> Call[Upload]:
        """Keep a picture or a sound to search by."""
        _check_sent(item)
        return Call("POST", f"{self._base}/queries", _kept, file=_upload(item))

    def add(self, item: NewItem) -> Call[Item]:
        """Add one item; a file is sent as it is read."""
        url = f"{self._base}/items"
        if isinstance(item.content, str):
            return Call("POST", url, _item, body=_text_body(item))
        _check_sent(item)
        form = {"metadata": json_of(dict(item.metadata)).decode()}
        if item.id is not None:
            form["id"] = item.id
        return Call("POST", url, _item, form=form, file=_upload(item))

    def add_texts(self, items: Sequence[NewItem]) -> Call[list[Added]]:
        body = {"items": [_text_body(item) for item in items]}
        return Call("POST", f"{self._base}/items/batch", _results, body=body)

    def remove(self, ids: Sequence[str]) -> Call[list[Added]]:
        return Call("POST", f"{self._base}/items/batch/delete", _results, body={"ids": list(ids)})

    def item(self, item_id: str) -> Call[Item]:
        return Call("GET", self._of_item(item_id), _item)

    def items(
        self,
        where: str | None,
        order: str,
        limit: int,
        cursor: str | None,
        kinds: Sequence[Kind | str] | None,
    ) -> Call[ItemPage]:
        params: dict[str, str | int | float] = {"order": order, "limit": limit}
        of_kinds = None if kinds is None else ",".join(map(str, kinds))
        given = {"where": where, "cursor": cursor, "kinds": of_kinds}
        params.update({name: value for name, value in given.items() if value is not None})
        return Call("GET", f"{self._base}/items", _page, params)

    def describe(self, item_id: str, metadata: Mapping[str, Any]) -> Call[Item]:
        body = {"metadata": dict(metadata)}
        return Call("PATCH", self._of_item(item_id), _item, body=body)

    # Their files

    def media(self, item_id: str) -> Call[MediaFile]:
        return Call("GET", f"{self._of_item(item_id)}/media", _media)

    def thumbnail(
        self, item_id: str, width: int, page: int | None, start: float | None
    ) -> Call[MediaFile]:
        part = {"page": page, "start": start}
        params = {"w": width, **{name: value for name, value in part.items() if value is not None}}
        return Call("GET", f"{self._of_item(item_id)}/media", _media, params)

    def clip(self, item_id: str, start: float, end: float) -> Call[MediaFile]:
        params = {"start": start, "end": end}
        return Call("GET", f"{self._of_item(item_id)}/media", _media, params)

    # Vectors

    def embed(
        self,
        inputs: Iterable[Any],
        model: str | None,
        dimensions: int | None,
    ) -> Call[FloatArray]:
        given = {"model": model, "dimensions": dimensions}
        body = {
            "input": [_entry(content) for content in inputs],
            "encoding_format": "base64",
            **{name: value for name, value in given.items() if value is not None},
        }
        return Call("POST", f"{self._root}/v1/embeddings", _vectors, body=body)

    # The service

    def models(self) -> Call[list[Model]]:
        return Call("GET", f"{self._root}/v1/models", _models)

    def collections(self) -> Call[list[CollectionInfo]]:
        return Call("GET", f"{self._root}/v1/collections", _collections)

    def info(self) -> Call[dict[str, Any]]:
        return Call("GET", self._about, lambda response: dict(response.json()))

    def health(self) -> Call[Status]:
        return Call("GET", f"{self._root}/health", _status)

    def ready(self) -> Call[Status]:
        return Call("GET", f"{self._root}/ready", _status, any_status=True)

    def job(self, job_id: str) -> Call[Job]:
        return Call("GET", f"{self._base}/jobs/{path_segment(job_id, 'An id')}", _job)

    def add_later(self, items: Sequence[NewItem]) -> Call[Job]:
        body = {"items": [_text_body(item) for item in items]}
        return Call("POST", f"{self._base}/items/batch", _job, {"wait": "false"}, body=body)

    def _of_item(self, item_id: str) -> str:
        return f"{self._base}/items/{path_segment(item_id, 'An id')}"


def _text_body(item: NewItem) -> dict[str, Any]:
    """A text to add, as JSON.

    Raises:
        UsageError: it is no text, or has what is not sent.
    """
    if not isinstance(item.content, str):
        raise UsageError(f"A text is added as a str, not as {type(item.content).__name__}.")
    if item.source is not None:
        raise UsageError("A service names the texts that it is sent itself: leave out the source.")
    _check_sent(item)
    body: dict[str, Any] = {"text": item.content}
    if item.metadata:
        body["metadata"] = dict(item.metadata)
    return body if item.id is None else {**body, "id": item.id}


def _check_sent(item: NewItem) -> None:
    """Refuse what a service would never hear of.

    Raises:
        UsageError: there is such a thing.
    """
    if item.captions:
        raise UsageError("A service is sent no captions: add them as texts of their own.")


def _kept(response: httpx.Response) -> Upload:
    body = response.json()
    return Upload(str(body["id"]), str(body["modality"]), str(body["name"]))


def _upload(item: NewItem) -> tuple[str, BinaryIO | bytes]:
    content = item.content
    name = item.source or (content.name if isinstance(content, Path) else "file")
    if not isinstance(content, Path):
        return name, media_bytes(content)
    try:
        if not content.is_file():
            raise MediaError(content, "is no file" if content.exists() else "does not exist")
        return name, content.open("rb")  # whoever sends it closes it
    except OSError as error:
        raise MediaError(content, f"cannot be read: {error.strerror}") from error


def _entry(content: Any) -> Any:
    """One input to embed: a text, or a picture or a sound by what it is."""
    if isinstance(content, str):
        return {"text": content}
    from base64 import b64encode

    from anysense.embed.media.identify import sniff

    data = media_bytes(content)
    modality = sniff(data)
    if modality is Modality.TEXT:
        raise UsageError("A text to embed is given as a str.")
    uri = f"data:application/octet-stream;base64,{b64encode(data).decode('ascii')}"
    return {modality.value: uri}


def _item(response: httpx.Response) -> Item:
    return item_of(response.json())


def _page(response: httpx.Response) -> ItemPage:
    body = response.json()
    return ItemPage([item_of(values) for values in body["items"]], body["next_cursor"])


def _results(response: httpx.Response) -> list[Added]:
    return [
        Added(
            result["id"],
            None if result["error"] is None else error_of(result["status"], result["error"]),
        )
        for result in response.json()["results"]
    ]


def _media(response: httpx.Response) -> MediaFile:
    headers = response.headers
    mime_type = headers.get("content-type", "application/octet-stream").partition(";")[0]
    match = _NAME_IN.search(headers.get("content-disposition", ""))
    name = (unquote(match[1]) if match[1] else match[2]) if match else "file"
    return MediaFile(response.content, mime_type.strip(), safe_name(name, "file"))


def _vectors(response: httpx.Response) -> FloatArray:
    from base64 import b64decode

    import numpy as np

    encoded = (each["embedding"] for each in response.json()["data"])
    rows = [np.frombuffer(b64decode(vector), "<f4") for vector in encoded]
    vectors: FloatArray = np.stack(rows).astype(np.float32, copy=False)
    return vectors


def _models(response: httpx.Response) -> list[Model]:
    return [
        Model(
            id=model["id"],
            dimension=model["dimension"],
            modalities=frozenset(map(Modality, model["modalities"])),
            space=model["space"],
            revision=model["revision"],
            collections=model["collections"],
        )
        for model in response.json()["data"]
    ]


def _collections(response: httpx.Response) -> list[CollectionInfo]:
    names = CollectionInfo.__dataclass_fields__
    return [
        CollectionInfo(**{name: body[name] for name in names})
        for body in response.json()["collections"]
    ]


def _status(response: httpx.Response) -> Status:
    body = response.json()
    return Status(str(body["status"]), body.get("reason"))


def _job(response: httpx.Response) -> Job:
    body = response.json()
    error = body["error"]
    numbers = {name: body[name] for name in ("id", "status", "total", "done", "failed")}
    return Job(**numbers, error=None if error is None else error["message"])
