"""Every command of the page about `find` runs, in a home with pictures and recordings."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from tiny_files import write_picture, write_tone

from anysense.server.cli.commands import serve
from anysense.server.client.running import RunningService, noted

PAGE = Path(__file__).parents[2] / "docs" / "find.md"
LINES = re.findall(r"^    (anysense .*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = Path(os.path.realpath(tmp_path)) / "home"
    for name in ("Pictures", "Recordings"):
        (home / name).mkdir(parents=True)
    write_picture(home / "Pictures" / "beach.jpg", (200, 200, 90))
    write_picture(home / "Pictures" / "sunset.jpg", (230, 60, 20))
    write_tone(home / "Recordings" / "waves.wav", 220.0)
    write_picture(home / "sunset.jpg", (230, 90, 20))
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(home))
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("anysense.server.cli.finding.making.STARTER", ("tiny",))
    return home


def test_the_commands_of_the_page_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    served: list[Path] = []

    def run_service(collections: dict[str, Any], *_: object) -> None:
        served.extend(collection.path for collection in collections.values())

    monkeypatch.setattr("click.launch", opened.append)
    monkeypatch.setattr(serve, "run_service", run_service)
    run("find", "anything", home / "Recordings")
    assert len(LINES) == 12
    for line in LINES:
        words = [str(Path(word).expanduser()) for word in shlex.split(line.split(" | ")[0])[1:]]
        is_whole = words == ["find", "waves on a beach"]
        monkeypatch.chdir(home / "Pictures" if is_whole else home)
        collections = {"Pictures": served[0]} if served else {}
        with noted(RunningService("http://127.0.0.1:1", os.getpid(), collections, False)):
            result = run(*words)
        shows = words[0] == "find" and "--open" not in words
        assert bool(result.stdout) == (shows or words[0] == "collections"), line
    assert len(served) == len(opened) == 1
