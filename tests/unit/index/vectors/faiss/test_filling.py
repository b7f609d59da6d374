"""Lists that are written to a file as they come are those that FAISS would have written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from clusters import IMAGES, SOUNDS, World, check_all, small, unit

from anysense.embed.errors import CorruptCollectionError, StorageError
from anysense.embed.types import Modality
from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.faiss import filling
from anysense.index.vectors.faiss.files import INDEX_FILE
from anysense.index.vectors.faiss.store import FaissStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    folder = tmp_path / "inside"
    folder.mkdir()
    return folder


def contents(store: FaissStore, folder: Path) -> dict[str, bytes]:
    folder.mkdir(exist_ok=True)
    store.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("at_once", [1, 100_000, 1 << 27])
def test_a_build_in_a_file_is_that_in_memory(
    fast: FaissStore,
    narrow_sources: dict[Partition, ArraySource],
    inside: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
) -> None:
    # Each vector alone, some hundreds, and all of them together.
    monkeypatch.setattr(filling, "_BYTES_AT_ONCE", at_once)
    seen: list[tuple[int, int]] = []
    store = FaissStore.build(
        narrow_sources,
        thresholds=fast.thresholds,
        folder=inside,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert not store.lists.is_in_memory
    assert contents(store, inside) == contents(fast, tmp_path / "memory")
    total = sum(source.count for source in narrow_sources.values())
    assert seen == sorted(seen)
    assert seen[-1] == (total, total)


def test_an_update_in_a_file_is_that_in_memory(
    fast: FaissStore, near_world: World, inside: Path, tmp_path: Path
) -> None:
    wider = Partition("wider", Modality.IMAGE)
    vectors = unit(np.random.default_rng(3).standard_normal((40, 100)))
    add = {
        IMAGES: (np.arange(300) + 10**7, near_world.draw(300)),
        wider: (np.arange(40) + 10**8, vectors),
    }
    gone = np.r_[fast.lists.all_ids()[5:900], 10**6 : 10**6 + 50]  # all sounds with them
    changed = fast.updated(add, gone, folder=inside)
    assert changed.partitions[SOUNDS] == 0
    assert contents(changed, inside) == contents(fast.updated(add, gone), tmp_path / "memory")


@pytest.mark.parametrize("filled", [0, 1, 2, 3, 5])
def test_the_header_is_that_of_faiss(filled: int, tmp_path: Path) -> None:
    """It says the sizes of all lists, or of those that have any, whichever are fewer."""
    sizes = np.r_[np.arange(filled) + 1, np.zeros(5 - filled, int)].astype(np.int64)
    centroids = np.random.default_rng(0).standard_normal((5, 16)).astype(np.float32)
    index = filling.empty_index([centroids], 16)
    memory = filling.ListsInMemory(filling.empty_index([centroids], 16))
    with filling.new_file(index, sizes, tmp_path / "lists") as file:
        for number, size in enumerate(sizes.tolist()):
            ids, codes = np.arange(size), np.full((size, 32), number, np.uint8)
            for target in (file, memory):
                target.extend(number, ids, codes)
    filling.faiss.write_index(memory.index, str(tmp_path / "plain"))
    assert (tmp_path / "lists").read_bytes() == (tmp_path / "plain").read_bytes()
    assert file.size == (tmp_path / "lists").stat().st_size


def test_saving_where_it_is_writes_nothing_and_elsewhere_the_same(
    inside: Path, tmp_path: Path
) -> None:
    sources = small()
    store = FaissStore.build(sources, folder=inside)
    before = (inside / INDEX_FILE).stat()
    layout = store.save(inside)
    assert (inside / INDEX_FILE).stat().st_mtime_ns == before.st_mtime_ns
    os.link(inside / INDEX_FILE, tmp_path / INDEX_FILE)
    assert store.save(tmp_path) == layout
    assert os.path.samestat((tmp_path / INDEX_FILE).stat(), before)
    other = tmp_path / "other"
    other.mkdir()
    assert store.save(other) == layout
    assert (other / INDEX_FILE).read_bytes() == (inside / INDEX_FILE).read_bytes()
    check_all(FaissStore.load(other, layout), sources)


class Fails:
    """A source that ends too early, but not when it is read for the first time."""

    count, dimension = 30_000, 16

    def __init__(self) -> None:
        self.passes = 0

    def batches(self) -> Iterator[tuple[Any, Any]]:
        self.passes += 1
        vectors = np.random.default_rng(0).standard_normal((self.count, self.dimension))
        yield np.arange(20_000), vectors[:20_000].astype(np.float32)
        if self.passes < 3:
            yield np.arange(20_000, 30_000), vectors[20_000:].astype(np.float32)


def test_a_build_that_fails_leaves_no_file(inside: Path) -> None:
    with pytest.raises(CorruptCollectionError, match=r"20000 vectors .* announced 30000"):
        FaissStore.build({IMAGES: Fails()}, folder=inside)
    assert list(inside.iterdir()) == []
    with pytest.raises(StorageError, match="cannot be written"):
        FaissStore.build(small(), folder=inside / "absent")
    (inside / INDEX_FILE).write_text("somebody's")
    with pytest.raises(StorageError, match="cannot be written"):
        FaissStore.build(small(), folder=inside)
    assert (inside / INDEX_FILE).read_text() == "somebody's"
