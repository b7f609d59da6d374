"""How a real process stops, reloads and says whether it is ready."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest
from http_client import wav
from service_process import free_port, running

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX"),
]

# A service whose encoder takes as long as a text says: "sleep 3" and so on.
SERVICE = """
import json, sys, time, tiny
from anysense.embed.encoders.registry import register_encoder
from anysense.index.collection import Collection
from anysense.server.http.serving import serve
from anysense.server.http.settings import Settings

options = json.loads(sys.argv[3])
loading = options.pop("loading", 0)

class Slow(tiny.TinyEncoder):
    def prepare(self, modality, content):
        if isinstance(content, str) and content.startswith("sleep"):
            time.sleep(float(content.split()[1]))
        return super().prepare(modality, content)

def load(rest, device):
    time.sleep(loading)
    return Slow()

register_encoder("tiny", load)
with Collection.open(sys.argv[1]) as collection:
    settings = Settings(**options)
    serve(collection, port=int(sys.argv[2]), settings=settings, ends_process=True)
"""


class Service(NamedTuple):
    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def status(self, address: str) -> int:
        return httpx.get(self.url + address, timeout=30).status_code

    def search(self, text: str, **options: Any) -> httpx.Response:
        return httpx.post(f"{self.url}/v1/search", json={"text": text}, timeout=60, **options)

    def wait_for(self, words: str, count: int = 1) -> None:
        deadline = time.monotonic() + 60
        while self.log.read_text().count(words) < count:
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def wait_until_busy(self, count: int = 1) -> None:
        """Until so many requests are being answered, beside the one that asks."""
        deadline = time.monotonic() + 60
        while self.in_flight() <= count:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def in_flight(self) -> float:
        page = httpx.get(f"{self.url}/metrics", timeout=30).text
        (value,) = re.findall(r"^anysense_requests_in_flight (\S+)$", page, re.MULTILINE)
        return float(value)


@contextmanager
def serving(folder: Path, address: str = "/ready", **options: Any) -> Iterator[Service]:
    """A process that serves and answers at an address; killed at the end if it still runs."""
    path = folder / "c.anysense"
    if not path.exists():
        with Collection.create(path, ["tiny"]) as collection:
            collection.add([NewItem("red", id="red")])
    port = free_port()
    url, log = f"http://127.0.0.1:{port}", folder / "log"
    arguments = [str(path), str(port), json.dumps(options)]
    with running(SERVICE, *arguments, url=url + address, log=log) as process:
        yield Service(process, url, log)


@contextmanager
def searches(service: Service, *texts: str) -> Iterator[list[httpx.Response | Exception]]:
    """Searches that go on meanwhile; what became of them is complete when the block ends."""
    outcomes: list[httpx.Response | Exception] = []

    def search(text: str) -> None:
        try:
            outcomes.append(service.search(text))
        except httpx.TransportError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=search, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    service.wait_until_busy(len(texts))
    yield outcomes
    for thread in threads:
        thread.join(60)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_open_requests_are_finished_and_the_status_is_0(
    tmp_path: Path, stop: signal.Signals
) -> None:
    with serving(tmp_path) as service:
        with searches(service, *["sleep 4 red"] * 3) as outcomes:
            service.process.send_signal(stop)
            assert service.process.wait(30) == 0
        assert [o.status_code for o in outcomes if isinstance(o, httpx.Response)] == [200] * 3
        assert "Traceback" not in service.log.read_text()


def test_readiness_turns_before_the_port_is_closed(tmp_path: Path) -> None:
    with serving(tmp_path) as service, searches(service, "sleep 4 red"):
        with httpx.Client() as client:
            client.get(f"{service.url}/health")
            service.process.send_signal(signal.SIGTERM)
            time.sleep(0.05)
            ready = client.get(f"{service.url}/ready")
            assert (ready.status_code, ready.json()["status"]) == (503, "stopping")
        service.wait_for("Waiting for connections to close")
        with pytest.raises(httpx.TransportError):
            service.status("/health")


def test_what_cannot_be_finished_gets_503_as_json(tmp_path: Path) -> None:
    with serving(tmp_path, shutdown_timeout=2.0) as service:
        with searches(service, "sleep 30", "sleep 30") as outcomes:
            start = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            assert service.process.wait(30) == 0
            assert time.monotonic() - start < 15  # not the 30 seconds that the threads sleep
        assert len(outcomes) == 2
        for outcome in outcomes:
            assert isinstance(outcome, httpx.Response), outcome
            assert outcome.status_code == 503
            assert outcome.json()["error"]["code"] == "stopping"
            assert outcome.headers["retry-after"] == "1"
            assert outcome.headers["x-request-id"] == outcome.json()["error"]["request_id"]
        assert "Traceback" not in service.log.read_text()


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(tmp_path: Path, second: signal.Signals) -> None:
    with serving(tmp_path) as service, searches(service, "sleep 20"):
        service.process.send_signal(signal.SIGTERM)
        service.wait_for("Shutting down")
        service.process.send_signal(second)
        assert service.process.wait(10) == 128 + second


def test_a_service_that_is_still_loading_stops_quickly(tmp_path: Path) -> None:
    with serving(tmp_path, "/health", loading=60) as service:
        assert service.status("/ready") == 503
        start = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(30) == 0
        assert time.monotonic() - start < 15


def test_a_reload_drops_no_query_and_takes_the_newest_state(tmp_path: Path) -> None:
    with serving(tmp_path, log_format="json") as service:
        with Collection.open(tmp_path / "c.anysense") as other:
            other.add([NewItem("blue", id="blue")])
        with searches(service, *["sleep 4 blue"] * 4) as outcomes:
            for count in range(1, 4):
                service.process.send_signal(signal.SIGHUP)
                service.wait_for('"Reloaded"', count)
        for outcome in outcomes:
            assert isinstance(outcome, httpx.Response), outcome
            assert outcome.json()["hits"][0]["id"] == "blue"
        for line in service.log.read_text().splitlines():
            assert {"time", "level", "logger", "message", "request_id"} <= set(json.loads(line))


def test_probes_are_answered_while_searches_take_long(tmp_path: Path) -> None:
    with serving(tmp_path) as service, searches(service, *["sleep 4 red"] * 12):
        start = time.monotonic()
        assert [service.status(a) for a in ("/health", "/ready", "/metrics")] == [200] * 3
        assert time.monotonic() - start < 3


def test_a_client_that_sends_no_more_holds_the_end_up_no_longer(tmp_path: Path) -> None:
    with serving(tmp_path, shutdown_timeout=2.0) as service:
        host, port = "127.0.0.1", int(service.url.rpartition(":")[2])
        with socket.create_connection((host, port), timeout=30) as raw:
            head = (
                "POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            )
            raw.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
            service.wait_until_busy()
            service.process.send_signal(signal.SIGTERM)
            assert service.process.wait(30) == 0
            answer = raw.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "stopping"


def test_a_client_that_reads_no_more_holds_the_end_up_no_longer(tmp_path: Path) -> None:
    with serving(tmp_path, shutdown_timeout=2.0) as service:
        sound = wav(100, 600.0)  # more than sockets buffer
        added = httpx.post(
            f"{service.url}/v1/items",
            files={"file": ("a.wav", sound)},
            data={"id": "a"},
            timeout=60,
        )
        assert added.status_code == 201
        host, port = "127.0.0.1", int(service.url.rpartition(":")[2])
        with socket.create_connection((host, port), timeout=30) as raw:
            raw.sendall(b"GET /v1/items/a/media HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            service.wait_until_busy()
            service.process.send_signal(signal.SIGTERM)
            assert service.process.wait(15) == 0
        assert "Traceback" not in service.log.read_text()


def test_adds_that_wait_their_turn_are_refused_and_those_that_were_acknowledged_are_there(
    tmp_path: Path,
) -> None:
    statuses: dict[str, int] = {}
    with serving(tmp_path, shutdown_timeout=2.0) as service:

        def add(name: str) -> None:
            body = {"text": f"sleep 1.5 {name}", "id": name}
            answer = httpx.post(f"{service.url}/v1/items", json=body, timeout=60)
            statuses[name] = answer.status_code

        threads = [threading.Thread(target=add, args=(f"i{place}",)) for place in range(6)]
        for thread in threads:
            thread.start()
        service.wait_until_busy(3)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(30) == 0
        for thread in threads:
            thread.join(30)
    assert set(statuses.values()) <= {201, 503}
    assert len(statuses) == 6
    with Collection.open(tmp_path / "c.anysense") as collection:
        kept = collection.folder.existing(list(statuses))
        assert {name for name, status in statuses.items() if status == 201} <= kept
        assert collection.verify().problems == []
