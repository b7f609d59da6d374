"""Items and the collection as resources, by addresses that clients may write as they like."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from mcp import MCPError
from mcp_client import ERAS, connected
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS
from PIL import Image

from anysense.index.types import NewItem

if TYPE_CHECKING:
    from pathlib import Path

    from mcp import Client

    from anysense.index.collection import Collection

pytestmark = pytest.mark.asyncio


async def read(client: Client, uri: str) -> Any:
    [content] = (await client.read_resource(uri)).contents
    assert content.uri == uri
    return content


async def refusal(client: Client, uri: str) -> tuple[int, str]:
    try:
        await client.read_resource(uri)
    except MCPError as error:
        return error.error.code, error.error.message
    raise AssertionError(f"{uri} was read")


@pytest.mark.parametrize("mode", ERAS)
async def test_the_collection_is_listed_and_its_items_have_templates(
    collection: Collection, mode: str
) -> None:
    async with connected(collection, mode) as client:
        [listed] = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        facts = await read(client, listed.uri)
    assert listed.uri == "anysense://collection"
    assert [one.uri_template for one in templates] == [
        "anysense://item/{id}",
        "anysense://item/{id}/thumbnail",
    ]
    assert facts.mime_type == "application/json"
    told = json.loads(facts.text)
    assert told["items_by_kind"] == {"audio": 1, "image": 2, "text": 2}
    assert "path" not in told


@pytest.mark.parametrize("mode", ERAS)
async def test_an_item_is_its_text_or_its_file(
    collection: Collection, media: Path, mode: str
) -> None:
    async with connected(collection, mode) as client:
        text = await read(client, f"anysense://item/{quote('notes/été 100%?#', safe='')}")
        picture = await read(client, "anysense://item/photos%2Fgr%C3%BCn")
        sound = await read(client, "anysense://item/low")
        small = await read(client, "anysense://item/photos%2Fred/thumbnail")
    assert (text.text, text.mime_type) == ("a red note", "text/plain")
    assert base64.b64decode(picture.blob) == (media / "green.png").read_bytes()
    assert (picture.mime_type, sound.mime_type) == ("image/png", "audio/wav")
    assert small.mime_type == "image/jpeg"
    assert Image.open(io.BytesIO(base64.b64decode(small.blob))).size == (640, 640)


async def test_every_id_that_an_item_may_have_is_read_by_its_address(
    collection: Collection,
) -> None:
    ids = ["a/thumbnail", "https://x.example/a?b=c#d", "c:\\d", "日本 語", "{id}", "a&b,c;d", "%2F"]
    collection.add([NewItem(f"red {number}", id=name) for number, name in enumerate(ids)])
    async with connected(collection) as client:
        listed = await client.call_tool("list_items", {"where": "source ^= 'text:'", "limit": 100})
        uris = {item["id"]: item["uri"] for item in listed.structured_content["items"]}  # type: ignore[index]
        for number, name in enumerate(ids):
            assert (await read(client, uris[name])).text == f"red {number}"


@pytest.mark.parametrize(
    "uri",
    [
        "anysense://item/nothing",
        "anysense://item/nothing/thumbnail",
        "anysense://item/",
        "anysense://item/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "anysense://item/photos/red",
        "anysense://item/low/media",
        "anysense://item/%FF%FE",
        "anysense://item/" + "a" * 9000,
        "anysense://collections",
        "file:///etc/passwd",
        "http://169.254.169.254/",
    ],
)
async def test_what_is_no_resource_is_not_found(collection: Collection, uri: str) -> None:
    async with connected(collection) as client:
        code, message = await refusal(client, uri)
    assert code == INVALID_PARAMS
    assert "root:" not in message
    assert len(message) < 1000


async def test_what_is_too_large_is_refused_with_what_to_do(
    collection: Collection, media: Path
) -> None:
    size = (media / "red.png").stat().st_size
    async with connected(collection, resource_bytes=size - 1) as client:
        picture = await refusal(client, "anysense://item/photos%2Fred")
        text = await refusal(client, "anysense://item/long")
        small = await read(client, "anysense://item/photos%2Fred/thumbnail")
    assert picture == (
        INTERNAL_ERROR,
        f"The image photos/red has {size:,} bytes, and this server gives at most {size - 1:,}; "
        "anysense://item/photos%2Fred/thumbnail is a small picture of it.",
    )
    assert "get_item gives its text in parts" in text[1]
    assert small.blob
    async with connected(collection, resource_bytes=size) as client:
        assert (await read(client, "anysense://item/photos%2Fred")).blob


async def test_a_file_that_is_gone_or_another_one_is_not_given(
    collection: Collection, media: Path
) -> None:
    (media / "red.png").write_bytes(b"secret")
    (media / "low.wav").unlink()
    (media / "low.wav").symlink_to("/etc/passwd")
    async with connected(collection) as client:
        for name in ("photos%2Fred", "photos%2Fred/thumbnail", "low"):
            code, message = await refusal(client, f"anysense://item/{name}")
            assert code == INVALID_PARAMS
            assert "is gone, or is not the one that was added" in message
            assert str(media) not in message
        code, message = await refusal(client, "anysense://item/long/thumbnail")
        assert "was not made from a file" in message
