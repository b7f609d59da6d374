"""A fast scan is made of the lists, and only of what has changed in them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np
from clusters import (
    DIMENSION,
    IMAGES,
    MANY,
    World,
    probing,
    unit,
)

from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.faiss.packing import pack
from anysense.index.vectors.faiss.search import PartitionSearch
from anysense.index.vectors.faiss.store import FaissStore
from anysense.index.vectors.recall import recall_at_k

if TYPE_CHECKING:
    import pytest


def book(store: FaissStore) -> Any:
    return faiss.vector_to_array(store.fast_scans[IMAGES].pq.centroids)


def test_only_a_large_partition_has_one(fast: FaissStore) -> None:
    assert set(fast.fast_scans) == {IMAGES}


def test_new_lists_get_a_new_code_book(
    narrow_sources: dict[Partition, ArraySource], fast: FaissStore
) -> None:
    changed = unit(narrow_sources[IMAGES].vectors + np.linspace(0, 0.5, DIMENSION))
    now = {IMAGES: ArraySource(narrow_sources[IMAGES].ids, changed)}
    build = partial(FaissStore.build, now, thresholds=fast.thresholds)
    np.testing.assert_array_equal(book(build(previous=fast)), book(fast))
    np.testing.assert_array_equal(book(build(previous=fast, renew=[IMAGES])), book(build()))


def test_an_update_packs_what_has_changed(
    fast: FaissStore, narrow_sources: dict[Partition, ArraySource], near_world: World, queries: Any
) -> None:
    new = near_world.draw(40)
    replaced = narrow_sources[IMAGES].ids[:20]
    ids = np.concatenate([np.arange(20) + 10**7, replaced])
    gone = narrow_sources[IMAGES].ids[100:200]
    changed = fast.updated({IMAGES: (ids, new)}, gone)
    entry = changed.layout[IMAGES]
    anew = pack(changed.lists, entry, fast.lists, fast.fast_scans[IMAGES])
    assert changed.fast_scans[IMAGES].ntotal == MANY + 20 - 100
    for row, vector in zip(ids, new, strict=True):
        assert changed.search(IMAGES, vector[None], 1, probing(20, depth=50))[1][0, 0] == row
    search = changed.search_of(IMAGES)
    stored, probes = search.as_stored(queries), np.tile(np.arange(20), (len(queries), 1))
    again = PartitionSearch(search.lists, entry, anew, search.thresholds)
    np.testing.assert_array_equal(
        again.candidates(stored, probes, 50), search.candidates(stored, probes, 50)
    )
    effort = changed.choose_effort(IMAGES, queries)
    assert effort.depth
    _, true = changed.search(IMAGES, queries, 10)
    assert recall_at_k(changed.search(IMAGES, queries, 10, effort)[1], true) >= 0.93


def test_packing_only_the_changes_gives_the_same(
    fast: FaissStore, near_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = fast.updated({IMAGES: (np.arange(3) + 10**7, near_world.draw(3))})
    np.testing.assert_array_equal(book(changed), book(fast))
    entry = changed.layout[IMAGES]
    same = changed.lists.same_lists(entry, fast.lists)
    assert entry.lists - 3 <= len(same) < entry.lists
    updated, lists = changed.fast_scans[IMAGES], changed.lists
    monkeypatch.setattr(lists, "same_lists", lambda *arguments: [])
    every = pack(lists, entry, fast.lists, fast.fast_scans[IMAGES])
    for number in range(entry.lists):
        size = every.invlists.list_size(number)
        assert size == updated.invlists.list_size(number)
        blocks = -(-size // 32) * 32 * DIMENSION // 4
        codes = [faiss.rev_swig_ptr(i.invlists.get_codes(number), blocks) for i in (every, updated)]
        np.testing.assert_array_equal(*codes)
