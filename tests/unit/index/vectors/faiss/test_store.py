"""The index of a collection as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from clusters import (
    IMAGES,
    MANY,
    SOUNDS,
    World,
)

from anysense.embed.types import Modality
from anysense.index.types import Partition
from anysense.index.vectors.faiss.store import FaissStore

if TYPE_CHECKING:
    from pathlib import Path


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
