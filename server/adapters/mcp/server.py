"""The server: tools and resources over one collection, whatever carries the protocol."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from anysense import __version__
from anysense.adapters.missing import MissingExtraError

try:
    from mcp.server.mcpserver import MCPServer
except ImportError as error:
    raise MissingExtraError("mcp") from error

from anysense.adapters.mcp.answers import SCORES
from anysense.adapters.mcp.api import open_api
from anysense.adapters.mcp.calling import make_tools
from anysense.adapters.mcp.options import Options
from anysense.adapters.mcp.reading import CollectionResources

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterable

    from mcp.server.auth.provider import TokenVerifier
    from mcp.server.auth.settings import AuthSettings
    from mcp.server.lowlevel.helper_types import ReadResourceContents
    from mcp.server.mcpserver import Context
    from mcp.shared._stream_protocols import ReadStream, WriteStream
    from mcp.shared.message import SessionMessage
    from mcp_types import InputRequiredResult, Resource, ResourceTemplate
    from pydantic import AnyUrl

    from anysense.adapters.mcp.api import Api
    from anysense.index.collection import Collection

__all__ = ["CollectionServer", "open_server"]


class CollectionServer(MCPServer[Any]):
    """A server of one collection: its tools, and its items as resources.

    Args:
        api: what is asked of the collection.
        options: what is given and allowed.
        instructions: what clients tell the model of it.
        auth, token_verifier: who may use it, if it is reached over a network.
    """

    def __init__(
        self,
        api: Api,
        options: Options,
        instructions: str,
        *,
        auth: AuthSettings | None = None,
        token_verifier: TokenVerifier | None = None,
    ) -> None:
        super().__init__(
            "anysense",
            title="anysense",
            instructions=instructions,
            version=__version__,
            log_level="WARNING",
            tools=make_tools(api, options),
            auth=auth,
            token_verifier=token_verifier,
        )
        self._resources = CollectionResources(api, options)

    async def run_on(self, received: ReadStream[Any], sent: WriteStream[SessionMessage]) -> None:
        """Serve one client over a pair of streams, until it closes them."""
        options = self._lowlevel_server.create_initialization_options()
        await self._lowlevel_server.run(received, sent, options)

    async def list_resources(self) -> list[Resource]:
        """The collection itself; of its items there are templates, as they may be many."""
        return self._resources.listed()

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        """How items are named as resources."""
        return self._resources.templates()

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[Any, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """The text or the file of an item, its thumbnail, or what the collection holds."""
        return [await self._resources.read(str(uri))]


@contextlib.asynccontextmanager
async def open_server(
    source: Collection | str | os.PathLike[str],
    *,
    options: Options | None = None,
    api_key: str | None = None,
    collection: str | None = None,
    device: str = "auto",
    auth: AuthSettings | None = None,
    token_verifier: TokenVerifier | None = None,
) -> AsyncIterator[CollectionServer]:
    """A server over a collection of this machine, or over one that is served.

    It is there at once: models load in the background, and the first search waits for them.

    >>> async with open_server("my.anysense") as server:
    ...     await server.run_stdio_async()

    Args:
        source: an open collection, the path of one, or the address of a service.
        options: what it gives and allows.
        api_key: of the service.
        collection: which one of the service; its first one if None.
        device: where models run, of a path.
        auth: for servers that are reached over a network.
        token_verifier: the same.

    Raises:
        CollectionError: there is no collection at the path, or it cannot be used.
        ServiceError: the service does not answer, or its key is missing or wrong.
    """
    options = options or Options()
    async with open_api(
        source,
        api_key=api_key,
        collection=collection,
        device=device,
        show_paths=options.show_paths,
    ) as api:
        instructions = instructions_for(await api.about(), allow_write=options.allow_write)
        yield CollectionServer(api, options, instructions, auth=auth, token_verifier=token_verifier)


def instructions_for(facts: dict[str, Any], *, allow_write: bool) -> str:
    """What a model should know before it searches."""
    kinds = [f"{number:,} {kind}" for kind, number in facts["items_by_kind"].items() if number]
    holds = f"{facts['items']:,} items" + (f" ({', '.join(kinds)})" if kinds else "")
    writes = " Items can be added and removed." if allow_write else ""
    return (
        f"A collection of {holds} in which words, pictures and sounds find each other: search "
        "finds items of every kind by a query of any kind, in one list. A score says how rarely "
        f"chance scores so high, whatever the kind of the item. {SCORES} Where no_match is true, "
        "say that nothing was found rather than citing weak hits. Cite hits by their numbers and "
        "places. get_item gives the text of an item, and the resource anysense://item/{id}, with "
        f"the id percent-encoded, its text or its file.{writes}"
    )
