from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from live_server import listening
from media_files import page, pdf
from tiny_files import write_media, write_tone

from anysense import Collection, NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Three pictures, two sounds and a text."""
    folder = tmp_path / "media"
    write_media(folder)
    write_tone(folder / "high.wav", 3000.0, seconds=25.0)
    return folder


@pytest.fixture
def collection(media: Path, tmp_path: Path) -> Iterator[Collection]:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        names = ("red.png", "green.png", "blue.png", "low.wav", "high.wav", "note.txt")
        items = [
            NewItem(media / name, id=name.partition(".")[0], metadata={"year": 2020 + n})
            for n, name in enumerate(names)
        ]
        assert collection.add(items).added == len(names)
        yield collection


@pytest.fixture
def address(collection: Collection) -> Iterator[str]:
    """A service of it."""
    with listening(collection) as (url, _):
        yield url


@pytest.fixture
def document(collection: Collection, tmp_path: Path) -> str:
    """A PDF of two pages, the second of which is red, and no words; its id."""
    red = b"1 0 0 rg 20 20 572 752 re f"
    (tmp_path / "lamp.pdf").write_bytes(pdf([page("a dark word"), red]))
    [item_id] = collection.add([NewItem(tmp_path / "lamp.pdf", id="lamp")]).ids
    assert item_id is not None
    return item_id
