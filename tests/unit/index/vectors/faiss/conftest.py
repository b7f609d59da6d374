from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from clusters import IMAGES, MANY, SOUNDS, TEXTS, World, small, unit

from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.faiss.store import FaissStore
from anysense.index.vectors.thresholds import Thresholds


@pytest.fixture
def world() -> World:
    """What queries are drawn from: about the topics of `many`, but other vectors."""
    return World(draws=1)


@pytest.fixture(scope="session")
def many() -> ArraySource:
    ids = np.random.default_rng(1).permutation(2 * MANY)[:MANY].astype(np.int64)
    return ArraySource(ids, World().draw(MANY))


@pytest.fixture(scope="session")
def sources(many: ArraySource) -> dict[Partition, ArraySource]:
    """A large partition and two small ones."""
    others = small(n=50)
    others[TEXTS] = ArraySource(others[TEXTS].ids + 10**6, others[TEXTS].vectors)
    others[SOUNDS] = ArraySource(others[SOUNDS].ids + 10**6, others[SOUNDS].vectors)
    return {**others, IMAGES: many}


@pytest.fixture(scope="session")
def clustered(sources: dict[Partition, ArraySource]) -> FaissStore:
    return FaissStore.build(sources)


# The same for tests of the fast scan: its partition is narrower than the index.


@pytest.fixture
def near_world() -> World:
    """As `world`, of one modality."""
    return World(seed=3, draws=1, gap=0)


@pytest.fixture(scope="session")
def queries() -> Any:
    return World(seed=3, draws=2, gap=0).draw(200)


@pytest.fixture(scope="session")
def narrow_sources() -> dict[Partition, ArraySource]:
    """A large partition in an index that another space makes wider."""
    ids = np.random.default_rng(1).permutation(2 * MANY)[:MANY].astype(np.int64)
    wide = unit(np.random.default_rng(2).standard_normal((50, 80)))
    return {
        IMAGES: ArraySource(ids, World(seed=3, gap=0).draw(MANY)),
        SOUNDS: ArraySource(np.arange(50) + 10**6, wide),
    }


@pytest.fixture(scope="session")
def fast_thresholds() -> Thresholds:
    """A fast scan from 20,000 segments on, that answers whatever it costs."""
    return Thresholds(fast_scan=20_000, timed=0, scanned_per_candidate=0, scanned_per_search=0)


@pytest.fixture(scope="session")
def fast(narrow_sources: dict[Partition, ArraySource], fast_thresholds: Thresholds) -> FaissStore:
    return FaissStore.build(narrow_sources, thresholds=fast_thresholds)
