"""The index of a collection as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from clusters import (
    IMAGES,
    MANY,
    SOUNDS,
    World,
)

from anysense.embed.types import Modality
from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.faiss.store import FaissStore
from anysense.index.vectors.layout import lists_for
from anysense.index.vectors.thresholds import Thresholds

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.vectors.store import Store


def test_a_store_of_nothing_finds_nothing(tmp_path: Path) -> None:
    store = FaissStore.build({})
    again = FaissStore.load(tmp_path, store.save(tmp_path))
    assert again.partitions == {}
    assert (again.search(IMAGES, np.ones((1, 4), np.float32), 3)[1] == -1).all()
    grown = again.updated({SOUNDS: (np.array([4]), np.ones((1, 20), np.float32))})
    assert grown.search(SOUNDS, np.ones((1, 20), np.float32), 1)[1] == 4


def test_it_says_when_new_lists_are_due(clustered: FaissStore, world: World) -> None:
    assert clustered.needs_recluster == ()
    ids = np.arange(10**7, 10**7 + MANY + 1)
    grown = clustered.updated({IMAGES: (ids, world.draw(MANY + 1))})
    assert grown.needs_recluster == (IMAGES,)
    new = Partition("wide", Modality.AUDIO)
    assert clustered.updated({new: (ids, world.draw(MANY + 1))}).needs_recluster == (new,)


def test_lists_are_kept_only_of_the_same_kind_of_store(clustered: FaissStore) -> None:
    assert clustered.keeps_centroids(IMAGES, clustered)
    assert not clustered.keeps_centroids(IMAGES, FaissStore.build({}))
    assert not clustered.keeps_centroids(IMAGES, cast("Store", object()))


def test_thresholds_are_kept_by_what_is_made_of_a_store() -> None:
    source = ArraySource(np.arange(60), World().draw(60))
    store = FaissStore.build({IMAGES: source}, thresholds=Thresholds(exact=50))
    assert store.layout[IMAGES].lists == lists_for(60, exact=50) > 1
    assert store.needs_recluster == ()
    assert store.updated(remove=range(40)).needs_recluster == (IMAGES,)
    flat = FaissStore.build({IMAGES: source}, thresholds=Thresholds(exact=60))
    assert flat.layout[IMAGES].lists == 1
    extra = {IMAGES: (np.array([99]), World(draws=1).draw(1))}
    assert flat.updated(extra).needs_recluster == (IMAGES,)
