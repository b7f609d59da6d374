"""What a search must scan is measured at publishing, checked after growth, and mended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from specimen import DIMENSION, IMAGES, created, opened_with

from anysense.embed.types import EncodedSegment, Kind, Modality
from anysense.index.background import bank
from anysense.index.calibration.routes import Calibrations
from anysense.index.catalog.records import ItemRecord
from anysense.index.collection import Collection
from anysense.index.publishing.canaries import WEAR, partitions_to_recluster
from anysense.index.snapshots.manifest import CALIBRATION, DIRECTIONS, EFFORTS
from anysense.index.vectors.recall import Effort, recall_at_k

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.index.collection import Collection


FIRST = 3_000


class Photos:
    """Items about topics, which are directions; `spread` says how far from them the items lie."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._count = 0

    def topics(self, n: int) -> Any:
        return self._rng.standard_normal((n, DIMENSION))

    def about(self, topics: Any, n: int, spread: float = 0.5) -> list[ItemRecord]:
        chosen = topics[self._rng.integers(0, len(topics), n)]
        drawn = chosen + spread * self._rng.standard_normal(chosen.shape)
        self._count += n
        return [
            ItemRecord(
                f"p{number}",
                f"p{number}",
                Kind.IMAGE,
                {},
                [EncodedSegment("tiny", Modality.IMAGE, v / np.linalg.norm(v))],
            )
            for number, v in enumerate(drawn.astype(np.float32), self._count - n)
        ]


def as_texts(items: list[ItemRecord]) -> list[ItemRecord]:
    return [
        replace(
            item,
            kind=Kind.TEXT,
            segments=[replace(segment, modality=Modality.TEXT) for segment in item.segments],
        )
        for item in items
    ]


@pytest.fixture
def photos() -> Photos:
    return Photos(5)


