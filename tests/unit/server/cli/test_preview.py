"""Pictures of hits in terminals of several kinds."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from command_line import run
from service_process import COMMAND, process_environment
from video_files import Scene, colour, film

from anysense.index.collection import Collection
from anysense.index.ranking.retriever import CollectionRetriever
from anysense.index.showing.reader import CollectionReader
from anysense.server.cli import preview

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.index.hits.hits import Hits

pytest.importorskip("chafa")

VARIABLES = (
    *("COLORTERM", "KITTY_PID", "KITTY_WINDOW_ID", "LC_TERMINAL", "STY", "TERM_PROGRAM", "TMUX"),
    *("VTE_VERSION", "WT_SESSION", "XTERM_VERSION"),
)
WAYS = {"kitty": "\x1b_G", "iTerm2": "\x1b]1337;File=", "sixels": "\x1bP"}


@pytest.fixture
def hits(built: Path) -> Iterator[Hits]:
    with Collection.open(built) as collection:
        reader = CollectionReader(collection.folder)
        yield CollectionRetriever(collection, reader=reader).retrieve("red", k=3)


def terminal(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("variables", "way"),
    [
        ({"TERM": "xterm-kitty", "KITTY_PID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iTerm2"),
        ({"TERM": "foot"}, "sixels"),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, None),
        ({"TERM": "linux"}, None),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x"}, None),
    ],
)
def test_pictures_are_shown_as_the_terminal_can(
    hits: Hits,
    variables: dict[str, str],
    way: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    terminal(monkeypatch, variables)
    preview.print_previews(hits)
    shown = capfd.readouterr().out
    assert {name for name, start in WAYS.items() if start in shown} == ({way} if way else set())
    assert shown.count(".png") == 2
    assert "note.txt" not in shown
    if way is None:
        lines = shown.splitlines()
        assert 8 <= len(lines) <= 2 * (preview.ROWS + 2), "it is as high as it may be"
        assert "\x1b[" in shown, "it has colours"


def test_a_file_that_is_gone_is_told_and_the_others_are_shown(
    hits: Hits, media: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    terminal(monkeypatch, {"TERM": "xterm-kitty", "KITTY_PID": "1"})
    (media / "red.png").unlink()
    preview.print_previews(hits)
    shown = capfd.readouterr()
    assert "media/red.png: The file of the item" in shown.err
    assert shown.out.count(".png") == 1
    monkeypatch.setattr(preview, "MOST", 1)
    preview.print_previews(hits)
    assert "1 more pictures are not shown." in capfd.readouterr().err


def test_without_a_terminal_hits_are_printed_and_that_is_said(built: Path) -> None:
    told = run("search", built, "red", "--preview")
    assert "red.png" in told.stdout
    assert "--preview shows pictures in a terminal, and standard output is none." in told.stderr


def test_the_extra_is_named_where_it_is_missing(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anysense.server.cli.console.stdout_is_terminal", lambda: True)
    monkeypatch.setitem(sys.modules, "chafa", None)
    told = run("search", built, "red", "--preview", status=2).stderr
    assert "--preview needs an extra: pip install 'anysense[preview]'" in told


@pytest.mark.parametrize("other", ["--json", "--files", "--null"])
def test_scripts_get_no_pictures(built: Path, other: str) -> None:
    told = run("search", built, "red", "--preview", other, status=2).stderr
    assert f"Give --preview or {other}, not both." in told


@pytest.mark.integration
@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_a_command_in_a_terminal_shows_them(built: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    environment = process_environment(TERM="xterm-kitty", KITTY_PID="1", COLUMNS="100")
    words = ["search", str(built), "red", "--preview"]
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words], env=environment, stdout=theirs, stdin=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # as Linux tells that the other end is closed
            pass
        os.close(ours)
    assert process.returncode == 0
    assert shown.count(b"\x1b_Ga=T") == 2


def test_a_video_is_shown_by_the_frame_that_matched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    scenes = [Scene(colour(name), 65.0) for name in ("lime", "red")]
    (tmp_path / "film.mp4").write_bytes(film(scenes, rate=1))
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        assert collection.add([tmp_path / "film.mp4"]).failed == []
        reader = CollectionReader(collection.folder)
        found = CollectionRetriever(collection, reader=reader).retrieve("red", kinds=["video"])
        assert 65 <= (found[0].frame or 0) < 130
        terminal(monkeypatch, {"TERM": "xterm-256color", "COLORTERM": "truecolor"})
        preview.print_previews(found)
    shown = capfd.readouterr().out
    assert "film.mp4, 1:" in shown
    assert "48;2;2" in shown or "38;2;2" in shown, "it is red"
