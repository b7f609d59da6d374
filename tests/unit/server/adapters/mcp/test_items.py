"""Items over MCP: listed, looked at, added and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from http_client import DEEP, data_uri, png, stored
from mcp_client import ERAS, base64_in, connected, error_in, links_in, text_in
from mcp_types import ImageContent

from anysense.adapters.tools import MAX_DATA

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection

pytestmark = pytest.mark.asyncio
PICTURE = data_uri(png("blue"), "image/png")


def values(result: Any) -> dict[str, Any]:
    structured: dict[str, Any] = result.structured_content
    return structured


async def test_pages_of_items_are_all_of_them_in_order(collection: Collection) -> None:
    async with connected(collection) as client:
        whole = values(await client.call_tool("list_items", {"limit": 100}))
        ids, cursor = [], None
        while True:
            arguments = {"limit": 2, "cursor": cursor} if cursor else {"limit": 2}
            page = await client.call_tool("list_items", arguments)
            ids += [item["id"] for item in values(page)["items"]]
            cursor = values(page)["next_cursor"]
            assert (cursor is None) == ("There are more" not in text_in(page))
            if cursor is None:
                break
        newest = values(await client.call_tool("list_items", {"order": "-added"}))
        some = values(await client.call_tool("list_items", {"where": "year > 2020"}))
    assert whole["next_cursor"] is None
    assert ids == [item["id"] for item in whole["items"]]
    assert ids == ["notes/été 100%?#", "long", "photos/red", "photos/grün", "low"]
    assert [item["id"] for item in newest["items"]] == ids[::-1]
    assert [item["id"] for item in some["items"]] == ["notes/été 100%?#", "photos/grün"]


async def test_a_cursor_goes_with_its_filter_and_is_no_other_text(collection: Collection) -> None:
    async with connected(collection) as client:
        page = await client.call_tool("list_items", {"limit": 1})
        cursor = values(page)["next_cursor"]
        other = await client.call_tool("list_items", {"cursor": cursor, "where": "year = 1"})
        assert error_in(other).startswith("cursor: it goes with the order, filter and kinds")
        for text in ("x", "W10", cursor[:-2], "é", "'; DROP TABLE items; --", "[" * 250):
            wrong = await client.call_tool("list_items", {"cursor": text})
            assert error_in(wrong).startswith("cursor: this cursor was told by no page")
        long = await client.call_tool("list_items", {"cursor": "A" * 257})
        assert error_in(long) == "cursor: it must have at most 256 characters."


async def test_a_long_text_comes_in_parts_that_make_it_whole(
    collection: Collection, long_text: str
) -> None:
    parts, offset = [], 0
    async with connected(collection) as client:
        while offset is not None:
            result = await client.call_tool("get_item", {"id": "long", "offset": offset})
            assert len(text_in(result)) < 20_000
            parts.append(values(result)["text"])
            assert values(result)["text_length"] == len(long_text)
            offset = values(result)["next_offset"]
        past = await client.call_tool("get_item", {"id": "long", "offset": 10**7})
    assert "".join(parts) == long_text
    assert len(parts) > 1
    assert (values(past)["text"], values(past)["next_offset"]) == ("", None)


async def test_an_item_is_shown_with_what_is_said_of_it(collection: Collection) -> None:
    async with connected(collection) as client:
        picture = await client.call_tool("get_item", {"id": "photos/red"})
        sound = await client.call_tool("get_item", {"id": "low"})
        bare = await client.call_tool("get_item", {"id": "photos/red", "offset": 0})
    assert values(picture)["said_of_it"] == [{"origin": "caption", "text": "a red thing"}]
    assert values(picture)["text"] is None
    assert values(picture)["uri"] == "anysense://item/photos%2Fred"
    assert "caption: a red thing" in text_in(picture)
    assert isinstance(picture.content[-1], ImageContent)
    assert [link.name for link in links_in(sound)] == ["low"]
    assert base64_in(sound) == 0
    assert bare == picture


async def test_without_the_right_to_write_there_is_nothing_that_does(
    collection: Collection,
) -> None:
    async with connected(collection) as client:
        for name, arguments in (("add_item", {"text": "x"}), ("remove_item", {"id": "low"})):
            refused = await client.call_tool(name, arguments)
            assert refused.is_error
            assert "Unknown tool" in refused.content[0].text  # type: ignore[union-attr]
    assert sum(collection.snapshot().items_by_kind().values()) == 5


@pytest.mark.parametrize("mode", ERAS)
async def test_what_is_added_is_found_and_what_is_removed_is_not(
    collection: Collection, mode: str
) -> None:
    async with connected(collection, mode, allow_write=True) as client:
        tools = {one.name: one.annotations for one in (await client.list_tools()).tools}
        text = await client.call_tool(
            "add_item", {"text": "a blue dream", "id": "dream", "metadata": {"by": {"x": [1]}}}
        )
        file = await client.call_tool(
            "add_item", {"data": PICTURE, "name": "../../sea.png", "metadata": {"by": "Ada"}}
        )
        found = await client.call_tool("search", {"query": "blue", "k": 2})
        sea, dream = values(file)["id"], values(text)["id"]
        assert {hit["id"] for hit in values(found)["hits"]} == {"dream", sea}
        assert len(stored(collection)) == 1
        again = await client.call_tool("add_item", {"data": PICTURE, "name": "sea.png"})
        assert values(again)["id"] == sea
        for item_id in (sea, dream):
            gone = await client.call_tool("remove_item", {"id": item_id})
            assert values(gone) == {"id": item_id, "removed": True}
        found = await client.call_tool("search", {"query": "blue", "k": 2})
        assert not {hit["id"] for hit in values(found)["hits"]} & {"dream", sea}
        twice = await client.call_tool("remove_item", {"id": sea})
        assert error_in(twice) == f"No item {sea}."
    for name, hints in tools.items():
        assert hints is not None
        is_writing = name in ("add_item", "remove_item")
        assert hints.read_only_hint == (not is_writing)
        assert hints.destructive_hint == is_writing
    assert values(file)["metadata"] == {"by": "Ada", "filename": "sea.png"}
    assert stored(collection) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "Give either text, or data with a name."),
        ({"text": "x", "data": PICTURE}, "Give either text, or data with a name."),
        ({"text": ""}, "text: it must not be empty."),
        ({"text": "x", "id": "a/../b"}, "id: an id is 1 to 512 printable characters"),
        ({"text": "x", "id": "a" * 513}, "id: it must have at most 512 characters."),
        ({"text": "x", "metadata": DEEP}, "metadata: metadata is nested at most 32 deep."),
        ({"text": "x", "metadata": {"a": "x" * 300_000}}, "metadata: metadata has at most"),
        ({"text": "x", "path": "/etc/passwd"}, "path: there is no such field."),
        ({"data": "data:image/png;base64,A!A="}, "data: the data is not base64"),
        ({"data": "data:image/png,AAAA"}, "data: a data URI must be in base64"),
        (
            {"data": data_uri(b"MZ\x00\x01" * 9, "image/png"), "name": "a.exe"},
            "a.exe: is no kind of file",
        ),
        ({"data": "data:," + "A" * MAX_DATA}, "data: it must have at most 12,582,912 characters."),
    ],
)
async def test_what_cannot_be_added_is_refused_in_a_sentence(
    collection: Collection, arguments: dict[str, Any], said: str
) -> None:
    async with connected(collection, allow_write=True) as client:
        assert error_in(await client.call_tool("add_item", arguments)).startswith(said)
    assert sum(collection.snapshot().items_by_kind().values()) == 5


async def test_what_is_damaged_is_told_without_its_folder(path: Path) -> None:
    async with connected(path, allow_write=True) as client:
        for name in path.glob("catalog.sqlite*"):
            name.unlink()
        answers = [
            await client.call_tool("list_items", {}),
            await client.call_tool("add_item", {"text": "x"}),
            await client.call_tool("search", {"query": "red"}),
        ]
    for answer in answers:
        if answer.is_error:
            assert str(path.parent) not in error_in(answer)
    assert any(answer.is_error for answer in answers)
