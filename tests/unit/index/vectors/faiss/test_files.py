"""What is saved comes back, and what is damaged does not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np
import pytest
from clusters import (
    DIMENSION,
    IMAGES,
    World,
    check_all,
    probing,
    small,
)

from anysense.embed.errors import CorruptCollectionError, StorageError
from anysense.index.vectors.faiss.files import INDEX_FILE
from anysense.index.vectors.faiss.store import FaissStore

if TYPE_CHECKING:
    from pathlib import Path


def test_a_saved_index_comes_back(clustered: FaissStore, world: World, tmp_path: Path) -> None:
    layout = clustered.save(tmp_path)
    assert layout["files"] == {INDEX_FILE: (tmp_path / INDEX_FILE).stat().st_size}
    again = FaissStore.load(tmp_path, layout)
    assert again.layout == clustered.layout
    queries = world.draw(20, gap=1)
    for effort in (probing(5), None):
        for ours, theirs in zip(
            again.search(IMAGES, queries, 10, effort),
            clustered.search(IMAGES, queries, 10, effort),
            strict=True,
        ):
            assert (ours == theirs).all()


def test_a_mapped_index_outlives_its_file_and_is_saved_whole(tmp_path: Path) -> None:
    sources = small()
    layout = FaissStore.build(sources).save(tmp_path)
    mapped = FaissStore.load(tmp_path, layout)
    other = tmp_path / "other"
    other.mkdir()
    assert mapped.save(other) == layout
    written = (tmp_path / INDEX_FILE).read_bytes()
    (tmp_path / INDEX_FILE).unlink()
    check_all(mapped, sources)
    check_all(mapped.updated(), sources)
    assert (other / INDEX_FILE).read_bytes() == written
    check_all(FaissStore.load(other, layout), sources)


def test_plain_faiss_reads_the_file_and_agrees(
    clustered: FaissStore, world: World, tmp_path: Path
) -> None:
    clustered.save(tmp_path)
    index = faiss.read_index(str(tmp_path / INDEX_FILE))
    entry = clustered.layout[IMAGES]
    parameters = faiss.SearchParametersIVF(
        nprobe=12,
        quantizer_params=faiss.SearchParameters(
            sel=faiss.IDSelectorRange(entry.first_list, entry.stop_list)
        ),
    )
    queries = world.draw(15, gap=1)
    scores, ids = index.search(queries, 10, params=parameters)
    ours, our_ids = clustered.search(IMAGES, queries, 10, probing(12))
    assert (ids == our_ids).all()
    np.testing.assert_allclose(ours, scores, atol=1e-6)


def test_an_index_whose_lists_are_in_another_file_is_refused(tmp_path: Path) -> None:
    layout = FaissStore.build(small()).save(tmp_path)
    path = tmp_path / INDEX_FILE
    mapped = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
    faiss.write_index(mapped, str(tmp_path / "reference"))
    path.rename(tmp_path / "elsewhere")
    (tmp_path / "reference").rename(path)
    (tmp_path / "elsewhere").rename(tmp_path / "lists")
    layout["files"] = {INDEX_FILE: path.stat().st_size}
    with pytest.raises(CorruptCollectionError, match="cannot be used"):
        FaissStore.load(tmp_path, layout)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    store = FaissStore.build(small())
    layout = store.save(tmp_path)
    path = tmp_path / INDEX_FILE
    whole = path.read_bytes()

    def refused(match: str, layout: dict[str, Any] = layout) -> None:
        with pytest.raises(CorruptCollectionError, match=match):
            FaissStore.load(tmp_path, layout)

    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        refused(f"{size} bytes, not {len(whole)}")
        refused("cannot be used", {**layout, "files": {INDEX_FILE: size}})
    path.write_bytes(b"\0" * len(whole))
    refused("cannot be used")
    path.unlink()
    refused("No such file")
    flat = faiss.IndexFlatIP(store.layout[IMAGES].dimension)
    faiss.write_index(flat, str(path))
    refused("it is a IndexFlatIP", {**layout, "files": {INDEX_FILE: path.stat().st_size}})


def test_layouts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    layout = FaissStore.build(small()).save(tmp_path)
    first = layout["partitions"][0]
    others = layout["partitions"][1:]
    for change, message in (
        ({"count": first["count"] + 1}, "segments: 1200, not 1201"),
        ({"lists": 2}, "lists: 3, not 4"),
        ({"dimension": 4000}, "wider than the index"),
        ({"modality": "smell"}, "smell"),
        ({"count": -1}, "whole number"),
        ({"space": "wide", "modality": "text"}, "twice"),
    ):
        with pytest.raises(CorruptCollectionError, match=message):
            FaissStore.load(tmp_path, {**layout, "partitions": [{**first, **change}, *others]})
    swapped = [{**first, "count": 399}, {**others[0], "count": 401}, *others[1:]]
    with pytest.raises(CorruptCollectionError, match="400, not 399"):
        FaissStore.load(tmp_path, {**layout, "partitions": swapped})
    for bad in ({}, {**layout, "version": 99}, {**layout, "dimension": 64}, {**layout, "files": 3}):
        with pytest.raises(CorruptCollectionError):
            FaissStore.load(tmp_path, bad)


FILL_THE_DISK = """
import resource, signal, sys, numpy as np
from pathlib import Path
from anysense.embed.errors import StorageError
from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.faiss.store import FaissStore
from anysense.embed.types import Modality
store = FaissStore.build({Partition("s", Modality.IMAGE): ArraySource(
    np.arange(5000), np.ones((5000, 64), np.float32))})
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    store.save(Path(sys.argv[1]))
except StorageError as error:
    print("refused:", error)
