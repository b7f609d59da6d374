"""Small pictures of what items were made from."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from http_client import TestClient, add_file, error_of, wav
from PIL import Image

from anysense.index.showing.thumbnails import side_for

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "thumbnails"


def picture(file_format: str, orientation: int = 1) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.linear_gradient("L").resize((900, 600)).convert("RGB")
    image.save(out, file_format, exif=exif)
    return out.getvalue()


def test_a_width_becomes_one_of_a_few() -> None:
    assert [side_for(w) for w in (1, 160, 161, 1280, 4096)] == [160, 160, 320, 1280, 2048]


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_given_small_and_upright(
    client: TestClient, cache: Path, file_format: str
) -> None:
    add_file(client, picture(file_format, 6), f"a.{file_format.lower()}", id="a")
    url = "/v1/items/a/media?w=300"
    first = client.get(url)
    assert first.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(first.content)).size == (213, 320)
    assert len(list(cache.iterdir())) == 1
    assert client.get(url).content == first.content
    assert client.get(url, headers={"if-none-match": first.headers["etag"]}).status_code == 304
    since = {"if-modified-since": first.headers["last-modified"]}
    assert client.get(url, headers=since).status_code == 304


def test_what_is_no_picture_is_refused_in_a_sentence(client: TestClient) -> None:
    add_file(client, wav(110.0), "a.wav", id="a")
    add_file(client, b"some words", "a.txt", id="b")
    for name in ("a", "b"):
        response = client.get(f"/v1/items/{name}/media?w=300")
        assert (response.status_code, error_of(response)["code"]) == (415, "unsupported_media")
    assert client.get("/v1/items/red-text/media?w=300").status_code == 404
    assert client.get("/v1/items/red/media?w=0").status_code == 422


def test_a_file_that_is_another_one_has_no_thumbnail(client: TestClient, tmp_path: Path) -> None:
    url = "/v1/items/red/media?w=300"
    assert client.get(url).status_code == 200
    (tmp_path / "files" / "red.png").write_bytes(picture("PNG"))
    assert client.get(url).status_code == 410
