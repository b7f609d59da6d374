"""Sets of segments behave as Python's sets do, whatever they are kept as."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from anysense.index.segment_set import SegmentSet

SIZES = (0, 1, 7, 300, 2_000)


def drawn(seed: int, size: int, spread: int) -> np.ndarray:
    """Some ids, a few of them twice, among 2,500 that lie so far apart."""
    return np.random.default_rng(seed).integers(0, 2_500, size) * spread


@pytest.mark.parametrize("one", [1, 10**6])
@pytest.mark.parametrize("other", [1, 10**6])
def test_it_is_a_set(one: int, other: int) -> None:
    for mine, theirs in product(SIZES, SIZES):
        ids, others = drawn(1, mine, one), drawn(2, theirs, other)
        a, b = SegmentSet.of(ids), SegmentSet.of(others)
        assert a.ids.tolist() == sorted(set(ids.tolist()))
        assert len(a) == len(set(ids.tolist()))
        assert (a & b).ids.tolist() == sorted(set(ids.tolist()) & set(others.tolist()))
        assert len(a & b) == len((a & b).ids)
        assert a.without(others).ids.tolist() == sorted(set(ids.tolist()) - set(others.tolist()))
        assert a.contains(others).tolist() == [i in set(ids.tolist()) for i in others.tolist()]
        assert a.ids.dtype == np.int64


def test_wide_sets_take_a_bit_for_each_id() -> None:
    ids = np.arange(0, 1_000_000, 2)
    half = SegmentSet.of(ids)
    assert half.bits is not None
    assert half.nbytes == 125_000
    assert (SegmentSet.of(ids[:1_000] * 1_000).bits, len(half)) == (None, 500_000)
    parts = SegmentSet.gather(np.array_split(np.random.default_rng(0).permutation(ids), 9))
    assert parts.nbytes == 125_000
    assert np.array_equal(parts.ids, ids)


def test_far_ids_make_no_long_table() -> None:
    far = np.arange(200_000) * 10**9
    gathered = SegmentSet.gather([far[:150_000], far[150_000:]])
    assert gathered.bits is None
    assert np.array_equal(gathered.ids, far)


def test_what_is_no_id_is_not_in_it() -> None:
    for spread in (1, 10**9):
        few = SegmentSet.of(np.array([3, 5, 3, -4]) * spread)
        assert few.ids.tolist() == [3 * spread, 5 * spread]
        assert few.contains(np.array([-1, -(2**62), 2**62])).tolist() == [False] * 3
        assert 3 * spread in few
        assert 4 * spread not in few
    assert SegmentSet.of(iter([])).ids.tolist() == []
    assert SegmentSet.gather([]).ids.tolist() == []
