"""A service of several processes: what is written is found, and whoever is killed comes back."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import psutil
import pytest
import tiny
from http_client import png
from service_process import free_port, process_environment

from anysense.embed.errors import AnysenseError, UsageError
from anysense.index.collection import Collection
from anysense.index.types import NewItem
from anysense.server.http.access.key_file import changing_keys
from anysense.server.http.access.keys import new_key
from anysense.server.http.serving import serve
from anysense.server.http.settings import Settings
from anysense.server.http.workers.supervisor import serve_in_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="sockets of Unix"),
]
SCRIPT = Path(__file__).parents[1] / "support" / "serve_tiny.py"


class Service(NamedTuple):
    process: subprocess.Popen[bytes]
    url: str
    path: Path
    log: Path
    temporary: Path

    def get(self, address: str, **options: Any) -> httpx.Response:
        return httpx.get(self.url + address, timeout=60, **options)

    def post(self, address: str, **options: Any) -> httpx.Response:
        return httpx.post(self.url + address, timeout=60, **options)

    def add(self, item_id: str, text: str = "blue") -> httpx.Response:
        return self.post("/v1/items", json={"text": text, "id": item_id})

    def children(self) -> list[psutil.Process]:
        """The processes that answer, without the one in which Python keeps count of resources."""
        return [child for child in psutil.Process(self.process.pid).children() if answers(child)]

    def writer(self) -> psutil.Process:
        return next(child for child in self.children() if is_writer(child))

    def readers(self) -> list[psutil.Process]:
        return [child for child in self.children() if not is_writer(child)]


def answers(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return False


def is_writer(process: psutil.Process) -> bool:
    try:
        sockets = process.net_connections(kind="unix")
    except psutil.Error:
        return False
    return any(str(one.laddr).endswith("writer.http") for one in sockets)


def until(condition: Callable[[], bool], log: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Service]:
    """Two processes that read and one that writes, all of them ready; killed at the end."""
    path, log, port = folder / "c.anysense", folder / "log", free_port()
    if not path.exists():
        tiny.register()
        with Collection.create(path, ["tiny"]) as collection:
            collection.add([NewItem("red", id="red")])
    words = ["serve", str(path), "--port", str(port), "--workers", "2", *options]
    short = Path(tempfile.mkdtemp())  # paths of sockets have at most 104 bytes
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *words],
            stdout=output,
            stderr=output,
            env=process_environment(TMPDIR=str(short)),
            start_new_session=True,
        )
    service = Service(process, f"http://127.0.0.1:{port}", path, log, short)

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return "Serving " in log.read_text() and service.get("/ready").status_code == 200
        except httpx.TransportError:
            return False

    children: list[psutil.Process] = []
    try:
        until(is_ready, log, 300)
        children = service.children()
        yield service
    finally:
        with suppress(httpx.TransportError, psutil.Error):
            children += service.children()
        process.kill()
        process.wait(10)
        psutil.wait_procs(children, timeout=30)
        shutil.rmtree(short, ignore_errors=True)


def test_what_one_process_writes_all_find_at_once(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        for number in range(12):
            item_id = f"blue-{number}"
            assert service.add(item_id).status_code == 201
            for _ in range(4):  # each by a connection of its own, so by any process
                assert service.get(f"/v1/items/{item_id}").status_code == 200
                hits = service.post("/v1/search", json={"text": "blue", "k": 50}).json()["hits"]
                assert item_id in {hit["id"] for hit in hits}
        upload = service.post("/v1/items", files={"file": ("a.png", png("green"))})
        media = service.get(f"/v1/items/{upload.json()['id']}/media")
        assert media.content == png("green")
        assert httpx.delete(f"{service.url}/v1/items/blue-0").status_code == 200
        assert [service.get("/v1/items/blue-0").status_code for _ in range(4)] == [404] * 4
        page = service.get("/metrics").text
        answered = re.findall(r'duration_seconds_count\{.*/search".*worker="(\S+)"\}', page)
        assert set(answered) == {"reader-1", "reader-2"}
        assert 'anysense_items{collection="c",worker="writer"}' in page
        assert page.count("# TYPE anysense_request_duration_seconds histogram") == 1


def test_the_process_that_writes_keeps_up_with_a_folder(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "green.txt").write_text("a green bottle")
    (photos / "blue.txt").write_text("a blue bottle")
    with serving(tmp_path, "--watch", str(photos)) as service:

        def is_found() -> bool:
            found = service.post("/v1/search", json={"text": "green"}).json()["hits"]
            return str(photos / "green.txt") in [hit["source"] for hit in found]

        until(lambda: all(is_found() for _ in range(8)), service.log)
        (photos / "green.txt").unlink()
        until(lambda: not any(is_found() for _ in range(8)), service.log)
        log = service.log.read_text()
        assert (log.count("2 added in"), log.count("1 removed in")) == (1, 1), log


def test_jobs_are_the_writers_whoever_is_asked(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        body = {"items": [{"text": "blue", "id": "a"}, {"text": "green", "id": "b"}]}
        begun = service.post("/v1/items/batch", json=body, headers={"prefer": "respond-async"})
        assert begun.status_code == 202
        address = begun.headers["location"]
        until(lambda: service.get(address).json()["status"] == "done", service.log)
        assert {service.get("/v1/items/b").status_code for _ in range(4)} == {200}


def test_no_client_can_say_what_processes_tell_each_other(tmp_path: Path) -> None:
    with changing_keys(tmp_path / "keys") as keys:
        keys.append(new_key("ada", ["read", "write"], "secret"))
        keys.append(new_key("eve", ["read"], "other"))
    with serving(tmp_path, "--api-key-file", str(tmp_path / "keys")) as service:
        facts = json.dumps({"client": ["6.6.6.6", 1], "scheme": "https", "public_host": "x"})
        forged = {"anysense-request": facts, "anysense-answer": '{"route": "/forged"}'}
        item = {"text": "blue", "id": "a"}
        assert service.post("/v1/items", json=item, headers=forged).status_code == 401
        of_eve = {**forged, "authorization": "Bearer other"}
        assert service.post("/v1/items", json=item, headers=of_eve).status_code == 403
        of_ada = {**forged, "authorization": "Bearer secret", "x-request-id": "of-ada"}
        added = service.post("/v1/items", json=item, headers=of_ada)
        assert added.status_code == 201
        assert added.headers["x-request-id"] == "of-ada"
        assert not [name for name in added.headers if name.startswith("anysense")]
        evil = {"origin": "http://evil.example", "authorization": "Bearer secret"}
        assert service.post("/v1/items", json=item, headers=evil).status_code == 403
        log = service.log.read_text()
        line = next(line for line in log.splitlines() if "request=of-ada" in line)
        assert re.search(r"127\.0\.0\.1 POST /v1/items 201 .* key=ada", line)
        assert log.count("request=of-ada") == 1
        assert "6.6.6.6" not in log
        assert "/forged" not in log


def test_errors_and_limits_are_those_of_one_process(tmp_path: Path) -> None:
    with serving(tmp_path, "--upload-bytes", "100000") as service:
        wrong = service.post("/v1/items", json={"texts": "blue"})
        assert wrong.status_code == 422
        long = service.post("/v1/items", files={"file": ("a.txt", b"x" * 200_000)})
        assert (long.status_code, long.json()["error"]["code"]) == (413, "body_too_large")
        assert service.post("/v1/nothing", json={}).status_code == 404
        assert httpx.put(f"{service.url}/v1/items", timeout=60).status_code == 405

        def parts() -> Iterator[bytes]:  # a body in chunks, whose length nobody knows
            yield from (b'{"text": ', b'"blue", ', b'"id": "chunks"}')

        headers = {"content-type": "application/json"}
        assert service.post("/v1/items", content=parts(), headers=headers).status_code == 201
        endless = (b"x" * 10_000 for _ in range(10_000))
        form = {"content-type": "multipart/form-data; boundary=x"}
        assert service.post("/v1/items", content=endless, headers=form).status_code in (400, 413)
        head = httpx.head(f"{service.url}/v1/jobs", timeout=60)
        assert (head.status_code, head.content) == (200, b"")
        assert "writer_unavailable" not in service.log.read_text()


def test_the_work_of_a_client_that_leaves_ends_in_the_process_that_writes(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        port = int(service.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as raw:
            head = "POST /v1/items HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n"
            raw.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode())
            raw.sendall(b"--x\r\nContent-Disposition: form-data; name=file; filename=a.png\r\n\r\n")
        body = json.dumps({"text": "sleep 2 blue", "id": "left"}).encode()
        with socket.create_connection(("127.0.0.1", port)) as raw:
            head = f"POST /v1/items HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
            raw.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
            time.sleep(0.5)
        idle = 'anysense_requests_in_flight{worker="writer"} 0.0'
        until(lambda: idle in service.get("/metrics").text, service.log)
        time.sleep(2.5)
        assert service.get("/v1/items/left").status_code == 404
        assert not [*(service.path / "media").rglob("*.png")]
        assert "Traceback" not in service.log.read_text()


@pytest.mark.slow
def test_killed_processes_come_back_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        acknowledged: list[str] = []
        statuses: set[int] = set()
        is_over = threading.Event()

        def write(name: str) -> None:
            number = 0
            while not is_over.is_set():
                number += 1
                item_id = f"{name}-{number}"
                try:
                    answer = service.add(item_id)
                except httpx.TransportError:  # the process that was asked was killed
                    continue
                statuses.add(answer.status_code)
                if answer.status_code == 201:
                    acknowledged.append(item_id)
                else:
                    assert answer.json()["error"]["code"] in ("writer_unavailable", "loading")
                    assert answer.headers["retry-after"] == "1"

        threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for kill in (service.writer, lambda: service.readers()[0], service.writer):
            time.sleep(1)
            former = kill()
            former.kill()
            if kill is service.writer:  # searches go on, and nobody says it is ready
                assert service.post("/v1/search", json={"text": "red"}).status_code == 200
            until(lambda: len(service.children()) == 3, service.log)
            until(lambda: service.get("/ready").status_code == 200, service.log)
        time.sleep(1)
        is_over.set()
        for thread in threads:
            thread.join()
        assert statuses <= {201, 503}
        assert len(acknowledged) > 5
        for item_id in acknowledged:
            assert service.get(f"/v1/items/{item_id}").status_code == 200
        assert service.log.read_text().count("It is begun again.") == 3


def test_without_the_process_that_writes_the_service_says_so(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        writer = service.writer()
        writer.suspend()  # it is there, and does not answer
        try:
            ready = service.get("/ready")
            assert (ready.status_code, ready.json()["status"]) == (503, "failed")
            assert "process that writes" in ready.json()["reason"]
            assert service.post("/v1/search", json={"text": "red"}).status_code == 200
            page = service.get("/metrics")
            assert 'worker="reader-1"' in page.text
            assert 'worker="writer"' not in page.text
        finally:
            writer.resume()
        until(lambda: service.get("/ready").status_code == 200, service.log)


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        assert service.add("blue").status_code == 201
        children = service.children()
        assert len(children) == 3
        service.process.kill()
        service.process.wait(10)
        _, alive = psutil.wait_procs(children, timeout=60)
        assert alive == []
        assert not [*service.temporary.glob("anysense-*")]
    with Collection.open(tmp_path / "c.anysense") as collection:
        assert collection.info()["items"] == 2


@pytest.mark.parametrize("to_all", [False, True], ids=["parent", "all"])
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_in_order(tmp_path: Path, stop: signal.Signals, to_all: bool) -> None:
    """Terminals send Ctrl-C to all processes of a group, and systemd SIGTERM to all of a unit."""
    with serving(tmp_path) as service:
        outcomes: list[int] = []

        def ask(address: str, body: dict[str, Any]) -> None:
            outcomes.append(service.post(address, json=body).status_code)

        asked: list[tuple[str, dict[str, Any]]] = [
            ("/v1/search", {"text": "sleep 3 red"}),
            ("/v1/items", {"text": "sleep 3 blue", "id": "blue"}),
        ]
        threads = [threading.Thread(target=ask, args=one) for one in asked]
        for thread in threads:
            thread.start()
        time.sleep(1)
        children = service.children()
        if to_all:
            os.killpg(service.process.pid, stop)
        else:
            service.process.send_signal(stop)
        assert service.process.wait(30) == 0
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == [200, 201], service.log.read_text()
        assert psutil.wait_procs(children, timeout=10)[1] == []
        assert not [*service.temporary.glob("anysense-*")]
        assert "Traceback" not in service.log.read_text()


def test_what_cannot_be_finished_in_time_is_told_and_a_second_signal_ends_all(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, "--shutdown-timeout", "2") as service:
        outcomes: list[httpx.Response] = []
        add = threading.Thread(target=lambda: outcomes.append(service.add("x", "sleep 60 blue")))
        add.start()
        time.sleep(1)
        service.process.terminate()
        assert service.process.wait(30) == 0
        add.join()
        assert (outcomes[0].status_code, outcomes[0].json()["error"]["code"]) == (503, "stopping")
    with serving(tmp_path) as service:
        children = service.children()
        add = threading.Thread(target=try_to, args=(lambda: service.add("x", "sleep 60 blue"),))
        add.start()
        time.sleep(1)
        service.process.terminate()
        time.sleep(1)
        service.process.terminate()
        assert service.process.wait(10) == 128 + signal.SIGTERM
        assert psutil.wait_procs(children, timeout=10)[1] == []
        assert not [*service.temporary.glob("anysense-*")]
        add.join()


def test_a_reload_reaches_all_and_drops_no_query(tmp_path: Path) -> None:
    with changing_keys(tmp_path / "keys") as keys:
        keys.append(new_key("ada", ["read", "write"], "secret"))
    with serving(tmp_path, "--api-key-file", str(tmp_path / "keys")) as service:
        headers = {"authorization": "Bearer secret"}
        statuses: list[int] = []
        is_over = threading.Event()

        def search() -> None:
            while not is_over.is_set():
                body = {"text": "red"}
                answer = service.post("/v1/search", json=body, headers=headers)
                statuses.append(answer.status_code)

        thread = threading.Thread(target=search)
        thread.start()
        with changing_keys(tmp_path / "keys") as keys:
            keys.append(new_key("bob", ["read"], "another"))
        service.process.send_signal(signal.SIGHUP)
        until(lambda: service.log.read_text().count("Reloaded") == 3, service.log)
        of_bob = {"authorization": "Bearer another"}
        assert {service.get("/v1/items", headers=of_bob).status_code for _ in range(6)} == {200}
        is_over.set()
        thread.join()
        assert set(statuses) == {200}


def test_a_process_that_cannot_start_ends_the_service_with_its_sentence(tmp_path: Path) -> None:
    settings = Settings(port=0, workers=2)
    with pytest.raises(AnysenseError, match=r"nothing\.anysense"):
        serve_in_processes({"c": tmp_path / "nothing.anysense"}, settings)


def test_what_several_processes_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.register()
    with (
        Collection.create(tmp_path / "c.anysense", ["tiny"]) as collection,
        pytest.raises(UsageError, match="serve_in_processes"),
    ):
        serve(collection, port=0, settings=Settings(workers=2))
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    with pytest.raises(UsageError, match="TMPDIR"):
        serve_in_processes({"c": tmp_path / "c.anysense"}, Settings(port=0, workers=2))
    assert [*deep.iterdir()] == []


def try_to(work: Callable[[], object]) -> None:
    with suppress(httpx.TransportError, psutil.Error):
        work()
