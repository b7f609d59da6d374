"""A collection whose index is in a real Milvus server."""

from __future__ import annotations

import multiprocessing
import signal
from typing import TYPE_CHECKING, Any

import pytest
from engine_suite import THRESHOLDS, EngineSuite, answers, assert_alike, local, made, path
from milvus_server import Engine
from publishing_child import publish_and_die
from specimen import opened_with, record

from anysense.embed.errors import EngineUnavailableError
from anysense.index.vectors.milvus.client import Milvus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from milvus_server import MilvusProcess

__all__ = ["TestOverMilvus", "local", "made", "path"]


class TestOverMilvus(EngineSuite):
    @pytest.fixture
    def engine(self, server: MilvusProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
        engine = Engine(server.address)
        call = Milvus.call

        def call_or_fail(milvus: Milvus, *arguments: Any, **options: Any) -> Any:
            if engine.is_away:
                raise EngineUnavailableError(f"{milvus.address} does not answer.")
            return call(milvus, *arguments, **options)

        monkeypatch.setattr(Milvus, "call", call_or_fail)
        yield engine
        engine.drop(engine.names())

    @pytest.mark.parametrize(
        ("name", "number", "anew"),
        [("create_index", 1, False), ("upsert", 1, False), ("upsert", 2, False),
         ("load_collection", 1, False), ("query", 1, False), ("search", 1, False),
         ("upsert", 2, True), ("search", 1, True), ("drop_collection", 1, True)],
    )  # fmt: skip
    def test_a_publisher_that_is_killed_loses_nothing(
        self, engine: Engine, path: Path, name: str, number: int, anew: bool
    ) -> None:
        """By SIGKILL, when it is about to make a call of the server, moving or compacting."""
        with opened_with(path, **THRESHOLDS) as collection:
            if anew:
                collection.publish(to=engine.address)
            collection.write([record("new")])
            collection.remove(["i0"])
            expected, where = answers(collection), collection.info()["engine"]
        before = engine.names()
        process = multiprocessing.get_context("spawn").Process(
            target=publish_and_die, args=(path, engine.address, name, number, THRESHOLDS, anew)
        )
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        with opened_with(path, **THRESHOLDS) as collection:
            assert collection.info()["engine"] == where
            assert_alike(answers(collection), expected, 0.3)
            assert len(engine.names() - before) == 1  # what is half made
            collection.publish(to=engine.address)
            collection.compact()
            assert_alike(answers(collection), expected, 0.3)
            assert len(engine.names()) == 1
            assert collection.verify().problems == []
