"""What is sent to servers of each version, and what servers that misbehave make of a search."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from array_reader import ArrayReader
from certificates import write_certificate
from clusters import IMAGES, World, brute_force
from milvus_service import MilvusService
from store_suite import THRESHOLDS, Opened, StoreSuite

from anysense.embed.errors import EngineUnavailableError
from anysense.index.types import ArraySource
from anysense.index.vectors.milvus import client, remote
from anysense.index.vectors.milvus.address import Address
from anysense.index.vectors.milvus.client import Milvus
from anysense.index.vectors.milvus.store import MilvusStore, sweep
from anysense.index.vectors.recall import Effort

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("pymilvus")

SOURCE = ArraySource(np.arange(2_000), World().draw(2_000))
QUERIES = World(draws=1).draw(5)
EFFORT = Effort(1, 1.0, depth=16)


class TestOverHalves(StoreSuite):
    """A store over a server that takes float16, by its version."""

    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls) -> Iterator[Opened]:
        service, reader = MilvusService("v2.4.0"), ArrayReader(cls.sources)
        address = Address.parse(service.address)

        def change(new: Any, gone: Any) -> None:
            reader.remove(gone)
            for partition, rows in new.items():
                reader.add(partition, *rows)

        store = MilvusStore.build(cls.sources, reader, address, "halves", thresholds=THRESHOLDS)
        assert {place.vectors for place in store.place.places.values()} == {"FLOAT16_VECTOR"}
        yield store, change
        assert sweep(address, "halves", ())
        assert service.rows == {}
        service.close()


@pytest.fixture(params=["v2.3.5-lite", "v2.4.1", "v2.6.2-rc1", "3.0.0"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def service() -> Iterator[MilvusService]:
    made = MilvusService()
    yield made
    made.close()


def built(service: MilvusService) -> MilvusStore:
    reader, address = ArrayReader({IMAGES: SOURCE}), Address.parse(service.address)
    return MilvusStore.build({IMAGES: SOURCE}, reader, address, "a", thresholds=THRESHOLDS)


def search(store: MilvusStore) -> Any:
    return store.search(IMAGES, QUERIES, 10, EFFORT)[1]


def test_vectors_are_sent_as_the_catalog_has_them(version: str) -> None:
    service = MilvusService(version)
    try:
        store = built(service)
        [(name, partitions)] = service.rows.items()
        kind = np.float32 if version.startswith("v2.3") else np.float16
        rounded = SOURCE.vectors.astype(np.float16).astype(kind)
        assert partitions["image"] == {i: row.tobytes() for i, row in enumerate(rounded)}
        assert service.kind(name) == (101 if kind == np.float32 else 102)
        expected = brute_force(SOURCE.vectors, SOURCE.ids, QUERIES, 10)[1]
        assert (search(store) == expected).all()  # in its type; the service sees to that
    finally:
        service.close()


def test_a_server_indexes_what_has_come_while_the_rest_comes(service: MilvusService) -> None:
    built(service)
    calls = service.calls
    assert calls.index("CreateIndex") < calls.index("Upsert") < calls.index("LoadCollection")
    assert calls.index("Flush") < calls.index("LoadCollection")  # and has it before it loads it


@pytest.mark.parametrize("version", ["v2.2.16", "v1.1.0"])
def test_a_server_that_is_too_old_is_told_so(version: str) -> None:
    service = MilvusService(version)
    try:
        with pytest.raises(EngineUnavailableError, match=r"anysense needs 2\.3 or newer"):
            built(service)
        assert service.rows == {}
    finally:
        service.close()


def test_what_is_no_version_is_told(service: MilvusService) -> None:
    service.version = "one\nof mine"
    with pytest.raises(EngineUnavailableError, match="none of Milvus'"):
        built(service)


# Servers that misbehave


def assert_one_sentence(error: BaseException, service: MilvusService) -> None:
    """Assert that an error says where, in one line, and nothing of the client's inside."""
    text = str(error)
    assert service.address in text
    assert "\n" not in text
    assert "grpc" not in text.lower()
    assert text.endswith(".")
    assert error.__cause__ is None


def test_wrong_credentials_are_told_without_them(
    service: MilvusService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILVUS_TOKEN", "root:hidden-word")
    service.refused = (grpc.StatusCode.UNAUTHENTICATED, "auth check failure, hidden-word is wrong")
    with pytest.raises(EngineUnavailableError, match="MILVUS_TOKEN") as caught:
        built(service)
    assert_one_sentence(caught.value, service)
    assert "hidden-word" not in str(caught.value)
    assert service.tokens == {base64.b64encode(b"root:hidden-word").decode()}


def test_a_server_that_does_not_answer_in_time_is_an_error(
    service: MilvusService, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = built(service)
    monkeypatch.setattr(remote, "SEARCH_SECONDS", 0.2)
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.2)
    service.is_stuck = True
    with pytest.raises(EngineUnavailableError) as caught:
        search(store)
    assert_one_sentence(caught.value, service)
    with pytest.raises(EngineUnavailableError) as caught:
        Milvus(Address.parse(service.address)).call("list_collections", timeout=0.2)
    assert_one_sentence(caught.value, service)


def test_a_server_that_dies_while_it_searches_is_an_error(
    service: MilvusService, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = built(service)
    monkeypatch.setattr(remote, "SEARCH_SECONDS", 1.0)  # for which it is asked again
    service.is_stuck = True

    def die() -> None:
        service.waiting.wait()
        service.close()

    killer = threading.Thread(target=die)
    killer.start()
    with pytest.raises(EngineUnavailableError) as caught:
        search(store)
    killer.join()
    assert_one_sentence(caught.value, service)


def test_a_collection_that_somebody_has_dropped_is_an_error_and_is_made_anew(
    service: MilvusService,
) -> None:
    store = built(service)
    assert not store.is_lost()
    service.rows.clear()
    with pytest.raises(EngineUnavailableError, match="publish") as caught:
        search(store)
    assert_one_sentence(caught.value, service)
    assert store.is_lost()
    assert (search(built(service)) >= 0).all()


def test_a_server_that_stands_still_is_given_up(
    service: MilvusService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "STANDSTILL_SECONDS", 0.0)
    # What a server says of its index is the same for ever.
    monkeypatch.setattr(remote.Remote, "_unindexed", lambda *_: (7, 2_000))
    with pytest.raises(EngineUnavailableError, match="standstill at indexing a_") as caught:
        built(service)
    assert_one_sentence(caught.value, service)


def test_tls_is_by_certificates_that_are_trusted(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    service = MilvusService(certificate=(key.read_bytes(), certificate.read_bytes()))
    try:
        with pytest.raises(EngineUnavailableError) as caught:
            _ = Milvus(Address.parse(service.address)).version
        assert_one_sentence(caught.value, service)
        assert service.calls == []
        plain = Address.parse(service.address.replace("+tls", ""))
        with pytest.raises(EngineUnavailableError):
            _ = Milvus(plain).version
        assert _version_with(certificate, service.address) == "(2, 6)"
    finally:
        service.close()


def _version_with(roots: Path, address: str) -> str:
    """What a process that trusts a certificate is told by a server."""
    program = (
        "from anysense.index.vectors.milvus import address, client\n"
        f"print(client.Milvus(address.Address.parse({address!r})).version)"
    )
    environment = {**os.environ, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(roots)}
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()