@pytest.fixture
def no_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever others have cached; to be asked for before a collection is published."""
    monkeypatch.setattr(bank, "lookup", lambda space: None)


@pytest.fixture
def collection(tmp_path: Path, photos: Photos) -> Iterator[Collection]:
    """A collection with lists from 500 segments on."""
    created(tmp_path / "c").close()
    with opened_with(tmp_path / "c", exact=500) as made:
        made.write(photos.about(photos.topics(60), FIRST))
        made.publish()
        yield made


def figures(collection: Collection) -> dict[str, Any]:
    efforts = collection.folder.snapshot().manifest.tuning[EFFORTS]
    figures_of_images: dict[str, Any] = efforts[IMAGES.key]["image"]
    return figures_of_images


def trained(collection: Collection) -> int:
    store = collection.folder.snapshot().store
    assert store is not None
    return store.layout[IMAGES].trained


def test_figures_of_an_earlier_version_serve_until_the_next_publishing(
    collection: Collection, photos: Photos, tmp_path: Path
) -> None:
    now, manifest = figures(collection), collection.folder.snapshot().manifest
    earlier = {IMAGES.key: {"image": {"nprobe": 9, "recall": 0.96, "queries": 256}}}
    replace(manifest, tuning={**manifest.tuning, EFFORTS: earlier}).write(tmp_path / "c")
    assert collection.folder.snapshot().effort(Modality.IMAGE, IMAGES) == Effort(9, 0.96)
    assert partitions_to_recluster(collection.folder.snapshot()) == set()
    collection.write(photos.about(photos.topics(5), 1))
    collection.publish()
    assert set(figures(collection)) == set(now)


def test_figures_of_a_damaged_index_are_not_those_of_the_rebuilt_one(
    collection: Collection, photos: Photos, tmp_path: Path
) -> None:
    before = figures(collection)
    collection.write(photos.about(photos.topics(60), 250, spread=3))
    collection.publish()
    assert figures(collection) == before
    [index] = (tmp_path / "c").glob("gen-*/segments.faiss")
    index.write_bytes(index.read_bytes()[:-1])
    collection.release()
    with opened_with(tmp_path / "c", exact=500) as again:
        assert again.folder.snapshot().effort(Modality.IMAGE, IMAGES) is None
        assert again.info()["routes"][0]["exact"]
        again.publish()
        assert figures(again)["segments"] == FIRST + 250


def test_small_changes_keep_what_was_measured(collection: Collection, photos: Photos) -> None:
    before = figures(collection)
    assert before["segments"] == FIRST
    assert before["queries"] == 256
    assert before["scanned"] == before["scanned_when_new"]
    collection.write(photos.about(photos.topics(5), 250))
    collection.publish()
    assert figures(collection) == before


def test_more_of_the_same_is_measured_again_and_needs_no_new_lists(
    collection: Collection, tmp_path: Path
) -> None:
    before = figures(collection)
    again = Photos(5)
    topics = again.topics(60)  # those of the fixture
    again.about(topics, FIRST)
    collection.write(again.about(topics, FIRST // 2))
    collection.publish()
    after = figures(collection)
    assert after["segments"] == FIRST * 3 // 2
    assert after["scanned_when_new"] == before["scanned_when_new"]
    assert after["scanned"] < WEAR * before["scanned"]
    assert partitions_to_recluster(collection.folder.snapshot()) == set()
    assert trained(collection) == FIRST


def test_growth_unlike_the_rest_makes_new_lists_at_the_next_publishing(
    collection: Collection, photos: Photos
) -> None:
    away = 4 * photos.topics(1)  # far from the first topics, so that few lists take it all
    collection.write(photos.about(away + photos.topics(60), FIRST * 2 // 3))
    collection.publish()
    worn = figures(collection)
    assert worn["scanned"] > WEAR * worn["scanned_when_new"]
    assert worn["recall"] >= 0.95
    assert partitions_to_recluster(collection.folder.snapshot()) == {IMAGES}
    assert trained(collection) == FIRST
    collection.write(photos.about(away, 1))
    collection.publish()
    assert trained(collection) == FIRST * 5 // 3 + 1
    new = figures(collection)
    assert new["scanned"] == new["scanned_when_new"]
    assert new["scanned"] < worn["scanned"] / 1.5
    assert partitions_to_recluster(collection.folder.snapshot()) == set()
    snapshot = collection.folder.snapshot()
    queries = snapshot.sample(IMAGES, 200)
    _, true = snapshot.search(IMAGES, queries, 10)
    _, found = snapshot.search(IMAGES, queries, 10, query_modality=Modality.IMAGE)
    assert recall_at_k(found, true) > 0.93
    collection.compact()
    assert collection.verify().ok


def test_what_crosses_is_measured_with_the_queries_of_a_search_where_no_background_is_known(
    no_background: None, collection: Collection, photos: Photos
) -> None:
    texts = as_texts(photos.about(photos.topics(60), 256, spread=2))
    collection.write(texts)
    collection.publish()
    snapshot = collection.folder.snapshot()
    assert snapshot.manifest.tuning[CALIBRATION][IMAGES.key] == {}
    calibrations = Calibrations(snapshot)
    offset = calibrations.offset(Modality.TEXT, IMAGES)
    route = calibrations.route(Modality.TEXT, IMAGES)
    assert route.directions is not None
    vectors = np.stack([text.segments[0].vector for text in texts])
    queries = np.stack([route.decorrelated(vector - offset) for vector in vectors])
    _, true = snapshot.search(IMAGES, queries, 10)
    _, found = snapshot.search(IMAGES, queries, 10, query_modality=Modality.TEXT)
    effort = snapshot.effort(Modality.TEXT, IMAGES)
    assert effort is not None
    assert recall_at_k(found, true) == pytest.approx(effort.recall, abs=1e-3)


def test_routes_whose_queries_are_made_otherwise_now_are_measured_again(
    collection: Collection, photos: Photos, tmp_path: Path
) -> None:
    texts = as_texts(photos.about(photos.topics(60), 40))
    collection.encoders()  # without them there is no background, and no calibration to publish
    collection.write(texts)
    collection.publish()
    snapshot = collection.folder.snapshot()
    tuning = snapshot.manifest.tuning
    entries = tuning[CALIBRATION][IMAGES.key]
    assert snapshot.arrays[entries["text"][DIRECTIONS]].dtype == np.float16
    assert DIRECTIONS not in entries["image"]
    # As an earlier version has left it, with figures that nothing would give.
    marked = {
        name: {**route, "recall": 0.123} for name, route in tuning[EFFORTS][IMAGES.key].items()
    }
    without = {name: {k: v for k, v in e.items() if k != DIRECTIONS} for name, e in entries.items()}
    earlier = {
        **tuning,
        EFFORTS: {**tuning[EFFORTS], IMAGES.key: marked},
        CALIBRATION: {**tuning[CALIBRATION], IMAGES.key: without},
    }
    replace(snapshot.manifest, tuning=earlier).write(tmp_path / "c")
    collection.release()
    with opened_with(tmp_path / "c", exact=500) as again:
        again.write(photos.about(photos.topics(5), 1))
        again.publish()
        measured = again.folder.snapshot().manifest.tuning[EFFORTS][IMAGES.key]
        assert measured["image"]["recall"] == 0.123
        assert measured["text"]["recall"] != 0.123
