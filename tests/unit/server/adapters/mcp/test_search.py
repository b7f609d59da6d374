"""Searching over MCP: what is found, what is shown of it, and how much base64 that is."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import pytest
from http_client import data_uri, png, wav
from mcp_client import ERAS, base64_in, connected, error_in, links_in, text_in
from mcp_types import AudioContent, ImageContent
from PIL import Image

from anysense.adapters.mcp.api import Api
from anysense.adapters.tools import definitions
from anysense.embed.errors import MediaError
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection

pytestmark = pytest.mark.asyncio


def ids_in(result: Any) -> list[str]:
    return [hit["id"] for hit in result.structured_content["hits"]]


@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_of_either_era_sees_the_tools_and_searches(
    collection: Collection, mode: str
) -> None:
    async with connected(collection, mode) as client:
        tools = (await client.list_tools()).tools
        found = await client.call_tool("search", {"query": "red", "k": 2})
    assert [one.name for one in tools] == ["search", "get_item", "list_items"]
    for one, definition in zip(tools, definitions(), strict=True):
        assert one.input_schema == definition.schema
        assert one.output_schema is not None
        assert one.annotations is not None
        assert one.annotations.read_only_hint
        assert not one.annotations.destructive_hint
    assert set(ids_in(found)) == {"notes/été 100%?#", "photos/red"}
    assert found.structured_content is not None
    assert found.structured_content["no_match"] is False


async def test_the_instructions_say_what_is_there_and_how_scores_read(
    collection: Collection,
) -> None:
    async with connected(collection) as client:
        instructions = client.instructions
    assert instructions is not None
    assert "5 items (1 audio, 2 image, 2 text)" in instructions
    assert "one in 100 scores 2 or more" in instructions
    assert "added and removed" not in instructions


async def test_the_words_number_and_cite_the_hits(collection: Collection) -> None:
    async with connected(collection) as client:
        found = await client.call_tool("search", {"query": "red", "k": 3})
    hits = found.structured_content["hits"]  # type: ignore[index]
    words = text_in(found)
    for number, hit in enumerate(hits, 1):
        assert hit["number"] == number
        assert f"[{number}] " in words
        assert hit["source"] in words
        assert f"score {hit['score']:.2f}" in words
    assert "\na red note\n" in words
    assert "[1] " + hits[0]["id"] in words.splitlines()[-2]


async def test_pictures_and_sounds_are_shown_small_and_behind_their_numbers(
    collection: Collection,
) -> None:
    async with connected(collection) as client:
        picture = await client.call_tool(
            "search", {"query": "red", "modalities": ["image"], "k": 1}
        )
        sound = await client.call_tool("search", {"query": "low", "modalities": ["audio"]})
    _, label, image = picture.content
    assert isinstance(image, ImageContent)
    assert image.mime_type == "image/jpeg"
    assert label.text.endswith("red.png:")  # type: ignore[union-attr]
    assert Image.open(io.BytesIO(base64.b64decode(image.data))).size == (640, 640)
    _, _, clip = sound.content
    assert isinstance(clip, AudioContent)
    assert clip.mime_type == "audio/wav"
    assert base64.b64decode(clip.data)[:4] == b"RIFF"
    assert "Shown below: [1]." in text_in(sound)


@pytest.mark.parametrize("budget", [0, 4000, 10_000, 30_000, 60_000])
async def test_no_answer_has_more_base64_than_its_budget(
    collection: Collection, budget: int
) -> None:
    async with connected(collection, media_bytes=budget) as client:
        found = await client.call_tool("search", {"query": "red green low", "k": 50})
    shown = sum(isinstance(block, ImageContent | AudioContent) for block in found.content)
    links = links_in(found)
    assert base64_in(found) <= budget
    assert shown + len(links) == 3
    assert (shown > 0) == (budget >= 10_000)
    words = text_in(found)
    assert ("Linked: " in words) == bool(links)
    assert ("Shown below: " in words) == bool(shown)


async def test_a_page_that_matched_is_shown_and_its_document_linked(
    collection: Collection, tmp_path: Path
) -> None:
    white, blue = (Image.new("RGB", (400, 300), colour) for colour in ("white", "blue"))
    blue.paste("black", (300, 200, 350, 250))  # a page of one colour is blank
    white.save(tmp_path / "two.pdf", save_all=True, append_images=[blue])
    size = (tmp_path / "two.pdf").stat().st_size
    assert collection.add([NewItem(tmp_path / "two.pdf", id="pdf")]).failed == []
    query = {"query": "blue", "k": 1, "modalities": ["image"]}
    async with connected(collection) as client:
        shown = await client.call_tool("search", query)
        item = await client.call_tool("get_item", {"id": "pdf"})
        [file] = (await client.read_resource("anysense://item/pdf")).contents
    assert shown.structured_content["hits"][0]["page"] == 2  # type: ignore[index]
    _, label, page = shown.content
    assert label.text.endswith("two.pdf, page 2:")  # type: ignore[union-attr]
    assert isinstance(page, ImageContent)
    red, _, most = Image.open(io.BytesIO(base64.b64decode(page.data))).getpixel((9, 9))  # type: ignore[misc]
    assert red < 50 < 200 < most
    [link] = links_in(item)
    assert (link.mime_type, link.size, file.mime_type) == ("application/pdf", size, link.mime_type)


async def test_links_tell_what_is_behind_them(collection: Collection, media: Path) -> None:
    async with connected(collection, media_bytes=0) as client:
        found = await client.call_tool("search", {"query": "red green low"})
        links = {link.name: link for link in links_in(found)}
        for name, file, mime_type in (
            ("photos/red", "red.png", "image/png"),
            ("low", "low.wav", "audio/wav"),
        ):
            content = (media / file).read_bytes()
            assert (links[name].mime_type, links[name].size) == (mime_type, len(content))
            [read] = (await client.read_resource(links[name].uri)).contents
            assert base64.b64decode(read.blob) == content  # type: ignore[union-attr]


async def test_a_file_that_is_gone_is_told_and_stops_nothing(
    collection: Collection, media: Path
) -> None:
    (media / "red.png").unlink()
    async with connected(collection) as client:
        found = await client.call_tool("search", {"query": "red"})
    [number] = [
        hit["number"] for hit in found.structured_content["hits"] if hit["id"] == "photos/red"
    ]  # type: ignore[index]
    assert f"Not given: [{number}] (The file of the item photos/red is gone" in text_in(found)
    assert any(isinstance(block, ImageContent) for block in found.content)


async def test_what_cannot_be_made_small_is_linked(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(self: Api, *_: Any) -> bytes:
        raise MediaError("red.png", "cannot be read")

    monkeypatch.setattr(Api, "thumbnail", refuse)
    async with connected(collection) as client:
        query = {"query": "red", "modalities": ["image"], "k": 1}
        found = await client.call_tool("search", query)
    assert [link.name for link in links_in(found)] == ["photos/red"]
    assert "Linked: [1]." in text_in(found)


async def test_every_kind_of_query_finds(collection: Collection) -> None:
    async with connected(collection) as client:
        for query, best in (
            ({"image": data_uri(png("green"), "image/png")}, "photos/grün"),
            ({"audio": data_uri(wav(110.0), "audio/wav")}, "low"),
            ({"like": "notes/été 100%?#"}, "photos/red"),
        ):
            found = await client.call_tool("search", {**query, "k": 1})
            assert ids_in(found) == [best]


async def test_filters_and_scores_narrow_the_hits(collection: Collection) -> None:
    async with connected(collection) as client:
        found = await client.call_tool("search", {"query": "red", "where": "year >= 2022"})
        assert ids_in(found) == ["photos/grün"]
        found = await client.call_tool("search", {"query": "red", "min_score": 1000})
        assert ids_in(found) == []
        assert text_in(found) == "Nothing found."


async def test_long_metadata_are_left_out_by_name(collection: Collection) -> None:
    async with connected(collection) as client:
        found = await client.call_tool("search", {"query": "green", "where": "id = 'long'"})
        item = await client.call_tool("get_item", {"id": "long"})
    [hit] = found.structured_content["hits"]  # type: ignore[index]
    assert hit["metadata"] == {"year": 2020}
    assert hit["metadata_left_out"] == ["big"]
    assert item.structured_content["metadata"]["big"] == "x" * 5000  # type: ignore[index]


async def test_folders_are_told_only_if_that_is_wanted(collection: Collection) -> None:
    for show_paths in (True, False):
        async with connected(collection, show_paths=show_paths) as client:
            answers = [
                await client.call_tool("search", {"query": "red"}),
                await client.call_tool("list_items", {}),
                await client.call_tool("get_item", {"id": "photos/red"}),
            ]
            facts = await client.read_resource("anysense://collection")
        for answer in answers:
            assert ("secret-folder" in answer.model_dump_json()) == show_paths
            assert "red.png" in answer.model_dump_json()
        assert "things.anysense" not in facts.model_dump_json()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "Give query, image, audio or like to search by."),
        ({"query": "red", "k": 51}, "k: it must be at most 50."),
        ({"query": "red", "colour": "red"}, "colour: there is no such field."),
        ({"query": "..."}, "The text of a query"),
        ({"like": "nothing"}, "No item nothing."),
        ({"query": "red", "where": "year ="}, "The filter 'year =' cannot be read"),
        ({"image": "data:image/png;base64,!!!"}, "image: the data is not base64"),
        ({"image": data_uri(b"no picture at all", "image/png")}, "What was sent"),
    ],
)
async def test_what_is_wrong_is_said_in_a_sentence(
    collection: Collection, arguments: dict[str, Any], said: str
) -> None:
    async with connected(collection) as client:
        assert error_in(await client.call_tool("search", arguments)).startswith(said)
