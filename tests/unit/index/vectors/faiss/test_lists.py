"""What an index holds is read back out of it."""

from __future__ import annotations

import numpy as np
import pytest
from clusters import (
    IMAGES,
    MANY,
    TEXTS,
)

from anysense.embed.errors import UsageError
from anysense.index.types import ArraySource
from anysense.index.vectors.faiss.store import FaissStore


def test_vectors_come_back_by_id(clustered: FaissStore, many: ArraySource) -> None:
    rows = np.array([5, 3, 29_999, 5])
    vectors = clustered.vectors(IMAGES, many.ids[rows])
    assert (vectors == many.vectors[rows].astype(np.float16)).all()
    assert clustered.vectors(IMAGES, np.empty(0, np.int64)).shape == (0, 48)
    absent = np.setdiff1d(np.arange(2 * MANY), many.ids)[:1]
    assert clustered.contains(IMAGES, np.r_[many.ids[:1], absent]).tolist() == [True, False]
    with pytest.raises(UsageError, match=f"Segment {absent[0]} is not in"):
        clustered.vectors(IMAGES, absent)


def test_a_sample_depends_on_its_seed_alone(clustered: FaissStore, many: ArraySource) -> None:
    ids, vectors = clustered.sample(IMAGES, 100, seed=1)
    assert len(np.unique(ids)) == 100
    assert (clustered.vectors(IMAGES, ids) == vectors).all()
    order = np.random.default_rng(0).permutation(MANY)
    other = FaissStore.build({IMAGES: ArraySource(many.ids[order], many.vectors[order])}, seed=9)
    assert (other.sample(IMAGES, 100, seed=1)[0] == ids).all()
    assert (clustered.sample(IMAGES, 100, seed=2)[0] != ids).any()
    assert len(clustered.sample(TEXTS, 1000)[0]) == 50
