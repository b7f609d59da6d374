"""`anysense find` as processes: stopped in the midst of a first search, and two at a time."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from service_process import SCRIPT, anysense, process_environment

from anysense.embed.errors import AnysenseError
from anysense.index.collection import Collection
from anysense.server.cli.finding.cached import cached_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C of POSIX"),
]
QUICK, SLOW = 140, 100


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of which the most is encoded at once, and the rest takes minutes."""
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path.resolve() / "media"
    folder.mkdir()
    for place in range(QUICK):
        (folder / f"a-{place:03d}.txt").write_text(f"a red note, number {place}")
    for place in range(SLOW):
        (folder / f"b-{place:03d}.txt").write_text(f"sleep 2 red {place}")
    return folder


def items(folder: Path) -> int:
    try:
        with Collection.open(cached_of(str(folder)).path) as collection:
            return int(collection.info()["items"])
    except AnysenseError:  # it is not there yet
        return 0


@contextmanager
def finding(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A first search that has encoded something, and would go on for minutes."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), "find", "red", str(folder), "--encoder", "tiny", "--yes"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=process_environment(),
    )
    try:
        deadline = time.monotonic() + 120
        while not items(folder):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline, "nothing is encoded"
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_what_was_done_when_it_is_stopped_is_kept(folder: Path) -> None:
    with finding(folder) as process:
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert output == ""
    kept = items(folder)
    assert 0 < kept < QUICK + SLOW
    assert f"Stopped: the index of {folder} holds {kept} items." in errors
    assert "Traceback" not in errors
    done = anysense("find", "red", str(folder), "-n", "-l")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 10)


def test_a_second_interrupt_ends_it_at_once(folder: Path) -> None:
    with finding(folder) as process:
        assert process.stderr is not None
        process.send_signal(signal.SIGINT)
        for line in process.stderr:
            if "Ctrl-C again stops at once" in line:
                break
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT  # which a shell calls 130
    assert items(folder) > 0


def test_another_search_meanwhile_finds_what_is_there(folder: Path) -> None:
    with finding(folder):
        other = anysense("find", "red", str(folder), "-l")
        refused = anysense("collections", "--clear", str(folder))
    assert (other.returncode, len(other.stdout.splitlines())) == (0, 10)
    assert "is being indexed by another process" in other.stderr
    assert refused.returncode == 1
    assert "being brought up to date by another process" in refused.stderr
