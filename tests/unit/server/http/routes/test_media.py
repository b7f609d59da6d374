"""The files of items over HTTP: what is given, and what never is."""

from __future__ import annotations

from pathlib import Path

import pytest
from http_client import (
    TestClient,
    add_file,
    client_of,
    error_of,
    png,
    stored,
    wav,
)
from parquet_files import embedded, write_parquet
from tiny_files import picture_bytes

from anysense.index.building.build import build
from anysense.index.collection import Collection
from anysense.index.types import NewItem


def test_ranges_of_a_file_are_given(client: TestClient) -> None:
    whole = wav(110.0)
    response = client.get("/v1/items/low/media")
    assert response.content == whole
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["content-type"].startswith("audio/")
    part = client.get("/v1/items/low/media", headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    tail = client.get("/v1/items/low/media", headers={"range": "bytes=-4"})
    assert (tail.status_code, tail.content) == (206, whole[-4:])
    outside = client.get("/v1/items/low/media", headers={"range": f"bytes={len(whole)}-"})
    assert (outside.status_code, error_of(outside)["code"]) == (416, "range_not_satisfiable")
    assert outside.headers["content-range"] == f"bytes */{len(whole)}"
    head = client.head("/v1/items/low/media")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(whole)))


def test_several_ranges_come_as_parts(client: TestClient) -> None:
    whole = wav(110.0)
    response = client.get("/v1/items/low/media", headers={"range": "bytes=0-3, -4"})
    assert response.status_code == 206
    kind, _, boundary = response.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/byteranges"
    assert int(response.headers["content-length"]) == len(response.content)
    _, first, last, end = response.content.split(f"--{boundary}".encode())
    assert end == b"--\r\n"
    for part, start, content in ((first, 0, whole[:4]), (last, len(whole) - 4, whole[-4:])):
        head, _, body = part.partition(b"\r\n\r\n")
        assert f"content-range: bytes {start}-{start + 3}/{len(whole)}".encode() in head
        assert body == content + b"\r\n"


def test_what_a_client_has_is_not_sent_again(client: TestClient) -> None:
    url = "/v1/items/low/media"
    first = client.get(url)
    tag, modified = first.headers["etag"], first.headers["last-modified"]
    assert tag.startswith('"')
    for headers in (
        {"if-none-match": tag},
        {"if-none-match": f'"other", W/{tag}'},
        {"if-none-match": "*"},
        {"if-modified-since": modified},
    ):
        response = client.get(url, headers=headers)
        assert (response.status_code, response.content) == (304, b""), headers
        assert response.headers["etag"] == tag
        assert "content-length" not in response.headers
    for headers in (
        {"if-none-match": '"other"'},
        {"if-none-match": '"other"', "if-modified-since": modified},
        {"if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"if-modified-since": "yesterday"},
        {"if-match": tag},
        {"range": "bytes=0-3", "if-range": '"other"'},
        {"range": "bytes=0-3", "if-range": f"W/{tag}"},
    ):
        assert client.get(url, headers=headers).content == first.content, headers
    kept = client.get(url, headers={"range": "bytes=0-3", "if-range": tag})
    assert (kept.status_code, kept.content) == (206, first.content[:4])
    failed = client.get(url, headers={"if-match": '"other"'})
    assert (failed.status_code, error_of(failed)["code"]) == (412, "precondition_failed")


@pytest.mark.parametrize("name", ["page.html", "page.txt", "page.md"])
def test_a_text_cannot_run_a_script(client: TestClient, name: str) -> None:
    content = b"<html><script>alert(1)</script><body>red</body></html>"
    item = add_file(client, content, name, id="page")
    response = client.get(f"/v1/items/{item['id']}/media")
    assert response.content == content
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in response.headers["content-security-policy"]


def test_a_file_that_became_a_page_is_not_given(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "files" / "red.png").write_bytes(b"<html><script>alert(1)</script></html>")
    response = client.get("/v1/items/red/media")
    assert (response.status_code, error_of(response)["code"]) == (410, "media_gone")


def test_a_text_item_has_no_file(client: TestClient) -> None:
    response = client.get("/v1/items/red-text/media")
    assert (response.status_code, error_of(response)["code"]) == (404, "no_media")


def test_a_text_in_a_row_of_a_table_has_no_file(
    client: TestClient, collection: Collection, tmp_path: Path
) -> None:
    table = tmp_path / "list.jsonl"
    table.write_text('{"text": "red", "id": "row"}\n')
    build(collection, [table])
    response = client.get("/v1/items/row/media")
    assert (response.status_code, error_of(response)["code"]) == (404, "no_media")
    assert "is a text in a row of" in error_of(response)["message"]


def test_a_picture_in_a_row_of_a_table_is_shown(
    client: TestClient, collection: Collection, tmp_path: Path
) -> None:
    picture = picture_bytes("blue", 31)
    cells = embedded((picture, "blue.png"))
    build(collection, [write_parquet(tmp_path / "a.parquet", image=cells, id=["row-17"])])
    response = client.get("/v1/items/row-17/media")
    assert (response.status_code, response.content) == (200, picture)
    assert response.headers["content-type"] == "image/png"
    assert client.get("/v1/items/row-17/media", params={"w": 160}).content[:2] == b"\xff\xd8"


def test_a_source_that_looks_like_a_path_is_no_file(
    client: TestClient, collection: Collection, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    collection.add([NewItem("red", id="trick", source=str(secret))])
    assert client.get("/v1/items/trick").json()["source"] == str(secret)
    response = client.get("/v1/items/trick/media")
    assert (response.status_code, error_of(response)["code"]) == (404, "no_media")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/items/../manifest.json/media",
        "/v1/items/..%2F..%2Fmanifest.json/media",
        "/v1/items/%2Fetc%2Fpasswd/media",
        "/v1/items/red%00.png/media",
    ],
)
def test_no_path_of_a_client_reaches_a_file(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code in (404, 405)
    error_of(response)


def test_a_file_that_is_gone_or_no_file_is_gone(client: TestClient, tmp_path: Path) -> None:
    path = tmp_path / "files" / "red.png"
    path.unlink()
    response = client.get("/v1/items/red/media")
    assert (response.status_code, error_of(response)["code"]) == (410, "media_gone")
    path.mkdir()
    assert client.get("/v1/items/red/media").status_code == 410


def test_stored_media_move_with_their_collection(
    client: TestClient, collection: Collection, tmp_path: Path
) -> None:
    add_file(client, png("#222222"), "a.png", id="x")
    collection.close()
    moved = tmp_path / "elsewhere.anysense"
    Path(collection.path).rename(moved)
    with Collection.open(moved) as opened, client_of(opened) as other:
        assert other.get("/v1/items/x/media").content == png("#222222")
        assert other.delete("/v1/items/x").status_code == 200
        assert stored(opened) == []
