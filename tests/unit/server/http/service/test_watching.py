"""A service that keeps its collection as a folder is."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from http_client import client_of, search

from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from anysense.index.collection import Collection


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_searches_find_what_comes_and_not_what_has_gone(
    collection: Collection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "green.txt").write_text("a green bottle")
    (photos / "bad.png").write_bytes(b"no picture")
    settings = Settings(watch=(str(photos),), writer_idle_seconds=0.1)
    caplog.set_level(logging.INFO, "anysense")
    with client_of(collection, settings) as client:

        def names() -> set[str]:
            found = search(client, text="green", k=100)
            return {hit["source"] for hit in found if hit["source"].startswith(str(photos))}

        until(lambda: names() == {str(photos / "green.txt")})
        (photos / "new.txt").write_text("a green hat")
        until(lambda: str(photos / "new.txt") in names())
        added = client.post("/v1/items", json={"text": "green ink", "id": "ink"})
        assert added.status_code == 201, "clients write beside it"
        (photos / "green.txt").unlink()
        until(lambda: names() == {str(photos / "new.txt")})
        assert client.get("/v1/items/ink").status_code == 200
    messages = [record.getMessage() for record in caplog.records]
    assert any(": 1 removed in " in message for message in messages)
    assert sum(f"{photos}/bad.png cannot be read" in message for message in messages) == 1


def test_a_folder_that_is_not_there_yet_is_waited_for(
    collection: Collection, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    with client_of(collection, Settings(watch=(str(photos),))) as client:

        def count() -> int:
            return len(client.get("/v1/items", params={"limit": 100}).json()["items"])

        before = count()
        photos.mkdir()
        (photos / "green.txt").write_text("a green bottle")
        until(lambda: count() == before + 1)
