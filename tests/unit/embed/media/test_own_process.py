"""A process of its own ends, whatever it does, and nobody sees what it prints."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from anysense.embed.errors import AbandonedError
from anysense.embed.media.own_process import KILLED, answer_of, descriptor_of, python_command
from anysense.embed.waiting import Waiter, waited_for_by

if TYPE_CHECKING:
    from pathlib import Path

SLEEP = "import time; time.sleep(600)"


def ran(program: str, data: bytes = b"", seconds: float = 60.0) -> tuple[int, bytes] | None:
    return answer_of([sys.executable, "-c", program], io.BytesIO(data), seconds)


def test_it_reads_the_file_and_answers(capfd: pytest.CaptureFixture[str]) -> None:
    program = "import sys; sys.stderr.write('noise'); sys.stdout.write(sys.stdin.read()[::-1])"
    assert ran(program, b"abc") == (0, b"cba")
    assert ran("raise SystemExit(7)") == (7, b"")
    assert capfd.readouterr() == ("", "")


def test_the_position_of_a_copied_file_stays() -> None:
    file = io.BytesIO(b"abc")
    file.seek(1)
    with descriptor_of(file) as copy:
        copy.seek(0)
        assert copy.read() == b"abc"
    assert file.read() == b"bc"


def test_a_file_of_the_system_is_no_copy(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with (tmp_path / "a").open("rb") as file, descriptor_of(file) as same:
        assert same is file


def test_its_time_ends() -> None:
    assert ran(SLEEP, seconds=0.0) is None
    assert ran(SLEEP, seconds=0.5) is None


def test_it_ends_with_its_waiter() -> None:
    waiter = Waiter()
    waiter.leave()
    with waited_for_by(waiter), pytest.raises(AbandonedError):
        ran(SLEEP)


def test_a_kill_is_told() -> None:
    program = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert ran(program) == (KILLED, b"")


@pytest.mark.skipif(sys.platform != "linux", reason="the system limits no address space")
def test_its_memory_is_limited() -> None:
    program = (
        "from anysense.embed.media.own_process import limit_memory; limit_memory(1 << 30)\n"
        "try:\n    b = bytes(1 << 31)\nexcept MemoryError:\n    raise SystemExit(5)"
    )
    assert ran(program) == (5, b"")


def test_a_module_runs_with_its_arguments() -> None:
    command = python_command("os.path", "a", "b")
    assert command[-2:] == ["a", "b"]
    assert "from os.path import main; main()" in command[2]
