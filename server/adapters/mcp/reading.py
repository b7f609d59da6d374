"""The collection and its items as resources."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver.exceptions import (
    ResourceError,
    ResourceNotFoundError,
    UnexpectedResourceError,
)
from mcp_types import Resource, ResourceTemplate

from anysense.adapters.mcp.results import COLLECTION_URI, ITEM, THUMBNAIL, text_of_item
from anysense.embed.errors import AnysenseError
from anysense.embed.types import Kind
from anysense.server.http.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp.shared.uri_template import UriTemplate

    from anysense.adapters.mcp.api import Api
    from anysense.adapters.mcp.options import Options

__all__ = ["CollectionResources"]

THUMBNAIL_SIDE = 640
GONE = (404, 410)
LONGEST = 8192
"""Characters of an address: an id has at most 512, each at most four bytes of three characters."""


class CollectionResources:
    """What can be read by an address of the scheme `anysense`.

    Args:
        api: what is asked of the collection.
        options: with the longest resource that is given.
    """

    def __init__(self, api: Api, options: Options) -> None:
        self._api = api
        self._most = options.resource_bytes

    def listed(self) -> list[Resource]:
        return [
            Resource(
                uri=COLLECTION_URI,
                name="collection",
                title="The collection",
                description="What the collection holds: how many items of each kind, and by which "
                "models they are found.",
                mime_type="application/json",
            )
        ]

    def templates(self) -> list[ResourceTemplate]:
        return [
            ResourceTemplate(
                uri_template=str(ITEM),
                name="item",
                title="An item",
                description="The text of an item that is one, else its file.",
            ),
            ResourceTemplate(
                uri_template=str(THUMBNAIL),
                name="thumbnail",
                title="A small picture of an item",
                description="A picture, or the first page of a PDF, as a JPEG of up to "
                f"{THUMBNAIL_SIDE} pixels along its longer side.",
                mime_type="image/jpeg",
            ),
        ]

    async def read(self, uri: str) -> ReadResourceContents:
        """What stands at an address.

        Raises:
            ResourceNotFoundError: nothing does.
            ResourceError: it cannot be given; the message says why.
        """
        try:
            return await self._read(uri)
        except RequestError as error:
            is_gone = error.status in GONE
            raise (ResourceNotFoundError if is_gone else ResourceError)(str(error)) from None
        except AnysenseError as error:
            raise ResourceError(str(error)) from None
        except ResourceError:
            raise
        except Exception as error:
            raise UnexpectedResourceError(
                "The resource could not be read; the log of the server says why."
            ) from error

    async def _read(self, uri: str) -> ReadResourceContents:
        if uri == COLLECTION_URI:
            facts = without_path(await self._api.about())
            return ReadResourceContents(json.dumps(facts, ensure_ascii=False), "application/json")
        item_id = id_in(ITEM, uri)
        if item_id is not None:
            return await self._item(item_id, uri)
        item_id = id_in(THUMBNAIL, uri)
        if item_id is not None:
            picture = await self._api.thumbnail(item_id, THUMBNAIL_SIDE)
            return ReadResourceContents(picture, "image/jpeg")
        raise ResourceNotFoundError(
            f"There is no resource {uri[:200]!r}; there are {COLLECTION_URI}, {ITEM} and "
            f"{THUMBNAIL}."
        )

    async def _item(self, item_id: str, uri: str) -> ReadResourceContents:
        item = await self._api.item(item_id)
        kind = Kind(item["kind"])
        if kind is Kind.TEXT:
            text = text_of_item(item)
            self._check(len(text.encode()), item, "get_item gives its text in parts")
            return ReadResourceContents(text, "text/plain")
        size = (await self._api.file_facts(item_id)).size
        has_thumbnail = kind in (Kind.IMAGE, Kind.VIDEO, Kind.DOCUMENT)
        small = f"{uri}/thumbnail is a small picture of it" if has_thumbnail else ""
        self._check(size, item, small)
        file = await self._api.file(item_id, self._most)
        mime_type = "application/pdf" if kind is Kind.DOCUMENT else file.mime_type
        return ReadResourceContents(file.data, mime_type)

    def _check(self, size: int, item: Mapping[str, Any], instead: str) -> None:
        if size > self._most:
            hint = f"; {instead}" if instead else ""
            raise ResourceError(
                f"The {item['kind']} {item['id']} has {size:,} bytes, and this server gives at "
                f"most {self._most:,}{hint}."
            )


def id_in(template: UriTemplate, uri: str) -> str | None:
    """The id of the item that an address names, if it is one of that form."""
    found = template.match(uri, max_uri_length=LONGEST)
    item_id = None if found is None else found["id"]
    return item_id if isinstance(item_id, str) and item_id else None


def without_path(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name != "path"}
