"""FAISS does what every store does."""

from __future__ import annotations

import pytest
from store_suite import THRESHOLDS, Opened, StoreSuite

from anysense.index.vectors.faiss.store import FaissStore


class TestFaissStore(StoreSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls) -> Opened:
        return FaissStore.build(cls.sources, thresholds=THRESHOLDS), lambda _new, _gone: None
