"""Opening a catalog to write it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from specimen import created

from anysense.embed.errors import StorageError
from anysense.index.catalog.writer import CatalogWriter

OPEN_FILES = Path("/proc/self/fd")


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="needs a list of open files")
def test_a_catalog_that_cannot_be_written_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients of a service try again and again while its disk is full."""

    def refuse(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with created(tmp_path / "c"):
        pass
    monkeypatch.setattr("anysense.index.catalog.sqlite.connections.connect_to", refuse)
    for _ in range(3):
        with pytest.raises(StorageError):
            CatalogWriter(tmp_path / "c")
    links = [link.resolve() for link in OPEN_FILES.iterdir()]
    assert not any((tmp_path / "c") in link.parents for link in links)
