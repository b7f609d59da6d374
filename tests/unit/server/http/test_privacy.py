"""Paths of the service's disks: in no error, and in items only where they may be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from http_client import TestClient, add_file, client_of, error_of, png, search

from anysense.embed import errors
from anysense.embed.errors import AnysenseError
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
