"""What is said of an error, and with which status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from command_line import run

from anysense.server.cli.root import cli
from anysense.server.cli.status import INTERRUPTED

if TYPE_CHECKING:
    from pathlib import Path

    import click
    import pytest


def test_usage_errors_are_one_sentence_and_status_2(tmp_path: Path) -> None:
    for args in (
        ["biuld"],
        ["build", "-o", "c"],
        ["search"],
        ["search", str(tmp_path), "x", "-k", "0"],
        ["search", str(tmp_path), "x", "--modality", "smell"],
        ["build", ".", "-o", "c", "--device", "tpu"],
        ["build", ".", "-o", "c", "--encoder", "tiny", "--profile", "best"],
    ):
        result = run(*args, status=2)
        assert result.stdout == ""
        assert result.stderr.startswith("error: ")
        assert result.stderr.splitlines()[0].endswith((".", "?"))
        assert "Traceback" not in result.stderr


def test_errors_are_one_sentence_and_status_1(tmp_path: Path) -> None:
    result = run("info", tmp_path / "none", status=1)
    assert result.stderr.startswith(f"error: No collection at {tmp_path / 'none'}")
    assert result.stderr.count("\n") == 1


def test_a_bug_is_called_a_bug_and_shows_its_traceback_on_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(ctx: click.Context, name: str) -> None:
        raise RuntimeError("something\nunexpected")

    monkeypatch.setattr(cli, "get_command", broken)
    result = run("info", "c", status=1)
    assert result.stderr.splitlines()[0] == "error: RuntimeError: something unexpected."
    assert "bug" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in run("--debug", "info", "c", status=1).stderr


def test_stopping_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(ctx: click.Context, name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "get_command", stopped)
    assert "Traceback" not in run("info", "c", status=INTERRUPTED).stderr


def test_what_was_perhaps_meant_is_asked() -> None:
    assert "No such command 'serach'; did you mean 'search'?" in run("serach", status=2).stderr
    assert "No such option '--imge'; did you mean '--image'?" in (
        run("search", "c", "--imge", "x", status=2).stderr
    )
    assert run("xyzzy", status=2).stderr.startswith("error: No such command 'xyzzy'.\n")
