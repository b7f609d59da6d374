"""Paths of the service's disks: in no error, and in items only where they may be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from http_client import TestClient, add_file, client_of, error_of, png, search

from anysense.embed import errors
from anysense.embed.errors import AnysenseError
from anysense.server.http.access.key_file import changing_keys
from anysense.server.http.access.keys import SCOPES, new_key, new_secret
from anysense.server.http.privacy import bare_message, without_folders
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection

SECRET = "/srv/secret place/c.anysense"


@pytest.mark.parametrize("name", errors.__all__)
@pytest.mark.parametrize(
    "text",
    [
        "{path}/catalog.db: the disk refused (full).",
        "No item x in {path}.",
        "The file '{path}' is gone",
        "{path}",
        "it lies at file://{path}",
    ],
)
def test_no_error_tells_a_folder(name: str, text: str) -> None:
    kind = getattr(errors, name)
    for path in (SECRET, "C:\\Users\\secret\\c.anysense", "~/secret/c.anysense"):
        said = text.format(path=path)
        is_media = issubclass(kind, errors.MediaError)
        error = kind(f"{path}/a.png", f"is bad: {said}") if is_media else kind(said)
        if kind is not errors.FilterError:
            assert "secret" not in bare_message(error)


def test_what_has_no_path_is_said_as_it_is() -> None:
    for text in ("Give and/or 1/2, as at http://x/y.", "No item a/b.", "k: at most 1 / 2"):
        assert bare_message(AnysenseError(text)) == text
    filtered = errors.FilterError("source >= /home: there is no such comparison")
    assert bare_message(filtered) == str(filtered)
    assert bare_message(errors.ItemNotFoundError("No item a/b in /srv/x y.")) == "No item a/b."
    assert bare_message(errors.CorruptMediaError("mine.png", "is bad")) == "mine.png: is bad"


def test_of_files_the_names_are_told() -> None:
    aliases = ["/a/c.png", "file:///a/b.png", "http://a/b", "C:\\x\\y.png", "text:1"]
    assert without_folders({"source": "/a/b/list.csv#x/y", "aliases": aliases, "k": 1}) == {
        "source": "list.csv#x/y",
        "aliases": ["c.png", "b.png", "http://a/b", "y.png", "text:1"],
        "k": 1,
    }


@pytest.mark.parametrize(
    "settings", [Settings(show_paths=False), Settings(allowed_hosts=("*",)), Settings()]
)
def test_a_service_for_others_tells_no_folder(
    collection: Collection, tmp_path: Path, settings: Settings
) -> None:
    folder = str(tmp_path)
    with client_of(collection, settings) as client:
        add_file(client, png("#222222"), "a.png", id="up")
        texts = [
            client.get(path).text
            for path in ("/v1/items", "/v1/items/up", "/v1/items/red", "/v1/collections/current")
        ]
        texts.append(str(search(client, text="red", k=20)))
    assert all((folder in text) == (settings == Settings()) for text in texts)
    assert "red.png" in texts[0]


def test_an_item_that_is_not_there_tells_no_folder(client: TestClient, tmp_path: Path) -> None:
    for path in ("/v1/items/none", "/v1/items/none/media"):
        assert str(tmp_path) not in client.get(path).text
    assert "No item none" in str(error_of(client.get("/v1/items/none/media"))["message"])


@pytest.mark.parametrize(
    "where", ["source ^= '/srv'", "year = 1 or not (source = 'a')", {"$nor": [{"source": "/a"}]}]
)
def test_a_filter_does_not_probe_what_is_not_told(
    collection: Collection, where: str | dict[str, object]
) -> None:
    with client_of(collection, Settings(show_paths=False)) as client:
        answers = [client.post("/v1/search", json={"text": "red", "where": where})]
        if isinstance(where, str):
            answers.append(client.get("/v1/items", params={"where": where}))
        batch = client.post("/v1/search/batch", json={"searches": [{"text": "a", "where": where}]})
        allowed = client.get("/v1/items", params={"where": "metadata.source = 'a'"})
    assert [(answer.status_code, error_of(answer)["code"]) for answer in answers] == [
        (400, "filter")
    ] * len(answers)
    assert batch.json()["results"][0]["error"]["code"] == "filter"
    assert allowed.status_code == 200
    with client_of(collection, Settings()) as client:
        assert client.post("/v1/search", json={"text": "red", "where": where}).status_code == 200


def test_folders_are_told_to_keys_that_read(collection: Collection, tmp_path: Path) -> None:
    secrets = {scope: new_secret() for scope in SCOPES}
    with changing_keys(tmp_path / "keys") as keys:
        keys.extend(new_key(scope, [scope], secrets[scope]) for scope in SCOPES)
    settings = Settings(api_key_file=tmp_path / "keys", allowed_hosts=("*",))
    reading, _ = ({"authorization": f"Bearer {secrets[scope]}"} for scope in SCOPES)
    with client_of(collection, settings) as client:
        source = client.get("/v1/items/red", headers=reading).json()["source"]
        assert source.startswith("/")
        where = {"where": f"source = '{source}'"}
        assert client.get("/v1/items", params=where, headers=reading).json()["items"]


def test_a_key_that_may_not_read_learns_nothing_of_what_is_there(
    collection: Collection, tmp_path: Path
) -> None:
    secrets = {scope: new_secret() for scope in SCOPES}
    with changing_keys(tmp_path / "keys") as keys:
        keys.extend(new_key(scope, [scope], secrets[scope]) for scope in SCOPES)
    _, writing = ({"authorization": f"Bearer {secrets[scope]}"} for scope in SCOPES)
    with client_of(collection, Settings(api_key_file=tmp_path / "keys")) as client:
        files = {"file": ("a.png", png("#222222"))}
        first = client.post(
            "/v1/items", files=files, data={"metadata": '{"secret": 1}'}, headers=writing
        )
        again = client.post("/v1/items", files=files, headers=writing)
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"]
        assert (again.json()["metadata"], again.json()["segments"]) == ({}, [])
        address = f"/v1/items/{first.json()['id']}"
        patched = client.patch(address, json={"metadata": {}}, headers=writing)
        assert (patched.status_code, error_of(patched)["code"]) == (403, "insufficient_scope")
        assert client.delete(address, headers=writing).status_code == 200
