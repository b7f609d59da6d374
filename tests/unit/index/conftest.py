from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tiny_files import write_media

from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A folder of three pictures, a sound and a text."""
    folder = tmp_path / "media"
    write_media(folder)
    return folder


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection.create(tmp_path / "collection", ("tiny",)) as created:
        yield created
