from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection.create(tmp_path / "collection", ("tiny",)) as created:
        yield created
