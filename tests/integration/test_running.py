"""A service is in the register of running services from when it listens until it ends."""

from __future__ import annotations

import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest
from service_process import SCRIPT, serving

from anysense.index.collection import Collection
from anysense.server.client.running import running_services, service_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix"),
]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "cache"))
    Collection.create(tmp_path / "c", ["tiny"]).close()
    return tmp_path / "c"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_service_is_known_while_it_runs(
    tmp_path: Path, path: Path, number: signal.Signals
) -> None:
    with serving(f"photos={path}", log=tmp_path / "log") as (process, port):
        found = service_of(path)
        assert found is not None
        service, name = found
        assert (service.url, service.pid) == (f"http://127.0.0.1:{port}", process.pid)
        assert (name, service.needs_key) == ("photos", False)
        process.send_signal(number)
        process.wait(60)
        assert running_services() == []


def test_several_processes_are_one_service(tmp_path: Path, path: Path) -> None:
    key = {"ANYSENSE_API_KEY": "a-key-that-no-note-holds"}
    options = (path, "--workers", "2")
    with serving(*options, log=tmp_path / "log", environment=key, program=SCRIPT) as (process, _):
        deadline = time.monotonic() + 60
        while not running_services():  # noted when all processes listen, of which one is ready
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.05)
        (service,) = running_services()
        assert (service.pid, service.needs_key) == (process.pid, True)
        assert service.collections == {"c": path}
        notes = [p.read_text() for p in (tmp_path / "cache" / "services").glob("*.json")]
        assert all(key["ANYSENSE_API_KEY"] not in text for text in notes)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        assert running_services() == []
