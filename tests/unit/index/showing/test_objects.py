"""The objects that items were made from, shown: in Python, and over HTTP where that is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from http_client import client_of, error_of, png, wav
from memory_storage import MemoryStorage

from anysense.embed.errors import MediaGoneError
from anysense.index.building.build import build
from anysense.index.collection import Collection
from anysense.index.showing.reader import CollectionReader
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENTS = {"red.png": png("red", 300), "low.wav": wav(110.0, 3.0)}


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> MemoryStorage:
    storage = MemoryStorage().installed(monkeypatch)
    storage.fill("media", CONTENTS)
    return storage


@pytest.fixture
def collection(tmp_path: Path, storage: MemoryStorage) -> Iterator[Collection]:
    with Collection.create(tmp_path / "collection", ("tiny",)) as created:
        build(created, ["gs://media"])
        yield created


def item_id(collection: Collection, name: str) -> str:
    return collection.folder.files()[f"gs://media/{name}"].item_id


def test_hits_have_their_objects(collection: Collection, storage: MemoryStorage) -> None:
    reader = CollectionReader(collection.folder)
    picture = reader.media(item_id(collection, "red.png"))
    assert (picture.data, picture.mime_type, picture.name) == (
        CONTENTS["red.png"],
        "image/png",
        "red.png",
    )
    assert reader.thumbnail(item_id(collection, "red.png"), 160).data.startswith(b"\xff\xd8")
    assert reader.clip(item_id(collection, "low.wav"), 1.0, 2.0).data.startswith(b"RIFF")
    hit = collection.search("red", k=1, modalities=["image"])[0]
    assert hit.media().data == CONTENTS["red.png"]


def test_another_object_or_none_is_not_shown(
    collection: Collection, storage: MemoryStorage
) -> None:
    reader, picture = CollectionReader(collection.folder), item_id(collection, "red.png")
    storage.fill("media", {"red.png": png("blue", 300)})
    with pytest.raises(MediaGoneError, match="is gone, or is not the one"):
        reader.media(picture)
    storage.files.rm_file("/media/red.png")
    with pytest.raises(MediaGoneError, match="is gone, or is not the one"):
        reader.media(picture)
    storage.failure = ConnectionError("hunter2")
    with pytest.raises(MediaGoneError, match=r"^red\.png is in storage that cannot be reached"):
        reader.media(picture)


def test_a_service_asks_for_objects_only_if_it_is_told_to(
    collection: Collection, storage: MemoryStorage
) -> None:
    sound, picture = item_id(collection, "low.wav"), item_id(collection, "red.png")
    asked = (list(storage.reads), list(storage.looks))
    with client_of(collection) as client:
        for path in (f"{sound}/media", f"{sound}/waveform", f"{picture}/media?w=160"):
            refused = client.get(f"/v1/items/{path}")
            assert refused.status_code == 404
            assert "is an object in storage, which is not asked" in error_of(refused)["message"]
    assert (storage.reads, storage.looks) == asked
    with client_of(collection, Settings(reach_objects=True)) as client:
        url = f"/v1/items/{sound}/media"
        whole = client.get(url)
        assert (whole.status_code, whole.content) == (200, CONTENTS["low.wav"])
        assert whole.headers["content-type"].startswith("audio/")
        part = client.get(url, headers={"range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, CONTENTS["low.wav"][100:200])
        again = client.get(url, headers={"if-none-match": whole.headers["etag"]})
        assert again.status_code == 304
        assert client.get(f"/v1/items/{sound}/waveform").status_code == 200
        assert client.get(f"/v1/items/{picture}/media?w=160").content.startswith(b"\xff\xd8")
