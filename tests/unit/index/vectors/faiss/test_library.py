"""FAISS's threads: one query is computed by the thread that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from clusters import IMAGES

from anysense.index.vectors.faiss import probe
from anysense.index.vectors.faiss.library import faiss, one_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.vectors.faiss.store import FaissStore


@pytest.fixture
def three_threads() -> Iterator[None]:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    yield
    faiss.omp_set_num_threads(before)


@pytest.mark.usefixtures("three_threads")
def test_what_is_computed_by_one_thread_leaves_their_number_as_it_was() -> None:
    with one_thread():
        assert faiss.omp_get_max_threads() == 1
    assert faiss.omp_get_max_threads() == 3
    with pytest.raises(ValueError, match="no"), one_thread():
        raise ValueError("no")
    assert faiss.omp_get_max_threads() == 3


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize(("count", "threads"), [(1, {1}), (5, {1, 3})])
def test_one_query_is_searched_by_one_thread_and_several_by_all(
    fast: FaissStore,
    queries: Any,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    threads: set[int],
) -> None:
    seen: set[int] = set()

    def seen_pointer(array: Any) -> Any:
        seen.add(faiss.omp_get_max_threads())
        return pointer(array)

    effort = fast.choose_effort(IMAGES, queries)
    pointer = faiss.swig_ptr
    monkeypatch.setattr(probe.faiss, "swig_ptr", seen_pointer)
    fast.search(IMAGES, np.ascontiguousarray(queries[:count]), 10, effort)
    assert seen == threads
