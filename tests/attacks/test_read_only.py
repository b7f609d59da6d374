"""A collection that the service may not write: it is searched, and who writes is told so."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import tiny
from http_client import png, wav
from service_process import SCRIPT, serving, wait_until_loaded

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="rights and mounts of Linux"),
]
DROP_FROM_BOUNDING_SET = 24
OVERRIDES = (1, 2)
"""The capabilities of root by which the modes of files do not count for it."""

WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/items", {"json": {"text": "green"}}),
    ("POST", "/v1/items", {"files": {"file": ("a.png", png("green"))}}),
    ("POST", "/v1/items/batch", {"json": {"items": [{"text": "green"}]}}),
    ("POST", "/v1/items?wait=false", {"json": {"text": "green"}}),
    ("POST", "/v1/items/batch?wait=false", {"files": [("file", ("a.png", png("green")))]}),
    ("PATCH", "/v1/items/red", {"json": {"metadata": {"a": 1}}}),
    ("DELETE", "/v1/items/red", {}),
    ("POST", "/v1/items/batch/delete", {"json": {"ids": ["red"]}}),
]


def as_any_user() -> None:
    """Let the modes of files count for root too, in the process that is about to begin."""
    if os.getuid() == 0:
        library = ctypes.CDLL(None, use_errno=True)
        for capability in OVERRIDES:
            library.prctl(DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A collection of texts, a picture and a sound, as a service has stored them."""
    tiny.register()
    path = tmp_path / "ground" / "c.anysense"
    path.parent.mkdir()
    with Collection.create(path, ["tiny"]) as collection:
        collection.add([NewItem(word, id=word) for word in ("red", "low")])
    with serving(path, log=tmp_path / "before") as (_, port):
        url = f"http://127.0.0.1:{port}/v1/items"
        for name, content in (("a.png", png("blue")), ("a.wav", wav(440))):
            answer = httpx.post(url, files={"file": (name, content)}, data={"id": name})
            assert answer.status_code == 201
    with Collection.open(path) as collection:
        collection.publish()
    return path


@contextlib.contextmanager
def by_modes(path: Path) -> Iterator[None]:
    entries = [path, *path.rglob("*")]
    for entry in entries:
        entry.chmod(0o555 if entry.is_dir() else 0o444)
    yield
    for entry in entries:
        if entry.exists():
            entry.chmod(0o755 if entry.is_dir() else 0o644)


@contextlib.contextmanager
def by_mount(path: Path) -> Iterator[None]:
    folder = path.parent
    words = ["mount", "--bind", "-o", "ro", str(folder), str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextlib.contextmanager
def served(
    path: Path, log: Path, *options: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    arguments = (path, *options)
    with (
        serving(
            *arguments, log=log, program=SCRIPT, environment=environment, before=as_any_user
        ) as (process, port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        wait_until_loaded(str(client.base_url), log)
        yield process, client


def found(client: httpx.Client, text: str) -> set[str]:
    hits = client.post("/v1/search", json={"text": text, "k": 100}).json()["hits"]
    return {hit["id"] for hit in hits}


@contextlib.contextmanager
def searching(client: httpx.Client, count: int) -> Iterator[None]:
    """Clients that search all the time."""
    is_over = threading.Event()

    def search() -> None:
        while not is_over.is_set():
            found(client, "red")

    with ThreadPoolExecutor(count) as pool:
        searches = [pool.submit(search) for _ in range(count)]
        try:
            yield
        finally:
            is_over.set()
        for one in searches:
            one.result()


@pytest.mark.parametrize("options", [[], ["--workers", "2"]], ids=["one", "workers"])
@pytest.mark.parametrize("close", [by_modes, by_mount])
def test_it_is_searched_and_who_writes_is_told_so(
    path: Path,
    tmp_path: Path,
    close: Callable[[Path], contextlib.AbstractContextManager[None]],
    options: list[str],
) -> None:
    log, cache = tmp_path / "log", tmp_path / "cache"
    cache.mkdir(mode=0o500)  # what is made of files cannot be kept either
    with close(path), served(path, log, *options, ANYSENSE_CACHE=str(cache)) as (_, client):
        for method, address, content in WRITES:
            answer = client.request(method, address, **content)
            assert (answer.status_code, answer.json()["error"]["code"]) == (507, "storage")
            assert str(path) not in answer.text
            assert found(client, "red") >= {"red", "a.png"}
        assert client.get("/v1/items/a.png/media").content == png("blue")
        for _ in range(2):
            assert client.get("/v1/items/a.png/media", params={"w": 160}).status_code == 200
            assert client.get("/v1/items/a.wav/waveform").status_code == 200
        assert client.get("/v1/jobs").json()["jobs"] == []
        assert client.get("/ready").json() == {"status": "ready", "reason": None}
        assert client.get("/metrics").status_code == 200
        assert "not permitted to this user" in log.read_text()
    assert "Traceback" not in log.read_text()
    assert [*cache.iterdir()] == []
    with Collection.open(path) as collection:
        assert collection.verify().problems == []
        assert collection.info()["items"] == 4


@pytest.mark.parametrize("options", [[], ["--workers", "2"]], ids=["one", "workers"])
def test_what_its_owner_writes_meanwhile_is_found(
    path: Path, tmp_path: Path, options: list[str]
) -> None:
    """Before it is written to, the catalog has no log, and is read as what nobody changes."""
    log = tmp_path / "log"
    with by_modes(path), served(path, log, *options) as (_, client):
        assert found(client, "red") >= {"red"}
        with as_owner(path), Collection.open(path) as collection:
            for number in range(20):
                collection.add([NewItem(f"green {number}", id=f"g{number}")])
                assert f"g{number}" in found(client, f"green {number}")
            collection.remove(["low"])
            assert "low" not in found(client, "low")
            collection.publish()
            assert len(found(client, "green")) == 23
        assert len(found(client, "green")) == 23  # the log is gone again
        with as_owner(path), Collection.open(path) as collection:
            collection.add([NewItem("dark", id="last")])
        assert "last" in found(client, "dark")
        assert client.get("/ready").status_code == 200
    assert "Traceback" not in log.read_text()


@contextlib.contextmanager
def as_owner(path: Path) -> Iterator[None]:
    """The folder can be written, by root as it is; the service, which has it open, asks again."""
    if os.getuid() == 0:
        yield
        return
    path.chmod(0o755)
    for entry in path.rglob("*"):
        entry.chmod(0o755 if entry.is_dir() else 0o644)
    yield


def test_a_folder_that_is_closed_and_opened_again(path: Path, tmp_path: Path) -> None:
    """As a disk that the system has made read-only after an error, and its owner has mended."""
    log = tmp_path / "log"
    with served(path, log) as (_, client):
        assert client.post("/v1/items", json={"text": "green", "id": "before"}).status_code == 201
        deadline = time.monotonic() + 60
        while (path / "OWNER").exists():  # until the right to write is given back
            assert time.monotonic() < deadline
            time.sleep(0.1)
        with searching(client, 4):
            with by_modes(path):
                answer = client.post("/v1/items", json={"text": "green", "id": "meanwhile"})
                assert answer.status_code == 507
                assert found(client, "green") >= {"before"}
                assert client.get("/ready").status_code == 200
            answer = client.post("/v1/items", json={"text": "green", "id": "busy"})
            assert answer.status_code == 201, answer.text
        assert client.post("/v1/items", json={"text": "green", "id": "after"}).status_code == 201
        assert found(client, "green") >= {"before", "busy", "after"}
        assert client.get("/v1/items/meanwhile").status_code == 404
    assert "Traceback" not in log.read_text()
