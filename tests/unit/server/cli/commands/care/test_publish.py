from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import hits_of, run, run_json
from memory_engine import MemoryEngine
from milvus_service import MilvusService

from anysense.index.vectors.milvus import remote, store
from anysense.index.vectors.milvus.search import PartitionSearch
from anysense.server.cli.status import ERROR

if TYPE_CHECKING:
    from pathlib import Path


def test_an_index_moves_to_an_engine_and_back(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = MemoryEngine()
    monkeypatch.setattr(store, "Remote", engine.connect)
    before = hits_of(built)
    assert shown(built) == "FAISS, on this machine"
    told = run("publish", built, "--to", engine.address).stdout
    assert told == f"{built}: 3 segments, searched by {engine.address}.\n"
    assert run_json("info", built)["engine"] == engine.address
    assert shown(built) == f"Milvus, at {engine.address}"
    assert [hit["id"] for hit in hits_of(built)] == [hit["id"] for hit in before]
    assert run_json("publish", built, "--to", "local")["engine"] == "local"
    assert engine.names() == set()
    assert "neither" in run("publish", built, "--to", "elsewhere", status=2).stderr


def test_a_server_that_went_away_is_one_sentence_and_local_brings_it_back(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pymilvus")
    monkeypatch.setattr(remote, "SEARCH_SECONDS", 1.0)
    monkeypatch.setattr(PartitionSearch, "_first_depth", lambda _, k, *__: k)  # however few
    service = MilvusService()
    before = hits_of(built)
    run("publish", built, "--to", service.address)
    assert [hit["id"] for hit in hits_of(built)] == [hit["id"] for hit in before]
    assert "Search" in service.calls
    service.close()
    assert shown(built) == f"Milvus, at {service.address}"
    for arguments in (("search", built, "red"), ("publish", built, "--to", service.address)):
        told = run(*arguments, status=ERROR)
        assert f"The Milvus server at {service.address} does not answer" in told.stderr
        assert "Traceback" not in told.output
    run("publish", built, "--to", "local")
    assert [hit["id"] for hit in hits_of(built)] == [hit["id"] for hit in before]


def shown(collection: Path) -> str:
    """What `anysense info` says of the engine to people."""
    lines = run("info", collection).stdout.splitlines()
    [engine] = [line for line in lines if line.startswith("searched by")]
    return engine.removeprefix("searched by").strip()
