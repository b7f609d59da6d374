"""A small collection, and a client of the service over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from http_client import TestClient, client_of, png, wav

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXTS = {"red-text": "red", "blue-text": "blue sky", "low-text": "low rumble"}
COLOURS = ("red", "green", "blue")


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """Three texts, three pictures and two sounds; the pictures and sounds are files."""
    media = tmp_path / "files"
    media.mkdir()
    with Collection.create(tmp_path / "things.anysense", ["tiny"]) as collection:
        items = [
            NewItem(text, id=name, metadata={"label": "note", "length": len(text)})
            for name, text in TEXTS.items()
        ]
        for colour in COLOURS:
            (media / f"{colour}.png").write_bytes(png(colour))
            items.append(NewItem(media / f"{colour}.png", id=colour, metadata={"label": "photo"}))
        for name, hertz in (("low", 110.0), ("high", 3000.0)):
            (media / f"{name}.wav").write_bytes(wav(hertz))
            items.append(NewItem(media / f"{name}.wav", id=name, metadata={"label": "sound"}))
        assert collection.add(items).failed == []
        yield collection


@pytest.fixture
def client(collection: Collection) -> Iterator[TestClient]:
    with client_of(collection) as client:
        yield client
