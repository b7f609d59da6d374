"""Files that clients have stored are where their collection is, also after it was moved."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from http_client import add_file, client_of, png

from anysense.index.building.build import build
from anysense.index.collection import Collection
from anysense.index.folder.media import MediaFolder

if TYPE_CHECKING:
    from collections.abc import Callable

RED = png("red")


def upload(path: Path) -> None:
    with Collection.create(path, ["tiny"]) as collection, client_of(collection) as client:
        add_file(client, RED, "a.png", id="red")
        add_file(client, png("blue"), "b.png")


@pytest.fixture(params=["new", "old"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A collection with two uploads; the old one has their absolute paths in its catalog."""
    path = tmp_path / "pictures" / "a.any"
    path.parent.mkdir()
    if request.param == "new":
        upload(path)
        return path
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MediaFolder, "catalog_path", lambda media, path: path)
        upload(path)
    return path


def renamed(path: Path) -> Path:
    return path.rename(path.with_name("b.any"))


def copied(path: Path) -> Path:
    shutil.copytree(path, path.parent.parent / "backup.any")
    shutil.rmtree(path)
    return path.parent.parent / "backup.any"


def linked(path: Path) -> Path:
    target = renamed(path)
    path.with_name("link.any").symlink_to(target)
    return path.with_name("link.any")


@pytest.fixture(params=[renamed, copied, linked])
def moved(request: pytest.FixtureRequest, path: Path) -> Path:
    move: Callable[[Path], Path] = request.param
    return move(path)


def test_hits_and_items_have_paths_that_exist(moved: Path) -> None:
    with Collection.open(moved) as collection:
        [hit] = collection.search("red", k=1)
        item = collection.folder.snapshot().item("red")
        assert hit.source == item.source
        assert Path(hit.source).read_bytes() == RED
        assert Path(hit.source).parent == moved.resolve() / "media"
        assert item.aliases == []
        assert all(Path(file).is_file() for file in collection.folder.files())
        assert collection.verify().problems == []


def test_filters_take_the_path_as_it_is_now(moved: Path) -> None:
    with Collection.open(moved) as collection:
        [hit] = collection.search("red", k=1)
        for where in ({"source": hit.source}, f"source = '{hit.source}'"):
            assert [hit.id for hit in collection.search("red", where=where)] == ["red"]
        start = str(moved.resolve() / "media") + "/"
        assert len(collection.search("red", where=f"source ^= '{start}'")) == 2
        assert len(collection.search("red", where="source ^= '/nowhere/media/'")) == 0


def test_the_service_gives_takes_and_removes_them(moved: Path) -> None:
    with Collection.open(moved) as collection:
        media = collection.folder.media.path
        with client_of(collection) as client:
            assert client.get("/v1/items/red/media").content == RED
            listed = client.get("/v1/items").json()["items"]
            assert all(Path(item["source"]).parent == media for item in listed)
            again = client.post("/v1/items", files={"file": ("again.png", png("blue"))})
            assert again.status_code == 200  # it is there already
            add_file(client, png("green"), "c.png", id="red")  # in place of the red one
            assert client.delete("/v1/items/red").status_code == 200
        assert len(list(media.iterdir())) == 1
        collection.compact()
        assert collection.verify().problems == []


def test_a_build_of_the_folder_around_it_leaves_them_alone(moved: Path) -> None:
    (moved.parent / "copy.png").write_bytes(RED)
    with Collection.open(moved) as collection:
        report = build(collection, [moved.parent])
        assert (report.added, report.removed, report.duplicates) == (0, 0, 1)
        item = collection.folder.snapshot().item("red")
        assert item.aliases == [str(moved.parent.resolve() / "copy.png")]


def test_a_file_that_is_gone_is_told_and_its_item_kept(tmp_path: Path) -> None:
    upload(tmp_path / "a.any")
    moved = renamed(tmp_path / "a.any")
    with Collection.open(moved) as collection:
        [hit] = collection.search("red", k=1)
        Path(hit.source).unlink()
        [problem] = collection.verify().problems
        assert "the file of an item, is gone" in problem
        (moved.parent / "other.png").write_bytes(png("green"))
        assert build(collection, [moved.parent]).removed == 0


def test_what_merely_looks_like_a_stored_file_keeps_its_path(tmp_path: Path) -> None:
    path = tmp_path / "a.any"
    upload(path)
    other = tmp_path / "media"
    other.mkdir()
    file = other / f"{'0' * 40}.png"
    file.write_bytes(png("green"))
    with Collection.open(path) as collection:
        collection.add([file])
        [hit] = collection.search("green", k=1)
        assert hit.source == str(file)
