"""Notes of how far builds are: seen by others, and gone with their process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from anysense.index.folder import progress
from anysense.index.folder.progress import PROGRESS, ProgressNote, running, told_of_publishing

if TYPE_CHECKING:
    from pathlib import Path

KILLED = """
import os, sys
from pathlib import Path
from anysense.index.folder.progress import ProgressNote
note = ProgressNote(Path(sys.argv[1])).__enter__()
note.tell("build", 3, 10)
os._exit(9)
"""


def test_a_note_is_there_from_the_first_step_to_the_end(tmp_path: Path) -> None:
    with ProgressNote(tmp_path) as note:
        assert running(tmp_path) == []
        note.tell("build", 0, 10)
        [found] = running(tmp_path)
        assert (found.what, found.done, found.total, found.failed) == ("build", 0, 10, 0)
        assert (found.seconds_left, found.pid) == (None, os.getpid())
        note.hide()
        assert running(tmp_path) == []
        note.tell("build", 5, 10, failed=2)
        assert [(one.done, one.failed) for one in running(tmp_path)] == [(5, 2)]
    assert running(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_it_is_replaced_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)

    def told() -> tuple[int, float | None]:
        [found] = running(tmp_path)
        return found.done, found.seconds_left

    with ProgressNote(tmp_path) as note:
        note.tell("build", 100, 500)  # what an earlier build has done is no pace
        now += 0.9
        note.tell("build", 150, 500)
        assert told() == (100, None)
        now += 1.1
        note.tell("build", 200, 500)
        assert told() == (200, 6.0)
        note.tell("build", 500, 500)  # the last one counts at once
        assert told() == (500, 0.0)
        note.tell("publish", 0, 9)  # and so does the first of something else
        assert told() == (0, None)


def test_several_are_told_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    with ProgressNote(tmp_path) as first, told_of_publishing(tmp_path, None) as tell:
        first.tell("reencode", 1, 2)
        tell(3, 4)
        assert [(one.what, one.done) for one in running(tmp_path)] == [
            ("reencode", 1),
            ("publish", 3),
        ]
    assert running(tmp_path) == []


def test_what_was_killed_is_not_told_and_goes_away(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)
    assert done.returncode == 9
    assert len(list((tmp_path / PROGRESS).iterdir())) == 2
    assert running(tmp_path) == []
    assert list((tmp_path / PROGRESS).iterdir()) == []


def test_the_next_build_clears_it_away_as_well(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)
    with ProgressNote(tmp_path) as note:
        note.tell("build", 1, 2)
        assert len(list((tmp_path / PROGRESS).iterdir())) == 2  # its own
    assert not (tmp_path / PROGRESS).exists()


GOOD = {
    "what": "build",
    "done": 1,
    "total": 2,
    "failed": 0,
    "seconds_left": None,
    "started_at": 1.0,
    "pid": 1,
}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        "{",
        json.dumps({**GOOD, "what": "other"}),
        json.dumps({**GOOD, "done": "x"}),
        json.dumps({**GOOD, "done": 1e400}),
        json.dumps({**GOOD, "seconds_left": "soon"}),
        json.dumps({**GOOD, "more": "x" * 5000}),
        "[" * 4000,
    ],
)
def test_a_note_that_cannot_be_read_is_not_told(tmp_path: Path, content: str) -> None:
    with ProgressNote(tmp_path) as note:
        note.tell("build", 1, 2)
        [path] = (tmp_path / PROGRESS).glob("*.json")
        path.write_text(json.dumps(GOOD))
        assert len(running(tmp_path)) == 1
        path.write_text(content)
        assert running(tmp_path) == []


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / PROGRESS).write_text("a file")
    with ProgressNote(tmp_path) as note:
        note.tell("build", 1, 2)
    assert running(tmp_path) == []


def test_who_publishes_is_told_too(tmp_path: Path) -> None:
    steps: list[Any] = []
    with told_of_publishing(tmp_path, lambda done, total: steps.append((done, total))) as tell:
        tell(1, 2)
    assert steps == [(1, 2)]
