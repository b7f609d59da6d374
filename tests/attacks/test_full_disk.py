"""The disk of a service is full: who writes is told so, who reads is not, and nothing is lost.

What is tried is all that clients write, before there is no room, meanwhile, and after.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import psutil
import pytest
import tiny
from http_client import png
from service_process import SCRIPT, serving, wait_until_loaded

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="limits of running processes"),
]
DISK_BYTES = 24 * 1024**2
ROOM_FOR_AN_ITEM = 250_000
"""Bytes: an item of a few words takes less, and an index of thousands more."""
WORKERS = ["--workers", "2"]
LINES = "\n".join(json.dumps({"text": f"green {n} " * 100}) for n in range(40))
NDJSON = {"content-type": "application/x-ndjson"}
FORM = [("file", ("a.png", png("red"))), ("file", ("b.png", png("green")))]
OWN = [{"text": "green " * 200} for _ in range(40)]

WRITES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "text": ("POST", "/v1/items", {"json": {"text": "green " * 2000, "id": "new"}}),
    "upload": ("POST", "/v1/items", {"files": {"file": ("a.png", png("red"))}}),
    "large": ("POST", "/v1/items", {"files": {"file": ("a.txt", b"red " * 400_000)}}),
    "batch": ("POST", "/v1/items/batch", {"json": {"items": OWN}}),
    "lines": ("POST", "/v1/items/batch", {"content": LINES, "headers": NDJSON}),
    "form": ("POST", "/v1/items/batch", {"files": FORM}),
    "job": ("POST", "/v1/items/batch?wait=false", {"json": {"items": OWN}}),
    "job-lines": ("POST", "/v1/items/batch?wait=false", {"content": LINES, "headers": NDJSON}),
    "job-form": ("POST", "/v1/items?wait=false", {"files": {"file": ("a.png", png("red"))}}),
    "describe": ("PATCH", "/v1/items/red", {"json": {"metadata": {"x": "y" * 20_000}}}),
    "delete": ("DELETE", "/v1/items/low", {}),
    "delete-batch": ("POST", "/v1/items/batch/delete", {"json": {"ids": ["high"]}}),
}


class Disk(NamedTuple):
    """A folder for a collection, and how its file system gets full and has room again."""

    path: Path
    fill: Callable[..., None]
    empty: Callable[[subprocess.Popen[bytes]], None]

    def files(self) -> set[str]:
        found = (path for path in self.path.rglob("*") if path.is_file())
        return {str(path.relative_to(self.path)) for path in found}


def family(process: subprocess.Popen[bytes]) -> list[int]:
    children = psutil.Process(process.pid).children(recursive=True)
    return [process.pid, *(child.pid for child in children)]


@pytest.fixture(params=["limit", "mount"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """No file of the service may grow, its log and temporary files included; or a real disk."""
    if request.param == "limit":
        import resource

        def limit(process: subprocess.Popen[bytes], size: int) -> None:
            for pid in family(process):
                hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
                soft = hard if size < 0 else size
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))

        def fill(process: subprocess.Popen[bytes], room: int = 0) -> None:
            limit(process, room)

        yield Disk(tmp_path / "c.anysense", fill, lambda process: limit(process, -1))
        return
    mount = tmp_path / "disk"
    mount.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(mount)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a file system")

    def fill_disk(_: object, room: int = 0) -> None:
        with (mount / "filler").open("ab", buffering=0) as file:
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * 4096)
            file.truncate(file.tell() - room)

    try:
        yield Disk(mount / "c.anysense", fill_disk, lambda _: (mount / "filler").unlink())
    finally:
        subprocess.run(["umount", str(mount)], check=True)


@contextlib.contextmanager
def served(
    disk: Disk, log: Path, *options: str
) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    if not disk.path.exists():
        tiny.register()
        with Collection.create(disk.path, ["tiny"]) as collection:
            collection.add([NewItem(word, id=word) for word in ("red", "low", "high")])
            collection.publish()
    with (
        serving(disk.path, *options, log=log, program=SCRIPT) as (process, port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client,
    ):
        wait_until_loaded(str(client.base_url), log)
        yield process, client


def write(client: httpx.Client, name: str) -> httpx.Response:
    method, address, options = WRITES[name]
    return client.request(method, address, **options)


def ids(client: httpx.Client) -> set[str]:
    items = client.get("/v1/items", params={"limit": 1000}).json()["items"]
    return {item["id"] for item in items}


def until(condition: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def generations(disk: Disk) -> set[str]:
    return {path.name for path in disk.path.glob("gen-*")}


def sound(path: Path, count: int) -> None:
    with Collection.open(path) as collection:
        report = collection.verify()
        assert (report.problems, report.notes) == ([], [])
        assert collection.info()["items"] == count


@pytest.mark.parametrize("options", [[], WORKERS], ids=["one", "workers"])
def test_who_writes_is_told_so_and_who_reads_is_answered(
    disk: Disk, tmp_path: Path, options: list[str]
) -> None:
    log = tmp_path / "log"
    with served(disk, log, *options) as (process, client):
        files = {"file": ("own.png", png("blue"))}
        assert client.post("/v1/items", files=files, data={"id": "own"}).status_code == 201
        before = ids(client)
        disk.fill(process)
        kept = disk.files()
        for name in WRITES:
            answer = write(client, name)
            assert answer.status_code in (503, 507), (name, answer.text)
            error = answer.json()["error"]
            assert error["code"] in ("storage", "writer_unavailable"), name
            assert str(disk.path) not in error["message"]
            assert "No space" not in error["message"] or "see that" in error["message"]
            assert ids(client) == before, name
        assert client.get("/v1/jobs").json()["jobs"] == []
        hits = client.post("/v1/search", json={"text": "red"}).json()["hits"]
        assert hits[0]["id"] == "red"
        assert client.get("/v1/items/own/media").content == png("blue")
        assert client.get("/v1/items/own/media", params={"w": 160}).status_code == 200
        assert client.get("/ready").status_code == 200
        assert client.get("/metrics").status_code == 200
        left = {name for name in disk.files() - kept if not name.startswith("jobs/.lock")}
        assert left <= {"OWNER"}
        disk.empty(process)
        for name in WRITES:
            assert write(client, name).status_code in (200, 201, 202), name
        jobs = lambda: client.get("/v1/jobs").json()["jobs"]  # noqa: E731
        until(lambda: {job["status"] for job in jobs()} == {"done"}, log)
        assert ids(client) > (before | {"new"}) - {"low", "high"}
        count = len(ids(client))
    assert "Traceback" not in log.read_text()
    sound(disk.path, count)


def test_a_job_that_was_accepted_waits_for_room(disk: Disk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with served(disk, log) as (process, client):
        texts = [f"red {n}" for n in range(1000)]
        texts[40] = "sleep 2 red"  # so long that the disk is full before it is done
        body = {"items": [{"text": text, "id": f"j{n}"} for n, text in enumerate(texts)]}
        address = client.post("/v1/items/batch?wait=false", json=body).headers["location"]
        second = client.post("/v1/items?wait=false", json={"text": "red", "id": "second"})
        disk.fill(process)

        def job() -> dict[str, Any]:
            found: dict[str, Any] = client.get(address, params={"limit": 1}).json()
            return found

        until(lambda: job()["error"] is not None, log)
        assert (job()["status"], job()["error"]["code"]) == ("running", "storage")
        disk.empty(process)
        until(lambda: job()["status"] == "done", log)
        assert (job()["done"], job()["failed"], job()["error"]) == (1000, 0, None)
        until(lambda: client.get(second.headers["location"]).json()["status"] == "done", log)
        assert client.get("/v1/collections/current").json()["items"] == 1004
    assert "Traceback" not in log.read_text()
    sound(disk.path, 1004)


def test_a_job_that_waits_for_room_can_be_cancelled(disk: Disk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with served(disk, log) as (process, client):
        body = {"text": "sleep 2 red", "id": "never"}
        address = client.post("/v1/items?wait=false", json=body).headers["location"]
        disk.fill(process)
        until(lambda: client.get(address).json()["error"] is not None, log)
        assert client.post(f"{address}/cancel").json()["status"] == "cancelled"
        disk.empty(process)
    with served(disk, log) as (_, client):  # nor does the next service go on with it
        assert client.get("/v1/items/never").status_code == 404
        assert client.get(address).json()["status"] == "cancelled"
    assert "Traceback" not in log.read_text()


def test_it_starts_without_room_and_finds_what_is_added_when_there_is(
    disk: Disk, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with served(disk, log):
        pass
    if disk.path.parent.is_mount():
        disk.fill(None)
    with served(disk, log) as (process, client):
        if not disk.path.parent.is_mount():
            disk.fill(process)
        assert ids(client) == {"red", "low", "high"}
        assert client.post("/v1/search", json={"text": "red"}).status_code == 200
        assert write(client, "text").status_code == 507
        disk.empty(process)
        assert write(client, "text").status_code == 201
        assert ids(client) == {"red", "low", "high", "new"}
        hits = client.post("/v1/search", json={"text": "green"}).json()["hits"]
        assert hits[0]["id"] == "new"
    assert "Traceback" not in log.read_text()


def test_a_log_that_cannot_be_emptied_is_told_of_once(disk: Disk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with served(disk, log, "--writer-idle-seconds", "2") as (process, client):
        items = [{"text": f"green {n} " * 250} for n in range(300)]  # for which the catalog grows
        assert client.post("/v1/items/batch", json={"items": items}).json()["failed"] == 0
        disk.fill(process)
        time.sleep(6)  # in which it is tried a few times to give back the right to write
        disk.empty(process)
        for name in ("text", "delete"):
            assert write(client, name).status_code in (200, 201)
    text = log.read_text()
    assert text.count("Upkeep") <= 1
    assert "Traceback" not in text


def test_an_index_that_cannot_be_published_is_published_later(disk: Disk, tmp_path: Path) -> None:
    log, count = tmp_path / "log", 5000
    lines = "\n".join(json.dumps({"text": f"red {n}", "id": f"p{n}"}) for n in range(count))
    with served(disk, log, "--publish-after", f"{count + 1}") as (process, client):
        answer = client.post("/v1/items/batch", content=lines, headers=NDJSON)
        assert answer.json()["failed"] == 0
        catalog_log = disk.path / "catalog.sqlite-wal"
        until(lambda: catalog_log.stat().st_size == 0, log)  # emptied as nobody writes
        before = generations(disk)
        disk.fill(process, ROOM_FOR_AN_ITEM)
        assert client.post("/v1/items", json={"text": "blue", "id": "last"}).status_code == 201
        until(lambda: "The index cannot be published" in log.read_text(), log)
        assert generations(disk) == before
        for text, expected in (("blue", "last"), ("red 17", "p17")):
            hits = client.post("/v1/search", json={"text": text, "k": 1000}).json()["hits"]
            assert expected in {hit["id"] for hit in hits}
        disk.empty(process)
        assert client.post("/v1/items", json={"text": "blue", "id": "more"}).status_code == 201
        until(lambda: generations(disk) != before, log)
        hits = client.post("/v1/search", json={"text": "blue"}).json()["hits"]
        assert {hit["id"] for hit in hits[:2]} == {"last", "more"}
    assert "Traceback" not in log.read_text()
    sound(disk.path, 3 + count + 2)
