from __future__ import annotations

from typing import TYPE_CHECKING

from command_line import run
from PIL import Image

from anysense.server.cli import tables

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_terminal_gets_tables(
    built: Path, media: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tables, "stdout_is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.chdir(tmp_path)
    long = media / f"{'very' * 20} [bold]red photo.png"
    Image.new("RGB", (24, 24), (200, 40, 20)).save(long)
    run("build", media, "-o", built)
    shown = run("search", built, "red").stdout
    assert shown.splitlines()[0].split() == ["score", "modality", "where", "source", "text"]
    assert "media/red.png" in shown
    assert "…" in shown
    assert "[bold]red photo.png" in shown  # shown as it is, and its end rather than its start
    assert all(len(line) <= 60 for line in shown.splitlines())
