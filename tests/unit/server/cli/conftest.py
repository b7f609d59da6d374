"""A folder of two pictures and a note, and a collection of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import run
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    for name, colour in (("red", (230, 20, 20)), ("blue", (20, 20, 230))):
        Image.new("RGB", (24, 24), colour).save(folder / f"{name}.png")
    (folder / "note.txt").write_text("a red note")
    return folder


@pytest.fixture
def built(tmp_path: Path, media: Path) -> Path:
    run("build", media, "-o", tmp_path / "c", "--encoder", "tiny")
    return tmp_path / "c"


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache and a home of the test's own."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    return tmp_path / "cache"
