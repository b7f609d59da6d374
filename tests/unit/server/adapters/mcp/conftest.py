"""A small collection whose ids have slashes, spaces and letters of other scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from http_client import png, wav

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def long_text() -> str:
    return " ".join(f"green word{number}" for number in range(2000))


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "secret-folder"
    folder.mkdir()
    for name in ("red", "green"):
        (folder / f"{name}.png").write_bytes(png(name, 1000))
    (folder / "low.wav").write_bytes(wav(110.0, seconds=2.0))
    return folder


@pytest.fixture
def path(tmp_path: Path, media: Path, long_text: str) -> Path:
    """The collection, closed."""
    with Collection.create(tmp_path / "things.anysense", ["tiny"]) as collection:
        items = [
            NewItem("a red note", id="notes/été 100%?#", metadata={"year": 2021, "by": "Ada"}),
            NewItem(long_text, id="long", metadata={"year": 2020, "big": "x" * 5000}),
            NewItem(media / "red.png", id="photos/red", captions=["a red thing"]),
            NewItem(media / "green.png", id="photos/grün", metadata={"year": 2022}),
            NewItem(media / "low.wav", id="low"),
        ]
        assert collection.add(items).failed == []
    return tmp_path / "things.anysense"


@pytest.fixture
def collection(path: Path) -> Iterator[Collection]:
    with Collection.open(path) as collection:
        yield collection
