"""Where segments are, and which of them a filter selects."""

from __future__ import annotations

import numpy as np
import pytest

from anysense.embed.errors import CorruptCollectionError
from anysense.index.segment_set import SegmentSet
from anysense.index.vectors.idmap import IdMap


def test_places_and_selections_agree_with_sets() -> None:
    rng = np.random.default_rng(1)
    for spread in (1, 10**8):
        ids = rng.permutation(500)[:300].astype(np.int64) * spread
        lists = np.split(ids, np.sort(rng.integers(0, 300, 19)))
        places = IdMap(lists)
        assert [set(ids_) for ids_ in lists] == [
            set(places.ids[places.lists == number]) for number in range(20)
        ]
        rows_of_ids = places.find(ids)
        assert (places.ids[rows_of_ids] == ids).all()
        rows = zip(places.ids, places.lists, places.offsets, strict=True)
        assert all(lists[number][offset] == id_ for id_, number, offset in rows)
        for size in (0, 10, 200):
            allowed = rng.integers(0, 600, size) * spread
            excluded = rng.integers(0, 600, 30) * spread
            selection = places.select(SegmentSet.of(allowed), excluded)
            assert selection is not None
            expected = (set(ids) & set(allowed)) - set(excluded)
            assert set(ids[selection.among.contains(ids)]) == expected
            assert selection.total == len(expected)
            assert selection.counts.tolist() == [len(expected & set(part)) for part in lists]
            left_out = places.select(None, excluded)
            assert left_out is not None
            assert left_out.inverted
            assert left_out.total == 300 - len(set(ids) & set(excluded))


def test_ids_twice_in_an_index_are_damage() -> None:
    with pytest.raises(CorruptCollectionError, match="twice"):
        IdMap([np.array([3, 1]), np.array([1])])
