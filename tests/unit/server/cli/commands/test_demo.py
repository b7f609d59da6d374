from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest
from command_line import run, run_json

if TYPE_CHECKING:
    from pathlib import Path


def test_the_demo_is_kept_where_caches_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from anysense.server.cli.commands.demo import (
        AUDIO_QUERY,
        IMAGE_QUERY,
        default_output,
        sample_folder,
    )

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("ANYSENSE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_output() == tmp_path / "anysense" / "demo"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_output() == tmp_path / ".cache" / "anysense" / "demo"
    assert (sample_folder() / IMAGE_QUERY).is_file()
    assert (sample_folder() / AUDIO_QUERY).is_file()


@pytest.mark.parametrize("kept", [False, True])
def test_a_demo_that_cannot_be_used_any_more_is_built_again_unless_it_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    from anysense.server.cli.commands import demo as commands_demo

    notes = tmp_path / "sample" / "notes"
    notes.mkdir(parents=True)
    (notes / "owl.txt").write_text("Owls hunt by ear.")
    monkeypatch.setattr(commands_demo, "sample_folder", lambda: tmp_path / "sample")
    monkeypatch.setattr(commands_demo, "search_with_each", lambda *_: None)
    monkeypatch.setattr(commands_demo, "default_output", lambda: tmp_path / "demo")
    chosen = ["-o", tmp_path / "demo"] if kept else []
    run("demo", *chosen)
    (tmp_path / "demo" / "catalog.sqlite").write_bytes(b"no catalog")
    again = run("demo", *chosen, status=1 if kept else 0)
    assert ("catalog.sqlite is damaged" in again.output) is kept
    assert ("building it again" in again.output) is not kept
    if not kept:
        assert run_json("info", tmp_path / "demo")["items"] == 1


def test_a_demo_of_another_installation_is_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anysense.server.cli.commands import demo as commands_demo

    files = {"notes/owl.txt": "Owls hunt by ear.", "photos/hens.txt": "Hens.", "sounds/d.txt": "D."}
    monkeypatch.setattr(commands_demo, "default_output", lambda: tmp_path / "demo")
    monkeypatch.setattr(commands_demo, "IMAGE_QUERY", "photos/hens.txt")
    monkeypatch.setattr(commands_demo, "AUDIO_QUERY", "sounds/d.txt")
    for name in ("one", "two"):
        for file, text in files.items():
            (tmp_path / name / file).parent.mkdir(parents=True)
            (tmp_path / name / file).write_text(text)
        monkeypatch.setattr(commands_demo, "sample_folder", lambda name=name: tmp_path / name)
        result = run("demo")
        assert str(tmp_path / name / "notes" / "owl.txt") in result.stdout
        assert ("building it again" in result.stderr) is (name == "two")
        assert "building it again" not in run("demo").stderr


def test_the_demo_is_served_on_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from anysense.server.cli.commands import demo as commands_demo
    from anysense.server.http import serving

    notes = tmp_path / "sample" / "notes"
    notes.mkdir(parents=True)
    (notes / "owl.txt").write_text("Owls hunt by ear.")
    monkeypatch.setattr(commands_demo, "sample_folder", lambda: tmp_path / "sample")
    served: list[Any] = []

    def serve(collections: Any, *, settings: Any, on_start: Any, ends_process: bool) -> None:
        served.append((list(collections), settings.host, settings.port, settings.page))
        on_start(settings.port or 4321)

    monkeypatch.setattr(serving, "serve", serve)
    monkeypatch.setenv("ANYSENSE_WORKERS", "3")  # which are for more than one's own page
    result = run("demo", "-o", tmp_path / "demo", "--serve", "--port", "8123")
    assert served == [(["demo"], "127.0.0.1", 8123, True)]
    assert "with a page at http://127.0.0.1:8123 " in result.stderr
    assert "Try it yourself" not in result.stdout
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(commands_demo, "USUAL_PORT", taken.getsockname()[1])
        run("demo", "-o", tmp_path / "demo", "--serve")
    assert served[-1][2] == 0  # any other
    run("demo", "-o", tmp_path / "demo", "--serve")
    assert served[-1][2] == commands_demo.USUAL_PORT
    assert "--port goes with --serve" in run("demo", "--port", "1", status=2).stderr
