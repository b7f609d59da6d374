"""The register of running services: notes that count as long as their processes live."""

from __future__ import annotations

import json
import os
import pathlib
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from anysense.server.client.running import (
    RunningService,
    noted,
    running_services,
    service_of,
)

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from anysense.server.client.running import RunningService, noted
with noted(RunningService("http://127.0.0.1:1", 1, {"c": Path(sys.argv[1])}, False)):
    print("noted", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def service(folder: Path, **more: Any) -> RunningService:
    values = {"url": "http://127.0.0.1:8000", "pid": os.getpid(), "needs_key": False}
    return RunningService(collections={"photos": folder}, **{**values, **more})


def test_a_service_is_found_by_its_collection_while_it_runs(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    assert running_services() == []
    with noted(service(folder)):
        assert running_services() == [service(folder)]
        assert service_of(folder) == (service(folder), "photos")
        assert service_of(tmp_path / "other") is None
    assert running_services() == []


def test_a_link_to_the_collection_finds_its_service(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "link").symlink_to("c")
    with noted(service(tmp_path / "link")):
        assert service_of(tmp_path / "c") is not None


def test_a_service_without_keys_is_preferred(tmp_path: Path) -> None:
    with_key = service(tmp_path, url="http://127.0.0.1:1", needs_key=True)
    with noted(with_key), noted(service(tmp_path)):
        assert service_of(tmp_path) == (service(tmp_path), "photos")
    with noted(with_key):
        assert service_of(tmp_path) == (with_key, "photos")


def test_notes_are_for_this_user_alone_and_leave_nothing(tmp_path: Path, cache: Path) -> None:
    with noted(service(tmp_path)):
        paths = list((cache / "services").iterdir())
        assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
        assert stat.S_IMODE((cache / "services").stat().st_mode) == 0o700
    assert list((cache / "services").iterdir()) == []


def test_a_note_of_a_killed_process_is_cleared(tmp_path: Path, cache: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"noted\n"
        assert [one.url for one in running_services()] == ["http://127.0.0.1:1"]
        process.kill()
        process.wait()
        assert list((cache / "services").glob("*.json"))
        assert running_services() == []
    assert list((cache / "services").iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", "{", '{"url": "http://127.0.0.1:1"}', "[" * 100_000])
def test_what_is_no_note_is_passed_over(tmp_path: Path, cache: Path, text: str) -> None:
    with noted(service(tmp_path)):
        (cache / "services" / "1-x.json").write_text(text)
        assert running_services() == [service(tmp_path)]


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://203.0.113.7:8000"},  # a key would be sent there
        {"url": "http://127.0.0.1@203.0.113.7:8000"},
        {"url": "http://[::1:8000"},
        {"url": "file:///etc/passwd"},  # a browser would open it
        {"url": None},
        {"pid": float("inf")},
        {"collections": {"photos": "a\0b"}},
        {"collections": {"photos": "\ud800"}},
    ],
)
def test_a_note_that_leads_elsewhere_or_says_what_cannot_be_is_passed_over(
    tmp_path: Path, cache: Path, change: dict[str, Any]
) -> None:
    with noted(service(tmp_path)):
        (note,) = (cache / "services").glob("*.json")
        note.write_text(json.dumps({**json.loads(note.read_text()), **change}))
        assert service_of(tmp_path) is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2"])
def test_a_service_at_any_address_of_this_machine_is_found(tmp_path: Path, host: str) -> None:
    with noted(service(tmp_path, url=f"http://{host}:8000")):
        assert service_of(tmp_path) is not None


def test_a_note_of_another_machine_is_passed_over_and_kept(tmp_path: Path, cache: Path) -> None:
    with noted(service(tmp_path)):
        (note,) = (cache / "services").glob("*.json")
        note.write_text(json.dumps({**json.loads(note.read_text()), "machine": "elsewhere"}))
        assert running_services() == []
        assert note.exists()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners are of Unix")
def test_a_note_of_another_user_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with noted(service(tmp_path)):
        monkeypatch.setattr(os, "getuid", lambda: 12345)
        assert running_services() == []


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="modes are of Unix")
def test_no_note_is_believed_where_others_can_write(tmp_path: Path, cache: Path) -> None:
    (cache / "services").mkdir(parents=True)
    (cache / "services").chmod(0o777)  # by whoever shares the cache
    with noted(service(tmp_path)):
        assert running_services() == []
        (cache / "services").chmod(0o755)
        assert running_services() == [service(tmp_path)]


def test_a_cache_that_cannot_be_written_stops_no_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "file"))
    with noted(service(tmp_path)):
        assert running_services() == []


def test_without_a_home_there_is_no_register(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("ANYSENSE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pathlib.Path, "home", nowhere)
    with noted(service(tmp_path)):
        assert running_services() == []
