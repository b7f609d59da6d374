"""A client of MCP, or the model behind it, that means no good."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import TYPE_CHECKING, Any

import pytest
from http_client import DEEP, png
from mcp_client import connected, error_in
from PIL import Image

from anysense.adapters.tools import MAX_DATA
from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection.create(tmp_path / "things.anysense", ["tiny"]) as collection:
        (tmp_path / "red.png").write_bytes(png("red"))
        collection.add(
            [
                NewItem("red", id="mine", metadata={"owner": "ada"}),
                NewItem("red too", id="other", metadata={"owner": "bob"}),
                NewItem(tmp_path / "red.png", id="picture"),
            ]
        )
        yield collection


def bomb() -> bytes:
    """A picture of half a billion pixels in 60 kB."""
    out = io.BytesIO()
    Image.new("1", (24_000, 24_000)).save(out, "PNG", optimize=True)
    return out.getvalue()


def uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize(
    "where",
    [
        "owner = 'ada' or 1 = 1",
        "owner = 'ada'; DROP TABLE items",
        "owner = 'ada' UNION SELECT path FROM files",
        "owner = 'ada' -- ",
        "owner = '' or '' = ''",
        "owner = 'x' or exists(select(1))",
        "load_extension('x') = 1",
        "(" * 5000,
        "owner in (" + "'a', " * 1500 + "'b')",
    ],
)
async def test_a_filter_is_parsed_and_never_reaches_the_database_as_words(
    collection: Collection, where: str
) -> None:
    async with connected(collection) as client:
        for name, arguments in (("search", {"query": "red"}), ("list_items", {})):
            answer = await client.call_tool(name, {**arguments, "where": where})
            if answer.is_error:
                assert error_in(answer).count("SELECT") <= where.count("SELECT")
                continue
            structured: dict[str, Any] = answer.structured_content or {}
            found = structured.get("hits", structured.get("items", []))
            assert [item["id"] for item in found] in ([], ["mine"])
        after = await client.call_tool("list_items", {})
    assert len((after.structured_content or {})["items"]) == 3


async def test_a_quote_in_a_value_is_only_a_quote(collection: Collection) -> None:
    async with connected(collection) as client:
        where = "owner = 'it''s' or owner = \"ada' or 'a' = 'a\""
        answer = await client.call_tool("list_items", {"where": where})
    assert answer.is_error or (answer.structured_content or {})["items"] == []


async def test_media_that_are_too_much_are_refused(collection: Collection) -> None:
    async with connected(collection, allow_write=True) as client:
        for value, said in (
            ("data:image/png;base64," + "A" * MAX_DATA, "it must have at most 12,582,912"),
            ("data:image/png;base64," + "A" * (MAX_DATA - 100), "What was sent"),
            (uri(bomb()), "576,000,000 pixels"),
            ("data:image/png;base64," + "\U0001f600" * 1000, "is not base64"),
            ("data:" + "," * 100_000, "must be in base64"),
        ):
            answer = error_in(await client.call_tool("search", {"image": value}))
            assert said in answer
            assert len(answer) < 500
            answer = error_in(await client.call_tool("add_item", {"data": value, "name": "a.png"}))
            assert len(answer) < 500
        listed = await client.call_tool("list_items", {})
    assert len((listed.structured_content or {})["items"]) == 3


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("search", {"query": DEEP}),
        ("search", {"query": ["red"] * 10_000}),
        ("search", {"query": "red", "k": 10**400}),
        ("search", {"query": "red", "k": 1.5}),
        ("search", {"query": "red", "min_score": "many"}),
        ("search", {"query": "red", "x" * 100_000: 1}),
        ("search", {"query": "red\ud800"}),
        ("get_item", {"id": "mine", "offset": 10**30}),
        ("get_item", {"id": "../../etc/passwd"}),
        ("get_item", {"id": "mine\x00"}),
        ("remove_item", {"id": "*"}),
        ("remove_item", {"id": ["mine", "other"]}),
        ("remove_item", {"id": "' OR 1=1 --"}),
        ("list_items", {"limit": -1}),
        ("add_item", {"text": "x", "metadata": {"a": DEEP}}),
        ("add_item", {"text": "x", "id": "a\nb"}),
        ("no_such_tool", {}),
    ],
)
async def test_arguments_of_the_wrong_kind_change_nothing(
    collection: Collection, name: str, arguments: dict[str, Any]
) -> None:
    async with connected(collection, allow_write=True) as client:
        answer = await client.call_tool(name, arguments)
        assert answer.is_error
        assert len(answer.content[0].text) < 1000  # type: ignore[union-attr]
        listed = await client.call_tool("list_items", {})
    items = (listed.structured_content or {})["items"]
    assert [item["id"] for item in items] == ["mine", "other", "picture"]


async def test_many_calls_at_once_are_answered_each(collection: Collection) -> None:
    async with connected(collection) as client:
        calls = [client.call_tool("search", {"query": f"red {n}"}) for n in range(100)]
        calls += [client.call_tool("get_item", {"id": "picture"}) for _ in range(100)]
        answers = await asyncio.gather(*calls)
    assert not any(answer.is_error for answer in answers)


async def test_a_call_that_is_given_up_leaves_the_others_alone(collection: Collection) -> None:
    async with connected(collection) as client:
        for _ in range(5):
            call = asyncio.ensure_future(client.call_tool("search", {"query": "red"}))
            await asyncio.sleep(0)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        answer = await client.call_tool("search", {"query": "red"})
    assert not answer.is_error
