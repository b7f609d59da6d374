"""The folder of a collection is replaced under a running service: nothing goes nowhere."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tiny
from http_client import TestClient, client_of, error_of, ids, png, search

from anysense.embed.encoders.registry import register_encoder
from anysense.index.catalog.writer import CatalogWriter
from anysense.index.collection import Collection
from anysense.index.folder.lock import LOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="open files stay in their place")


def put_back(path: Path, backup: Path) -> None:
    """As `rm -r` and `cp -r` do."""
    shutil.rmtree(path)
    shutil.copytree(backup, path)


def swap(path: Path, backup: Path) -> None:
    """As two `mv` do."""
    path.rename(path.with_name("former"))
    shutil.copytree(backup, path)


def link(path: Path, backup: Path) -> None:
    """A symbolic link to the backup takes the place of the folder."""
    path.rename(path.with_name("former"))
    path.symlink_to(backup, target_is_directory=True)


def link_to_itself(path: Path, backup: Path) -> None:
    """The folder is moved, and a link in its place leads to where it is now."""
    path.rename(path.with_name("former"))
    path.symlink_to(path.with_name("former"), target_is_directory=True)


def overwrite(path: Path, backup: Path) -> None:
    """As `cp` does over files that are there: they keep their inodes."""
    for name in ("catalog.sqlite", "manifest.json", "VERIFIED", "ACKNOWLEDGED"):
        (path / name).write_bytes((backup / name).read_bytes())


def remove_log(path: Path, backup: Path) -> None:
    (path / "catalog.sqlite-wal").unlink()


def remove_log_and_memory(path: Path, backup: Path) -> None:
    (path / "catalog.sqlite-wal").unlink()
    (path / "catalog.sqlite-shm").unlink()


def remove_lock(path: Path, backup: Path) -> None:
    (path / LOCK).unlink()


REPLACEMENTS = [put_back, swap, link, link_to_itself, overwrite, remove_log]
REPLACEMENTS += [remove_log_and_memory, remove_lock]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A collection with a backup beside it; both have one item."""
    path = tmp_path / "c.anysense"
    with Collection.create(path, ["tiny"]) as collection, client_of(collection) as client:
        assert client.post("/v1/items", json={"text": "red", "id": "old"}).status_code == 201
    shutil.copytree(path, tmp_path / "backup")
    return path


@pytest.fixture
def client(path: Path) -> Iterator[TestClient]:
    """A client of a service that has the right to write, and has written."""
    with Collection.open(path) as collection, client_of(collection) as client:
        assert client.post("/v1/items", json={"text": "blue", "id": "new"}).status_code == 201
        assert ids(search(client, text="blue", k=1)) == ["new"]
        yield client


def write_all(client: TestClient) -> list[str]:
    """Writes of every kind; the ids of the items whose writes were acknowledged."""
    written = []
    for number in range(3):
        body = {"text": f"green {number}", "id": f"t{number}"}
        files = {"file": ("a.png", png(f"#00000{number}"))}
        for answer in (
            client.post("/v1/items", json=body),
            client.post("/v1/items", files=files, data={"id": f"f{number}"}),
        ):
            if answer.status_code == 201:
                written.append(answer.json()["id"])
            else:
                assert answer.status_code == 503, answer.text
                assert error_of(answer)["code"] in ("collection_replaced", "collection_locked")
    return written


@pytest.mark.parametrize("replace", REPLACEMENTS, ids=lambda replace: replace.__name__)
def test_a_write_is_acknowledged_only_if_it_can_be_found(
    client: TestClient, path: Path, tmp_path: Path, replace: Callable[[Path, Path], None]
) -> None:
    replace(path, tmp_path / "backup")
    written = write_all(client)
    assert len(written) >= 4  # it goes on with what is there now
    assert client.get("/ready").status_code == 200
    assert search(client, text="green", k=10)
    with Collection.open(path) as other:
        assert other.verify().problems == []
        for name in written:
            item = other.snapshot().item(name)
            assert item.kind == "text" or Path(item.source).is_file()
    if replace in (link_to_itself, remove_log, remove_log_and_memory, remove_lock):
        assert client.get("/v1/items/new").status_code == 200  # it is the same collection


@pytest.mark.parametrize("replace", REPLACEMENTS, ids=lambda replace: replace.__name__)
def test_a_replacement_just_before_the_commit_is_noticed(
    client: TestClient,
    path: Path,
    tmp_path: Path,
    replace: Callable[[Path, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = CatalogWriter.write

    def late(self: CatalogWriter, *arguments: Any, **options: Any) -> None:
        monkeypatch.undo()
        replace(path, tmp_path / "backup")
        write(self, *arguments, **options)

    monkeypatch.setattr(CatalogWriter, "write", late)
    answer = client.post("/v1/items", json={"text": "green", "id": "late"})
    if replace is not link_to_itself:
        assert answer.status_code == 503
        assert error_of(answer)["code"] == "collection_replaced"
        assert answer.headers["retry-after"] == "1"
    written = write_all(client)
    assert len(written) >= 4
    with Collection.open(path) as other:
        assert other.verify().problems == []
        assert other.folder.existing(written) == set(written)


def test_a_folder_that_is_gone_is_told(client: TestClient, path: Path) -> None:
    path.rename(path.with_name("away"))
    for method, address in (("POST", "/v1/items"), ("DELETE", "/v1/items/old")):
        answer = client.request(method, address, json={"text": "green"})
        assert answer.status_code == 503, answer.text
    ready = client.get("/ready")
    assert ready.status_code == 503
    assert ready.json()["reason"]
    path.with_name("away").rename(path)
    assert client.get("/ready").status_code == 200
    assert client.post("/v1/items", json={"text": "green"}).status_code == 201
    assert client.get("/v1/items/new").status_code == 200


def test_searches_see_the_folder_that_is_there_now(
    client: TestClient, path: Path, tmp_path: Path
) -> None:
    first = client.post("/v1/search", json={"text": "blue", "k": 1}).json()
    put_back(path, tmp_path / "backup")
    assert ids(search(client, text="blue", k=5)) == ["old"]
    assert client.get("/v1/items/new").status_code == 404
    body = {"text": "blue", "k": 1, "offset": 1, "state": first["state"]}
    assert client.post("/v1/search", json=body).status_code == 410


def test_another_collection_with_other_encoders_is_not_taken_for_it(
    client: TestClient, path: Path
) -> None:
    register_encoder("other", lambda *_: tiny.TinyEncoder("other"))
    shutil.rmtree(path)
    with Collection.create(path, ["other"]):
        pass
    answer = client.post("/v1/items", json={"text": "green"})
    assert (answer.status_code, error_of(answer)["code"]) == (503, "incompatible_collection")
    assert client.get("/ready").status_code == 503
