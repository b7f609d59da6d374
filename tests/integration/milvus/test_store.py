"""Milvus does what every store does, and loses nothing when it is killed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from array_reader import ArrayReader
from clusters import IMAGES, World
from milvus_server import MilvusProcess, wait_for
from store_suite import LARGE, THRESHOLDS, Opened, StoreSuite

from anysense.embed.errors import EngineUnavailableError
from anysense.index.vectors.milvus.address import Address
from anysense.index.vectors.milvus.client import Milvus
from anysense.index.vectors.milvus.remote import Remote
from anysense.index.vectors.milvus.store import MilvusStore, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator


OWNER = "anysense_suite"


class TestMilvusStore(StoreSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls, server: MilvusProcess) -> Iterator[Opened]:
        reader, address = ArrayReader(cls.sources), Address.parse(server.address)

        def change(new: Any, gone: Any) -> None:
            reader.remove(gone)
            for partition, rows in new.items():
                reader.add(partition, *rows)

        yield MilvusStore.build(cls.sources, reader, address, OWNER, thresholds=THRESHOLDS), change
        assert sweep(address, OWNER, ())

    def test_a_killed_server_is_an_error_and_has_everything_when_it_is_back(
        self, opened: Opened, server: MilvusProcess
    ) -> None:
        store = opened[0]
        assert isinstance(store, MilvusStore)
        queries = World(draws=1).draw(50)
        effort = store.choose_effort(IMAGES, World(draws=2).draw(200))
        before = store.search(IMAGES, queries, 10, effort)[1]
        server.kill()
        with pytest.raises(EngineUnavailableError, match="does not answer as it should"):
            store.search(IMAGES, queries, 10, effort)
        with pytest.raises(EngineUnavailableError, match=r"milvus://127\.0\.0\.1"):
            store.ping()
        server.start()
        wait_for(lambda: _answers(store, queries, effort))  # while it loads, it says so
        again = store.search(IMAGES, queries, 10, effort)[1]
        assert np.mean([len(np.intersect1d(a, b)) for a, b in zip(before, again, strict=True)]) > 9
        ids = store.reader.ids(IMAGES, 2 * LARGE)
        assert store.contains(IMAGES, ids).all()
        assert not store.is_lost()


def test_credentials_are_the_environments_and_others_are_refused_in_a_sentence(
    server: MilvusProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = Address.parse(server.address)
    with server.asking_for_credentials():
        for wrong in ("", "root:hidden-word"):
            monkeypatch.setenv("MILVUS_TOKEN", wrong)
            with pytest.raises(EngineUnavailableError, match="refuses the credentials") as caught:
                Remote(Milvus(address)).names("")
            assert "hidden-word" not in str(caught.value)
            assert "\n" not in str(caught.value)
        monkeypatch.setenv("MILVUS_TOKEN", "root:Milvus")
        assert Remote(Milvus(address)).names("anysense_nobodys") == []


def _answers(store: MilvusStore, queries: Any, effort: Any) -> bool:
    try:
        store.search(IMAGES, queries, 10, effort)
    except EngineUnavailableError:
        return False
    return True
