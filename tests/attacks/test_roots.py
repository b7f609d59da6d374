"""Paths that lead out of the folders that a service may read from."""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from http_client import TestClient, client_of, error_of, ids, png, search, wav

from anysense.index.collection import Collection
from anysense.index.types import NewItem
from anysense.server.http.batches.roots import RootedFile
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSAL = "path: it is not inside of a folder that this service may read from."


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a root, and with what lies beside it."""
    root = tmp_path / "root"
    (root / "inner").mkdir(parents=True)
    (root / ".hidden").mkdir()
    (root / "red.png").write_bytes(png("red"))
    (root / "inner" / "low.wav").write_bytes(wav(110))
    (root / "inner" / "note.txt").write_text("dark high")
    (root / "secrets.env").write_text("key")
    (root / ".hidden.txt").write_text("hidden")
    (root / ".hidden" / "a.txt").write_text("hidden")
    (root / "odd [1].txt").write_text("brackets")
    (tmp_path / "root-beside").mkdir()
    for place in (tmp_path, tmp_path / "root-beside"):
        (place / "outside.txt").write_text("secret")
    return tmp_path


@pytest.fixture
def collection(home: Path) -> Iterator[Collection]:
    with Collection.create(home / "root" / "c.anysense", ["tiny"]) as collection:
        collection.add([NewItem("red", id="red-text")])
        yield collection


@pytest.fixture
def client(collection: Collection, home: Path) -> Iterator[TestClient]:
    with client_of(collection, Settings(roots=(str(home / "root"),))) as client:
        yield client


def add(client: TestClient, path: str, **more: Any) -> Any:
    return client.post("/v1/items", json={"path": path, **more})


def added_by_job(client: TestClient, path: str) -> list[dict[str, Any]]:
    location = client.post("/v1/items?wait=false", json={"path": path}).headers["location"]
    while (job := client.get(location).json())["status"] in ("queued", "running"):
        time.sleep(0.02)
    assert job["status"] == "done"
    results: list[dict[str, Any]] = job["results"]
    return results


def test_files_inside_are_indexed_where_they_lie(client: TestClient, home: Path) -> None:
    response = add(client, "inner/low.wav", id="low", metadata={"n": 1})
    assert response.status_code == 201, response.text
    assert response.headers["location"] == "/v1/items/low"
    item = response.json()
    assert item["source"] == str(home / "root" / "inner" / "low.wav")
    assert (item["kind"], item["metadata"]) == ("audio", {"n": 1})
    assert client.get("/v1/items/low/media").content == wav(110)
    assert add(client, str(home / "root" / "red.png")).status_code == 201
    assert add(client, "./odd [1].txt").json()["kind"] == "text"
    assert not (home / "root" / "c.anysense" / "media").exists()
    assert client.delete("/v1/items/low").status_code == 200
    assert (home / "root" / "inner" / "low.wav").exists()


def test_a_build_knows_what_was_added_by_path(
    client: TestClient, collection: Collection, home: Path
) -> None:
    item = add(client, "red.png").json()
    [(path, file)] = collection.folder.files().items()
    assert (path, file.item_id) == (str(home / "root" / "red.png"), item["id"])
    assert file.record.mtime_ns == Path(path).stat().st_mtime_ns
    assert collection.add([Path(path)]).ids == [item["id"]]


def test_a_copy_of_what_is_there_joins_it(client: TestClient, home: Path) -> None:
    shutil.copy(home / "root" / "red.png", home / "root" / "copy.png")
    first = add(client, "red.png").json()
    second = add(client, "copy.png", metadata={"n": 1})
    assert second.status_code == 200
    assert second.json()["id"] == first["id"]
    assert second.json()["aliases"] == [str(home / "root" / "copy.png")]
    assert second.json()["metadata"] == {"n": 1}
    again = add(client, "red.png")
    assert (again.status_code, again.json()["metadata"]) == (200, {"n": 1})


OUTSIDE = [
    "../outside.txt",
    "inner/../../outside.txt",
    "inner/../red.png",
    "..",
    "/etc/passwd",
    "/etc/no-such-file",
    "//etc/passwd",
    "/",
    "~/.ssh/id_rsa.txt",
    "red.png\0.txt",
    "\0",
    "red\n.png",
    "\ud800.png",
    "/proc/self/environ",
    "/dev/fd/0",
    "link-out.txt",
    "link-missing.txt",
    "linked/outside.txt",
    "linked/no-such.txt",
    "chain.txt",
    "proc/self/environ",
    "../root-beside/outside.txt",
    "{beside}/outside.txt",
    "{root}/../outside.txt",
    "{root}-beside/outside.txt",
    ".hidden.txt",
    ".hidden/a.txt",
    "to-hidden.txt",
    "c.anysense/catalog.sqlite",
    "c.anysense/media/a.txt",
    "to-collection/manifest.json",
    "file:///etc/passwd",
    "http://127.0.0.1/a.txt",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_what_is_not_inside_is_refused_in_one_way(
    client: TestClient, home: Path, path: str
) -> None:
    root = home / "root"
    (root / "link-out.txt").symlink_to(home / "outside.txt")
    (root / "link-missing.txt").symlink_to(home / "missing.txt")
    (root / "linked").symlink_to(home)
    (root / "chain.txt").symlink_to(root / "link-out.txt")
    (root / "proc").symlink_to("/proc")
    (root / "to-hidden.txt").symlink_to(root / ".hidden.txt")
    (root / "to-collection").symlink_to(root / "c.anysense")
    path = path.replace("{root}", str(root)).replace("{beside}", str(home / "root-beside"))
    body = json.dumps({"path": path})
    response = client.post("/v1/items", content=body, headers={"content-type": "application/json"})
    if "\ud800" in path and response.status_code == 400:
        return  # half a surrogate pair is no JSON
    is_inside = path.startswith(("file:", "http:"))  # names like others, that are not there
    assert response.status_code == (404 if is_inside else 403), response.text
    error = error_of(response)
    assert is_inside or error["message"] == REFUSAL
    results = added_by_job(client, path)
    del error["request_id"]  # of the request as a whole
    assert [r["error"] for r in results] == [error]
    assert client.get("/v1/collections/current").json()["items"] == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("no-such-file.txt", 404),
        ("inner/no/such.txt", 404),
        ("red.png/a.txt", 404),
        ("a" * 300 + ".txt", 404),
        ("secrets.env", 415),
        ("inner", 422),
        (".", 422),
        ("pipe.txt", 404),
        ("socket.txt", 404),
        ("empty.txt", 422),
        ("loop.txt", 404),
        ("*.txt", 404),
        ("", 422),
        ("a" * 5000, 422),
    ],
)
def test_what_is_inside_and_no_file_is_told(
    client: TestClient, home: Path, path: str, status: int
) -> None:
    root = home / "root"
    os.mkfifo(root / "pipe.txt")
    (root / "empty.txt").touch()
    (root / "loop.txt").symlink_to("loop.txt")
    with socket.socket(socket.AF_UNIX) as listener:
        folder = os.open(root, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{folder}/socket.txt")  # as its own path may be too long
        os.close(folder)
        response = add(client, path)
    assert response.status_code == status, response.text
    assert str(home) not in error_of(response)["message"]
    assert client.get("/v1/collections/current").json()["items"] == 1


def test_without_roots_every_path_is_refused(collection: Collection) -> None:
    with client_of(collection) as client:
        for path in ("red.png", "/etc/passwd", "no-such-file"):
            response = add(client, path)
            assert (response.status_code, error_of(response)["code"]) == (403, "path_not_allowed")
            assert "--root" in error_of(response)["message"]


def test_links_that_stay_inside_are_followed(client: TestClient, home: Path) -> None:
    (home / "root" / "link.png").symlink_to(home / "root" / "red.png")
    (home / "root" / "way").symlink_to(home / "root" / "inner")
    assert add(client, "link.png").json()["source"] == str(home / "root" / "red.png")
    assert add(client, "way/note.txt").status_code == 201


def test_a_folder_and_a_glob_become_jobs(client: TestClient, home: Path) -> None:
    (home / "root" / "inner" / "link-out.txt").symlink_to(home / "outside.txt")
    (home / "root" / "linked").symlink_to(home)
    assert len(added_by_job(client, "inner/*.wav")) == 1
    results = added_by_job(client, ".")
    assert (
        sorted(r["status"] for r in results) == [200, 201, 201, 201]
        or sorted(r["status"] for r in results) == [201] * 4
    )
    found = client.get("/v1/items").json()["items"]
    sources = {Path(item["source"]).name for item in found}
    assert sources == {"red.png", "low.wav", "note.txt", "odd [1].txt", "text:red-text"}
    [empty] = added_by_job(client, "inner/*.jpg")
    assert empty["status"] == 404
    for outside in ("../*", "/etc/*", "{x}/../../*", "/*/passwd"):
        [refused] = added_by_job(client, outside)
        assert refused["status"] in (403, 404)
        assert str(home) not in refused["error"]["message"]


def test_a_file_that_is_exchanged_after_the_check_is_not_read(
    client: TestClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its opening and its reading the path is made a link to what lies outside."""
    path = home / "root" / "inner" / "note.txt"
    copy_to = RootedFile.copy_to

    def exchange(file: RootedFile, stem: Path) -> Any:
        path.unlink()
        path.symlink_to(home / "outside.txt")
        return copy_to(file, stem)

    monkeypatch.setattr(RootedFile, "copy_to", exchange)
    assert add(client, "inner/note.txt", id="n").status_code == 201
    [segment] = client.get("/v1/items/n").json()["segments"]
    assert segment["text"] == "dark high"


def test_no_file_from_outside_gets_in_however_folders_are_exchanged(
    client: TestClient, home: Path
) -> None:
    """A folder of the root becomes a link to one outside and back, again and again."""
    root, outside = home / "root", home / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("secret")
    (root / "moving").mkdir()
    (root / "moving" / "a.txt").write_text("dark")
    is_over = threading.Event()

    def exchange() -> None:
        while not is_over.is_set():
            (root / "moving").rename(root / "aside")
            (root / "moving").symlink_to(outside)
            (root / "moving").unlink()
            (root / "aside").rename(root / "moving")

    thread = threading.Thread(target=exchange)
    thread.start()
    statuses = set()
    try:
        for n in range(300):
            statuses.add(add(client, "moving/a.txt", id=f"m{n % 3}").status_code)
    finally:
        is_over.set()
        thread.join()
    assert statuses <= {201, 403, 404}
    assert 201 in statuses
    hits = search(client, text="secret", k=20)
    assert all(hit["text"] != "secret" for hit in hits)
    assert "red-text" in ids(hits)
