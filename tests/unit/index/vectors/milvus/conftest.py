from __future__ import annotations

import pytest
from memory_engine import MemoryEngine

from anysense.index.vectors.milvus import store


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> MemoryEngine:
    """A server in memory, at any address."""
    made = MemoryEngine()
    monkeypatch.setattr(store, "Remote", made.connect)
    return made
