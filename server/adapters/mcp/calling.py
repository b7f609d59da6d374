"""The tools as a server calls them: arguments checked, errors in one sentence, progress told."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import ConfigDict, Field, ValidationError

from anysense.adapters.mcp.answers import added, item_page, item_with_text, removed, search_hits
from anysense.adapters.mcp.results import (
    FullItem,
    ItemList,
    ListedItem,
    RemovedItem,
    SearchResult,
)
from anysense.adapters.tools import ToolDefinition, definitions
from anysense.embed.errors import AnysenseError
from anysense.server.http.bodies.media import media_bytes
from anysense.server.http.errors import problem_sentence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp.server.mcpserver import Context
    from pydantic import BaseModel

    from anysense.adapters.mcp.api import Api
    from anysense.adapters.mcp.options import Options

__all__ = ["make_tools"]

PROGRESS_SECONDS = 1.0
"""How often a client hears that a call goes on, so that it does not give up on it."""


class CollectionTool(Tool):
    """A tool whose arguments the API's own models check, and whose errors are one sentence.

    Attributes:
        definition: what it is called, says and takes.
        call: what it does.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    definition: ToolDefinition = Field(exclude=True)

    async def run(
        self,
        arguments: dict[str, Any],
        context: Context[Any, Any],
        convert_result: bool = False,
    ) -> CallToolResult:
        """Call it.

        Raises:
            ToolError: the arguments are wrong, or it cannot be done; the message says why.
            UnexpectedToolError: it failed, and the log says why.
        """
        try:
            self._check_scope()
            values = self.definition.read(arguments)
            return await telling_progress(context, lambda: self.fn(values))
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
            raise ToolError(problem_sentence(problems)[0]) from None
        except AnysenseError as error:
            raise ToolError(str(error)) from None
        except (MCPError, ToolError):
            raise
        except Exception as error:
            raise UnexpectedToolError(
                f"{self.name} failed; the log of the server says why."
            ) from error

    def _check_scope(self) -> None:
        """Of a client with a key, see that it may write."""
        token = get_access_token()
        if self.definition.writes and token is not None and "write" not in token.scopes:
            raise ToolError(f"{self.name}: this key may search and read, and nothing else.")


async def telling_progress(
    context: Context[Any, Any], call: Callable[[], Awaitable[CallToolResult]]
) -> CallToolResult:
    """Do something, and tell the client every second that it is being done.

    The first search may wait until the models are loaded, which takes longer than some clients do.
    """
    if context.protocol_version is None:  # nobody asks over the protocol
        return await call()
    start = time.monotonic()
    outcome: list[CallToolResult | Exception] = []

    async def work() -> None:
        try:
            outcome.append(await call())
        except Exception as error:  # raised below, outside of the group
            outcome.append(error)
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        while True:
            await anyio.sleep(PROGRESS_SECONDS)
            seconds = time.monotonic() - start
            await context.report_progress(seconds, None, f"at work for {seconds:.0f} s")
    [result] = outcome
    if isinstance(result, Exception):
        raise result
    return result


class Calls:
    """What each tool does, by its name.

    Args:
        api: what is asked of the collection.
        options: what is given.
    """

    def __init__(self, api: Api, options: Options) -> None:
        self._api = api
        self._options = options

    async def search(self, values: dict[str, Any]) -> CallToolResult:
        body = {"text" if name == "query" else name: value for name, value in values.items()}
        found = await self._api.search(body)
        return await search_hits(self._api, found, self._options.media_bytes)

    async def get_item(self, values: dict[str, Any]) -> CallToolResult:
        item = await self._api.item(values["id"])
        offset = values.get("offset", 0)
        return await item_with_text(self._api, item, offset, self._options.media_bytes)

    async def list_items(self, values: dict[str, Any]) -> CallToolResult:
        return item_page(await self._api.items(**{"limit": 20, **values}))

    async def add_item(self, values: dict[str, Any]) -> CallToolResult:
        data, name = values.pop("data", None), values.pop("name", None)
        if (data is None) == ("text" not in values):
            raise ToolError("Give either text, or data with a name.")
        if data is None:
            return added(await self._api.add(values))
        fields = {**values, "metadata": json.dumps(values.get("metadata", {}))}
        content = await anyio.to_thread.run_sync(media_bytes, data, "data")
        item = await self._api.add_file(name or "data", content, fields)
        return added(item)

    async def remove_item(self, values: dict[str, Any]) -> CallToolResult:
        await self._api.remove(values["id"])
        return removed(values["id"])


RESULTS: dict[str, type[BaseModel]] = {
    "search": SearchResult,
    "get_item": FullItem,
    "list_items": ItemList,
    "add_item": ListedItem,
    "remove_item": RemovedItem,
}
TITLES = {
    "search": "Search",
    "get_item": "Get an item",
    "list_items": "List items",
    "add_item": "Add an item",
    "remove_item": "Remove an item",
}


def make_tools(api: Api, options: Options) -> list[Tool]:
    """The tools of a server."""
    calls = Calls(api, options)
    return [
        CollectionTool(
            fn=getattr(calls, definition.name),
            name=definition.name,
            title=TITLES[definition.name],
            description=definition.description,
            parameters=definition.schema,
            fn_metadata=FuncMetadata(arg_model=ArgModelBase, output_model=RESULTS[definition.name]),
            is_async=True,
            context_kwarg=None,
            annotations=annotations_of(definition),
            definition=definition,
        )
        for definition in definitions(allow_write=options.allow_write)
    ]


def annotations_of(definition: ToolDefinition) -> ToolAnnotations:
    """What a client may ask its user about before it calls a tool."""
    return ToolAnnotations(
        title=TITLES[definition.name],
        read_only_hint=not definition.writes,
        destructive_hint=definition.writes,
        idempotent_hint=definition.name != "add_item",
        open_world_hint=False,
    )
