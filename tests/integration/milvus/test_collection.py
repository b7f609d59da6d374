"""A collection whose index is in a real Milvus server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from engine_suite import EngineSuite, local, made, path

from anysense.embed.errors import EngineUnavailableError
from anysense.index.vectors.milvus.address import Address
from anysense.index.vectors.milvus.client import Milvus
from anysense.index.vectors.milvus.remote import Remote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from milvus_server import MilvusProcess

__all__ = ["TestOverMilvus", "local", "made", "path"]


class Engine:
    """The server, as the suite sees it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.is_away = False
        self._remote = Remote(Milvus(Address.parse(address)))

    def names(self) -> set[str]:
        return set(self._remote.names("anysense_"))

    def drop(self, names: Collection[str]) -> None:
        self._remote.drop(names)


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
