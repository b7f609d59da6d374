"""The page about the HTTP service: its examples run as they are written."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from http_client import png, wav
from live_server import listening
from media_files import sndfile, tone

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^ {4}(curl .*?)(?: {2,}#.*)?$", PAGE, re.MULTILINE)
SOUND, PICTURE = "3f9a0c5b12d47e88", "b81f6c2d90e3a457"
STATE, CURSOR, JOB = "5f0c91ab-12-40817", "WyI1ZjBj...", "job-1f0c..."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files that the page names."""
    for name in ("sunset.jpg", "a.jpg"):
        (tmp_path / name).write_bytes(png("red" if name == "a.jpg" else "orange"))
    (tmp_path / "shore.flac").write_bytes(sndfile(tone(1.0, 8000), 8000, "FLAC"))
    (tmp_path / "b.wav").write_bytes(wav(300.0))
    (tmp_path / "items.jsonl").write_text('{"text": "One."}\n{"text": "Two."}\n')
    return tmp_path


@pytest.fixture
def host(folder: Path) -> Iterator[str]:
    """A service that has the items that the page names."""
    with Collection.create(folder / "my.anysense", ["tiny"]) as collection:
        (folder / "sound.wav").write_bytes(wav(500.0))
        (folder / "picture.png").write_bytes(png("blue"))
        items = [
            NewItem(folder / "sound.wav", id=SOUND),
            NewItem(folder / "picture.png", id=PICTURE),
            *(NewItem(f"note {number}") for number in range(40)),
        ]
        assert collection.add(items).failed == []
        with listening(collection) as (url, app):
            while app.state.service.status == "loading":
                time.sleep(0.02)
            yield url.removeprefix("http://")


def test_the_examples_run_as_they_are_written(folder: Path, host: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    told = {"state": STATE, "cursor": CURSOR, "job": JOB}
    for example in EXAMPLES:
        line = example.replace(STATE, told["state"]).replace(CURSOR, told["cursor"])
        answer = curl(line.replace(JOB, told["job"]).replace("localhost:8000", host), folder)
        if isinstance(answer, dict) and answer.get("next_cursor") and "hits" in answer:
            told |= {"state": answer["state"], "cursor": answer["next_cursor"]}
        if isinstance(answer, dict) and str(answer.get("id")).startswith("job-"):
            told["job"] = answer["id"]
    assert len(EXAMPLES) > 20
    assert STATE not in told.values()
    assert JOB not in told.values()


def curl(line: str, folder: Path) -> Any:
    """What a command prints, which must be a success; None if it goes into a file."""
    words = [*shlex.split(line), "-sS", "-w", "\n%{http_code}"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    text, _, status = done.stdout.rpartition("\n")
    assert status in ("200", "201", "202"), (line, done.stdout)
    return json.loads(text) if text else None
