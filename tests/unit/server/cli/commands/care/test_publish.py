from __future__ import annotations

from typing import TYPE_CHECKING

from command_line import hits_of, run, run_json
from memory_engine import MemoryEngine

from anysense.index.vectors.milvus import store

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_an_index_moves_to_an_engine_and_back(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = MemoryEngine()
    monkeypatch.setattr(store, "Remote", engine.connect)
    before = hits_of(built)
    told = run("publish", built, "--to", engine.address).stdout
    assert told == f"{built}: 3 segments, searched by {engine.address}.\n"
    assert run_json("info", built)["engine"] == engine.address
    assert [hit["id"] for hit in hits_of(built)] == [hit["id"] for hit in before]
    assert run_json("publish", built, "--to", "local")["engine"] == "local"
    assert engine.names() == set()
    assert "neither" in run("publish", built, "--to", "elsewhere", status=2).stderr
