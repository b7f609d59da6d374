"""Pictures and sounds that are kept to search by."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any

import pytest
from http_client import TestClient, client_of, data_uri, error_of, ids, png, search, wav
from media_files import page, pdf
from PIL import Image
from pydantic import SecretStr

from anysense.embed.cache import user_cache
from anysense.server.http.bodies import kept_queries
from anysense.server.http.schemas.asking.queries import KeptQueryBody
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection

GONE = f"q-{'0' * 32}"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def keep(client: TestClient, content: bytes, name: str = "a file") -> dict[str, Any]:
    answer = client.post("/v1/queries", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    KeptQueryBody.model_validate(answer.json(), extra="forbid")
    assert answer.headers["location"] == f"/v1/queries/{answer.json()['id']}"
    kept: dict[str, Any] = answer.json()
    return kept


def test_what_is_kept_searches_as_the_file_itself(client: TestClient) -> None:
    picture = keep(client, png("blue", 9), "C:\\photos\\blue.png")
    assert (picture["modality"], picture["media_type"]) == ("image", "image/png")
    assert (picture["name"], picture["bytes"]) == ("blue.png", len(png("blue", 9)))
    by_file = search(client, image=data_uri(png("blue", 9), "image/png"), k=4)
    assert search(client, upload=picture["id"], k=4) == by_file
    assert search(client, terms=[{"upload": picture["id"]}], k=4) == by_file
    sound = keep(client, wav(100))
    assert (sound["modality"], sound["media_type"].startswith("audio/")) == ("audio", True)
    terms = [{"upload": sound["id"], "weight": 2.0}, {"text": "red", "weight": -0.2}]
    assert ids(search(client, terms=terms, k=1)) in (["low"], ["low-text"])
    told = client.post("/v1/search/explain", json={"terms": terms, "id": "low"}).json()
    assert [term["weight"] for term in told["terms"]] == [2.0, -0.2]
    form = client.post("/v1/search", files={"k": (None, "4"), "upload": (None, picture["id"])})
    assert form.json()["hits"] == by_file
    batch = {"searches": [{"upload": picture["id"], "k": 4}, {"upload": GONE}]}
    found, gone = client.post("/v1/search/batch", json=batch).json()["results"]
    assert found["hits"] == by_file
    assert gone["error"]["code"] == "query_gone"


def test_pages_of_a_search_by_it_go_on(client: TestClient) -> None:
    query = {"upload": keep(client, png("red", 9))["id"], "k": 2}
    first = client.post("/v1/search", json=query).json()
    more = client.post("/v1/search", json={**query, "cursor": first["next_cursor"]}).json()
    assert set(ids(first["hits"])).isdisjoint(ids(more["hits"]))
    other = {"upload": keep(client, png("green", 9))["id"], "cursor": first["next_cursor"]}
    assert error_of(client.post("/v1/search", json=other))["param"] == "cursor"


def test_it_is_given_back(client: TestClient) -> None:
    content = png("green", 400)
    address = f"/v1/queries/{keep(client, content)['id']}"
    whole = client.get(address)
    assert (whole.content, whole.headers["content-type"]) == (content, "image/png")
    assert whole.headers["content-security-policy"] == "default-src 'none'; sandbox"
    part = client.get(address, headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, content[:4])
    same = client.get(address, headers={"if-none-match": whole.headers["etag"]})
    assert same.status_code == 304
    small = client.get(address, params={"w": 160})
    assert small.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(small.content)).size == (160, 160)
    again = client.get(address, params={"w": 160}, headers={"if-none-match": small.headers["etag"]})
    assert again.status_code == 304
    assert client.head(address).headers["content-length"] == str(len(content))
    sound = f"/v1/queries/{keep(client, wav(100))['id']}"
    assert client.get(sound).headers["content-type"] in ("audio/wav", "audio/x-wav")
    assert error_of(client.get(sound, params={"w": 160}))["code"] == "unsupported_media"


@pytest.mark.parametrize(
    "name", [GONE, "q-x", "..%2fkeys", "q-%00", f"{GONE}%2f..", "%2e%2e", "q-" + "A" * 32]
)
def test_what_is_not_kept_is_gone(client: TestClient, cache: Path, name: str) -> None:
    (cache / "queries").mkdir(parents=True)
    (cache / "keys").write_text("secret")
    answer = client.get(f"/v1/queries/{name}")
    assert answer.status_code == 404
    assert error_of(answer)["code"] in ("query_gone", "not_found")
    refused = client.post("/v1/search", json={"upload": GONE})
    error = error_of(refused)
    assert (refused.status_code, error["code"], error["param"]) == (404, "query_gone", "upload")
    assert "drop the file again" in str(error["message"])


@pytest.mark.parametrize("upload", ["x", "", "q-", "../../x", f"{GONE}\n", 3, "q-" + "A" * 32])
def test_an_upload_has_the_form_of_an_id(client: TestClient, upload: Any) -> None:
    for body in ({"upload": upload}, {"terms": [{"upload": upload}]}):
        assert client.post("/v1/search", json=body).status_code == 422


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"only words", 415, "unsupported_media"),
        (pdf([page("words")]), 415, "unsupported_media"),
        (b"", 422, "empty_media"),
        (b"\x00\x01\x02\x03" * 10, 415, "unsupported_media"),
    ],
)
def test_only_pictures_and_sounds_are_kept(
    client: TestClient, cache: Path, content: bytes, status: int, code: str
) -> None:
    refused = client.post("/v1/queries", files={"file": ("photo.png", content)})
    assert (refused.status_code, error_of(refused)["code"]) == (status, code)
    assert not list(cache.glob("queries/*"))


def test_a_form_has_one_file(client: TestClient) -> None:
    for files in ({"other": ("a", png("red"))}, {"text": (None, "words")}):
        refused = client.post("/v1/queries", files=files)
        assert (refused.status_code, error_of(refused)["code"]) == (422, "invalid_value")
    assert client.post("/v1/queries", json={"file": "x"}).status_code == 415
    assert client.get("/v1/queries").headers["allow"] == "POST"
    assert client.delete(f"/v1/queries/{GONE}").headers["allow"] == "GET, HEAD"


def test_the_oldest_go_where_there_are_too_many(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_queries, "MOST_FILES", 3)
    names = [keep(client, png(colour))["id"] for colour in ("red", "green", "blue")]
    for age, name in enumerate(names):
        os.utime(user_cache("queries", name), (1e9 + age, 1e9 + age))
    assert keep(client, png("red"))["id"] == names[0]  # which is the newest again
    names.append(keep(client, png("black"))["id"])
    kept = {name: client.get(f"/v1/queries/{name}").status_code for name in names}
    assert list(kept.values()) == [200, 404, 200, 200]
    monkeypatch.setattr(kept_queries, "MOST_BYTES", 10)
    last = keep(client, png("white"))["id"]
    assert [path.name for path in user_cache("queries").iterdir()] == [last]


def test_it_outlasts_the_service_and_is_of_no_other_user(
    client: TestClient, collection: Collection, cache: Path
) -> None:
    name = keep(client, png("red"))["id"]
    with client_of(collection, lifespan=False) as other:
        assert other.get(f"/v1/queries/{name}").content == png("red")
    assert (cache / "queries").stat().st_mode & 0o077 == 0


def test_a_cache_that_cannot_be_written_is_told(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "taken"))
    refused = client.post("/v1/queries", files={"file": ("a.png", png("red"))})
    assert (refused.status_code, error_of(refused)["code"]) == (507, "storage")


def test_it_needs_a_key_that_reads(collection: Collection) -> None:
    settings = Settings(api_key=SecretStr("a-key-for-tests"))
    with client_of(collection, settings, lifespan=False) as client:
        assert client.post("/v1/queries", files={"file": ("a", png("red"))}).status_code == 401
        assert client.get(f"/v1/queries/{GONE}").status_code == 401


def test_a_link_in_the_cache_is_not_followed(client: TestClient, cache: Path) -> None:
    name = keep(client, png("red"))["id"]
    (cache / "secret").write_bytes(png("blue"))
    path = cache / "queries" / name
    path.unlink()
    path.symlink_to(cache / "secret")
    assert client.get(f"/v1/queries/{name}").status_code == 404
