"""The official client of MCP, beside a server in the process of the tests."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from mcp import Client
from mcp_types import AudioContent, CallToolResult, ImageContent, ResourceLink, TextContent

from anysense.adapters.mcp import open_server
from anysense.adapters.mcp.options import Options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from anysense.index.collection import Collection

__all__ = ["ERAS", "base64_in", "connected", "error_in", "links_in", "text_in"]

ERAS = ("legacy", "auto")
"""How a client begins: with the handshake of protocols up to 2025, or as those since then do."""


@asynccontextmanager
async def connected(
    source: Collection | Path | str,
    mode: str = "auto",
    *,
    api_key: str | None = None,
    **options: Any,
) -> AsyncIterator[Client]:
    """A client of a server over a collection."""
    async with (
        open_server(source, options=Options(**options), api_key=api_key) as server,
        Client(server, mode=mode) as client,
    ):
        yield client


def text_in(result: CallToolResult) -> str:
    """The words of an answer, which are its first block."""
    first = result.content[0]
    assert isinstance(first, TextContent)
    assert not result.is_error, first.text
    return first.text


def error_in(result: CallToolResult) -> str:
    """The sentence of an answer that is an error."""
    assert result.is_error
    [only] = result.content
    assert isinstance(only, TextContent)
    assert "\n" not in only.text
    assert "Traceback" not in only.text
    assert only.text.endswith((".", "?")), only.text
    return only.text


def base64_in(result: CallToolResult) -> int:
    """How many characters of base64 an answer has."""
    media = (block for block in result.content if isinstance(block, ImageContent | AudioContent))
    return sum(len(block.data) for block in media)


def links_in(result: CallToolResult) -> list[ResourceLink]:
    return [block for block in result.content if isinstance(block, ResourceLink)]
