"""`anysense build --watch` as a process: what it prints, and how it ends."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from command_line import run, run_json
from service_process import COMMAND, process_environment, serving, wait_until_loaded

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C of POSIX"),
]
SECONDS = 60.0


class Watching:
    """A command that runs, and the lines that it has printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: queue.Queue[str] = queue.Queue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def line(self) -> str:
        return self._lines.get(timeout=SECONDS)

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(SECONDS)


@contextmanager
def watching(media: Path, where: Path, *options: str) -> Iterator[Watching]:
    words = ["build", str(media), "-o", str(where), "--encoder", "tiny", "--watch", *options]
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words],
        env=process_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Watching(process)
        finally:
            process.kill()


def test_a_line_tells_of_each_change_until_it_is_interrupted(tmp_path: Path, media: Path) -> None:
    where = tmp_path / "c"
    with watching(media, where) as command:
        assert ": 3 items. 3 added; " in command.line()
        assert command.line() == "Watching for changes until Ctrl-C.\n"
        (media / "new.txt").write_text("a red note, too")
        assert f" 1 added ({media}/new.txt): 4 items. " in command.line()
        with Collection.open(where) as beside:  # which may write, as nothing else does
            assert beside.info()["items"] == 4
            beside.add([NewItem("blue")])
        (media / "new.txt").rename(media / "old.txt")
        assert f" 1 moved ({media}/old.txt): 5 items. " in command.line()
        (media / "bad.png").write_bytes(b"no picture")
        assert f" nothing added ({media}/bad.png): 5 items. " in command.line()
        assert "media/bad.png: " in command.line()
        assert command.interrupt() == 0
        assert command.line() == f"Stopped: {where} has all that was told.\n"
    assert run_json("info", where)["items"] == 5


@pytest.mark.slow
def test_a_service_beside_it_writes_too_and_finds_what_comes(tmp_path: Path, media: Path) -> None:
    where = tmp_path / "c"
    run("build", media, "-o", where, "--encoder", "tiny")
    log = tmp_path / "log"
    with serving(where, log=log) as (_, port), watching(media, where) as command:
        url = f"http://127.0.0.1:{port}"

        def found() -> set[str]:
            hits = httpx.post(f"{url}/v1/search", json={"text": "red", "k": 50}, timeout=60)
            return {hit["source"].rpartition("/")[2] for hit in hits.json()["hits"]}

        def add() -> int:
            return httpx.post(f"{url}/v1/items", json={"text": "red"}, timeout=60).status_code

        wait_until_loaded(url, log)
        assert "3 unchanged" in command.line()
        assert command.line() == "Watching for changes until Ctrl-C.\n"
        for name in ("one.txt", "two.txt"):
            assert add() in (200, 201), "and the service keeps the right to write for a while"
            (media / name).write_text(f"a red {name}")
            line = command.line()
            if " is being written to by process " in line:
                line = command.line()
            assert f" 1 added ({media}/{name}): " in line
            assert name in found()
        assert command.interrupt() == 0
    assert "Traceback" not in log.read_text()


def test_with_json_each_change_is_an_object_on_a_line(tmp_path: Path, media: Path) -> None:
    with watching(media, tmp_path / "c", "--json", "--poll", "0.2") as command:
        assert json.loads(command.line())["added"] == 3
        assert command.line() == "Watching for changes until Ctrl-C.\n"
        (media / "note.txt").unlink()
        change = json.loads(command.line())
        assert (change["removed"], change["items"]) == (1, 2)
        assert command.interrupt() == 0


def test_polling_goes_with_watching(tmp_path: Path, media: Path) -> None:
    refused = run("build", media, "-o", tmp_path / "c", "--poll", "5", status=2)
    assert "--poll goes with --watch" in refused.stderr
