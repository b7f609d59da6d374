"""A real server process, spoken to over a real socket."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest
import tiny
from attacked import raw_answer
from http_client import png, wav
from service_process import free_port, running, serving

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

# The service without the command line.
SERVICE = """
import sys, tiny
from anysense.index.collection import Collection
from anysense.server.http.serving import serve
from anysense.server.http.settings import Settings
tiny.register()
with Collection.open(sys.argv[1]) as collection:
    settings = Settings(host=sys.argv[2], port=int(sys.argv[3]), insecure=True)
    serve(collection, settings=settings)
"""


@contextmanager
def serving_from_python(path: Path, log: Path, host: str) -> Iterator[int]:
    """A process that calls `anysense.server.http.serving.serve`, and its port."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/ready"
    with running(SERVICE, str(path), host, str(port), url=url, log=log):
        yield port


class Server(NamedTuple):
    client: httpx.Client
    port: int
    log: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    tiny.register()  # before the fixture that does it for each test
    folder = tmp_path_factory.mktemp("server")
    with Collection.create(folder / "c.anysense", ["tiny"]) as collection:
        collection.add([NewItem("red", id="red"), NewItem("low", id="low")])
    with (
        serving_from_python(folder / "c.anysense", folder / "log", "127.0.0.1") as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        yield Server(client, port, folder / "log")


def test_no_request_is_done_for_the_client_of_an_earlier_one(server: Server) -> None:
    """A request that is sent before the last is answered is begun at the end of that one."""
    files = {"file": ("gray.png", png("gray"))}
    assert server.client.post("/v1/items", files=files, data={"id": "p"}).status_code == 201
    body = b'{"text": "red"}'
    request = (
        b"POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    for path in (b"/v1/items", b"/v1/items/p", b"/v1/items/p/media", b"/v1/items/p/media?w=64"):
        request += b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path
    request += b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as raw:
        raw.sendall(request)
        answers = raw_answer(raw)
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", answers)]
    assert statuses == [200] * 6


def test_items_come_and_are_found_and_go(server: Server) -> None:
    client = server.client
    added = client.post("/v1/items", files={"file": ("blue.png", png("blue"))}, data={"id": "b"})
    assert added.status_code == 201
    assert "server" not in added.headers
    hits = client.post("/v1/search", json={"text": "blue", "k": 1}).json()["hits"]
    assert [hit["id"] for hit in hits] == ["b"]
    by_sound = client.post("/v1/search", files={"audio": ("x.wav", wav(100))}, data={"k": "1"})
    assert [hit["id"] for hit in by_sound.json()["hits"]] == ["low"]
    part = client.get("/v1/items/b/media", headers={"range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PNG")
    assert client.delete("/v1/items/b").status_code == 200
    assert client.get("/v1/items/b").status_code == 404


def test_a_body_over_the_limit_is_refused_before_it_is_read(
    server: Server,
) -> None:
    port = server.port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("POST", "/v1/search")
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", str(10**12))
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == 413
    assert json.loads(response.read())["error"]["code"] == "body_too_large"
    connection.close()


def test_a_name_of_another_site_is_refused(server: Server) -> None:
    client, port = server.client, server.port
    response = client.get("/v1/items", headers={"host": f"rebound.example:{port}"})
    assert response.status_code == 421


def test_an_upload_that_breaks_off_leaves_nothing(server: Server) -> None:
    client, port = server.client, server.port
    before = client.get("/v1/collections/current").json()["items"]
    head = b"--x\r\nContent-Disposition: form-data; name=file; filename=a.png\r\n\r\n"
    request = (
        b"POST /v1/items HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + head + png("red")
    )
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(request)
    time.sleep(0.2)
    assert client.get("/health").status_code == 200
    assert "Traceback" not in server.log.read_text()
    assert client.get("/v1/collections/current").json()["items"] == before


def test_many_clients_are_served_at_once(server: Server) -> None:
    client = server.client
    statuses: list[int] = []

    def work(place: int) -> None:
        for i in range(10):
            name = f"m{place}-{i}"
            body = {"text": f"green {name}", "id": name}
            statuses.append(client.post("/v1/items", json=body).status_code)
            hits = client.post("/v1/search", json={"text": f"green {name}", "k": 100}).json()[
                "hits"
            ]
            statuses.append(200 if name in {hit["id"] for hit in hits} else 0)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 40 + [201] * 40


def test_bound_to_every_address_it_answers_to_every_name(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]):
        pass
    with serving_from_python(tmp_path / "c", tmp_path / "log", "0.0.0.0") as port:
        url = f"http://127.0.0.1:{port}/health"
        assert httpx.get(url, headers={"host": "machine.example"}).status_code == 200


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(tmp_path: Path, stop: signal.Signals) -> None:
    path, log = tmp_path / "c.anysense", tmp_path / "log"
    with Collection.create(path, ["tiny"]):
        pass
    with serving(path, log=log) as (process, port):
        url = f"http://127.0.0.1:{port}/v1/items"
        assert httpx.post(url, json={"text": "red", "id": "a"}).status_code == 201
        process.send_signal(stop)
        process.wait(20)
    assert "Traceback" not in log.read_text()
    assert "Application shutdown complete" in log.read_text()
    with Collection.open(path) as collection:
        collection.add([NewItem("blue", id="b")])  # the lock was given back
        assert collection.info()["items"] == 2


def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "c.anysense"
    with Collection.create(path, ["tiny"]):
        pass
    acknowledged: list[dict[str, Any]] = []
    with serving(path, log=tmp_path / "log") as (process, port):

        def add() -> None:
            for i in range(1000):
                files = {"file": (f"{i}.png", png(f"#{i:06x}"))}
                try:
                    response = httpx.post(f"http://127.0.0.1:{port}/v1/items", files=files)
                except httpx.TransportError:
                    return
                assert response.status_code == 201
                acknowledged.append(response.json())

        thread = threading.Thread(target=add)
        thread.start()
        while len(acknowledged) < 10:
            assert thread.is_alive()
            time.sleep(0.01)
        process.kill()
        thread.join(30)
    with Collection.open(path) as collection:
        snapshot = collection.folder.snapshot()
        for item in acknowledged:
            assert snapshot.item(item["id"]).source == item["source"]
            assert Path(item["source"]).stat().st_size > 0
        assert collection.info()["items"] in (len(acknowledged), len(acknowledged) + 1)
