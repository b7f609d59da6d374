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
