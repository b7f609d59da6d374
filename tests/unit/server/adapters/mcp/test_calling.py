"""How tools are called: progress, failures, several clients at once, and services elsewhere."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
import tiny
from live_server import listening
from mcp import MCPError
from mcp.server.mcpserver.exceptions import ToolError
from mcp_client import ERAS, connected, error_in, text_in
from pydantic import SecretStr

from anysense.adapters.mcp import calling, open_server
from anysense.adapters.mcp.api import Api
from anysense.adapters.mcp.options import Options
from anysense.embed.errors import ServiceUnreachableError, UsageError
from anysense.index.collection import Collection
from anysense.server.http.errors import RequestError
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_connects_at_once_and_hears_that_models_are_loaded(
    path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(calling, "PROGRESS_SECONDS", 0.05)
    told: list[float] = []

    def load_slowly(names: Sequence[str]) -> list[Any]:
        time.sleep(1.5)
        return [tiny.TinyEncoder()]

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        assert message is not None
        assert message.startswith("at work for")
        told.append(progress)

    with Collection.open(path, load=load_slowly) as collection:
        start = time.monotonic()
        async with connected(collection, mode) as client:
            listed = await client.call_tool("list_items", {})
            assert time.monotonic() - start < 1.5
            found = await client.call_tool(
                "search", {"query": "red"}, progress_callback=on_progress
            )
    assert len(listed.structured_content["items"]) == 5  # type: ignore[index]
    assert "a red note" in text_in(found)
    assert len(told) >= 3
    assert told == sorted(told)


async def test_an_encoder_that_cannot_be_loaded_is_told_as_a_sentence(path: Path) -> None:
    def refuse(names: Sequence[str]) -> list[Any]:
        raise RuntimeError("/secret/weights")

    with Collection.open(path, load=refuse) as collection:
        async with connected(collection) as client:
            refused = await client.call_tool("search", {"query": "red"})
    assert refused.is_error
    assert "/secret" not in refused.model_dump_json()


async def test_what_fails_unexpectedly_says_nothing_of_the_inside(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: Api, item_id: str) -> dict[str, Any]:
        raise RuntimeError("/secret/inside")

    monkeypatch.setattr(Api, "item", fail)
    async with connected(collection) as client:
        answer = await client.call_tool("get_item", {"id": "low"})
        with pytest.raises(MCPError) as read:
            await client.read_resource("anysense://item/low")
    assert error_in(answer) == "get_item failed; the log of the server says why."
    assert read.value.error.message.startswith("The resource could not be read")


async def test_two_clients_search_and_write_at_once(collection: Collection) -> None:
    async with (
        connected(collection, "legacy", allow_write=True) as one,
        connected(collection, "auto", allow_write=True) as other,
    ):
        calls = [
            client.call_tool("add_item", {"text": f"red {number}", "id": f"{name}-{number}"})
            for number in range(10)
            for name, client in (("one", one), ("other", other))
        ]
        calls += [client.call_tool("search", {"query": "red"}) for client in (one, other) * 5]
        answers = await asyncio.gather(*calls)
        found = await one.call_tool("search", {"query": "red", "k": 50, "modalities": ["text"]})
    assert not any(answer.is_error for answer in answers)
    ids = {hit["id"] for hit in found.structured_content["hits"]}  # type: ignore[index]
    assert {f"{name}-{n}" for name in ("one", "other") for n in range(10)} <= ids


async def test_a_service_is_as_good_as_a_collection_of_this_machine(
    collection: Collection,
) -> None:
    with listening(collection) as (address, _):
        answers = []
        for source in (collection, address):
            async with connected(source) as client:
                answers.append(
                    [
                        await client.call_tool("search", {"query": "red low"}),
                        await client.call_tool("get_item", {"id": "photos/red"}),
                        await client.call_tool("list_items", {"limit": 2}),
                        await client.read_resource("anysense://item/photos%2Fred"),
                    ]
                )
    assert answers[0] == answers[1]


async def test_a_service_with_keys_wants_one(collection: Collection) -> None:
    key = "k" * 32
    with listening(collection, Settings(api_key=SecretStr(key))) as (address, _):
        async with connected(address, api_key=key) as client:
            assert "a red note" in text_in(await client.call_tool("search", {"query": "red"}))
        with pytest.raises(RequestError) as refused:
            async with connected(address, api_key="wrong"):
                pass
    assert refused.value.status == 401
    assert key not in str(refused.value)


async def test_what_is_no_service_is_told_at_the_start(collection: Collection) -> None:
    with pytest.raises(ServiceUnreachableError, match="cannot be reached"):
        async with connected("http://127.0.0.1:9"):
            pass
    with pytest.raises(UsageError, match="is no address of a service"):
        async with connected("http://[::1"):
            pass
    with (
        listening(collection) as (address, _),
        pytest.raises(RequestError, match="There is nothing at this address"),
    ):
        async with connected(f"{address}/elsewhere"):
            pass


async def test_tools_can_be_called_without_a_client(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "PROGRESS_SECONDS", 0.0)  # there is nobody to tell it
    async with open_server(collection) as server:
        assert "a red note" in text_in(await server.call_tool("search", {"query": "red"}))
        with pytest.raises(ToolError, match=r"^k: it must be at most 50\.$"):
            await server.call_tool("search", {"query": "red", "k": 51})


@pytest.mark.parametrize("name", ["media_bytes", "resource_bytes"])
async def test_a_limit_is_not_negative(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is 0 or more, not -1"):
        Options(**{name: -1})  # type: ignore[arg-type]
