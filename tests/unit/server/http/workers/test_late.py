"""A process in the place of another one leaves clients to the others until it can search."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from specimen import created
from tiny import TinyEncoder

from anysense.index.collection import Collection
from anysense.server.http.app import create_app
from anysense.server.http.workers.worker import WRITER, Worker

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.embed.types import Encoder

NAMES = (WRITER, "reader-1", "reader-2")
SECONDS = 30


@pytest.mark.parametrize(
    ("name", "is_replacement", "waits"),
    [("reader-1", True, True), ("reader-1", False, False), (WRITER, True, False)],
)
def test_only_a_reader_that_replaces_another_waits_for_its_encoders(
    tmp_path: Path, name: str, is_replacement: bool, waits: bool
) -> None:
    loads, may_load = threading.Event(), threading.Event()

    def load(_: str) -> Encoder:
        loads.set()
        assert may_load.wait(SECONDS)
        return TinyEncoder()

    async def start(worker: Worker) -> bool:
        """Whether it listens although its encoders are not loaded."""
        with Collection.open(tmp_path / "c", load=load) as collection:
            app = create_app(collection, worker=worker)
            lifespan = app.router.lifespan_context(app)
            starting = asyncio.create_task(lifespan.__aenter__())
            await asyncio.to_thread(loads.wait, SECONDS)
            await asyncio.wait({starting}, timeout=0.3 if waits else SECONDS)
            listens = starting.done()
            may_load.set()
            await asyncio.wait_for(starting, SECONDS)
            await lifespan.__aexit__(None, None, None)
            return listens

    with created(tmp_path / "c"):
        pass
    assert asyncio.run(start(Worker(name, NAMES, tmp_path, is_replacement))) is not waits