"""


@pytest.mark.parametrize("limit", [0, 300_000, 679_000])  # the whole is a little over 680,000
def test_a_full_disk_is_said(tmp_path: Path, limit: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL_THE_DISK, str(tmp_path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "refused:" in done.stdout
    assert "cannot be written" in done.stdout


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        FaissStore.build({}).save(tmp_path / "absent")


def test_it_is_saved_and_loaded(fast: FaissStore, queries: Any, tmp_path: Path) -> None:
    layout = fast.save(tmp_path)
    assert set(layout["files"]) == {"segments.faiss", "fast-scan-1.faiss"}
    again = FaissStore.load(tmp_path, layout, thresholds=fast.thresholds)
    effort = fast.choose_effort(IMAGES, queries)
    assert effort.depth
    results, original = (s.search(IMAGES, queries, 10, effort) for s in (again, fast))
    for one, other in zip(results, original, strict=True):
        np.testing.assert_array_equal(one, other)
    changed = again.updated(remove=again.lists.all_ids()[:5])  # of lists that are mapped
    assert changed.fast_scans[IMAGES].ntotal == changed.layout[IMAGES].count
    second = tmp_path / "second"
    second.mkdir()
    assert again.save(second) == layout
    assert (second / "fast-scan-1.faiss").read_bytes() == (
        tmp_path / "fast-scan-1.faiss"
    ).read_bytes()


@pytest.mark.parametrize("damage", ["missing", "short", "another", "narrower", "text"])
def test_a_damaged_one_is_noticed(fast: FaissStore, tmp_path: Path, damage: str) -> None:
    layout = fast.save(tmp_path)
    path = tmp_path / "fast-scan-1.faiss"
    if damage == "missing":
        path.unlink()
    elif damage == "short":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        if damage == "another":
            faiss.write_index(faiss.IndexFlatIP(DIMENSION), str(path))
        elif damage == "narrower":
            pq = faiss.IndexIVFPQ(faiss.IndexFlatIP(16), 16, 5, 8, 4, faiss.METRIC_INNER_PRODUCT)
            faiss.write_index(faiss.IndexIVFPQFastScan(pq), str(path))
        else:
            path.write_text("no index")
        layout["files"][path.name] = path.stat().st_size
    with pytest.raises(CorruptCollectionError, match=r"fast-scan-1\.faiss: the index cannot"):
        FaissStore.load(tmp_path, layout)
