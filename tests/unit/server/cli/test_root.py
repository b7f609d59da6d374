"""The root of the command line: its help, its commands, and how a process of it ends."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from command_line import run

from anysense.server.cli.root import COMMANDS, cli
from anysense.server.cli.status import NO_READER


def subprocess_run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False
    )


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from anysense.server.cli.root import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "heavy = {'torch', 'faiss', 'numpy', 'rich', 'fastapi', 'PIL', 'pyarrow', 'sqlite3'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess_run(code)
    assert done.returncode == 0, done.stderr
    assert "build" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_the_root_says_of_each_command_what_it_says_itself(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.short_help == COMMANDS[name]
    for flag in ("-h", "--help"):
        assert "Usage: anysense" in run(name, flag).stdout


def test_the_version_is_told() -> None:
    assert run("--version").stdout.startswith("anysense")


def test_a_reader_that_has_enough_is_no_error() -> None:
    code = "from anysense.server.cli.root import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()  # before anything is written
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == NO_READER
