"""A few vectors of a query stand for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from anysense.embed.pipeline.covering import MOST_VECTORS, covering
from anysense.embed.pipeline.query import QueryVectors

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray


def around(centres: FloatArray, counts: list[int], apart: float, seed: int = 0) -> FloatArray:
    """Unit vectors near centres, so many near each, in the order of the centres."""
    rng = np.random.default_rng(seed)
    made = np.concatenate(
        [
            centre + apart * rng.normal(size=(count, len(centre))) / np.sqrt(len(centre))
            for centre, count in zip(centres, counts, strict=True)
        ]
    )
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


AXES = np.eye(64, dtype=np.float32)


def test_one_vector_stands_for_itself_to_the_bit() -> None:
    vectors = around(AXES[:1], [1], 0.3)
    assert covering(vectors) == [0]
    taken = QueryVectors.of(vectors)
    assert taken.several is vectors
    assert taken.mean.tobytes() == vectors[0].tobytes()


def test_vectors_that_are_all_but_the_same_are_one() -> None:
    assert len(covering(around(AXES[:1], [50], 0.1))) == 1


@pytest.mark.parametrize("counts", [[2, 2, 2], [1, 200, 1], [40, 1, 3]])
def test_each_scene_has_one_of_its_own_however_short_it_is(counts: list[int]) -> None:
    scene_of = np.repeat(range(3), counts)
    chosen = covering(around(AXES[:3], counts, 0.1))
    assert [int(scene_of[place]) for place in chosen] == [0, 1, 2]


def test_a_scene_that_comes_again_is_not_told_twice() -> None:
    vectors = around(AXES[:3], [3, 3, 3], 0.1)
    assert len(covering(np.concatenate([vectors, vectors, vectors]))) == 3


def test_of_more_scenes_than_there_may_be_vectors_the_middle_ones_of_groups_are_taken() -> None:
    counts = [30, 30, 30, 30, *[1] * 30]
    vectors = around(AXES[:34], counts, 0.2)
    chosen = covering(vectors)
    assert len(chosen) <= MOST_VECTORS
    assert chosen == sorted(set(chosen))
    assert covering(vectors) == chosen
    few = covering(around(AXES[:4], counts[:4], 0.9), most=4, same=0.99)
    assert sorted(place // 30 for place in few) == [0, 1, 2, 3]


def test_of_very_many_some_are_looked_at_evenly() -> None:
    vectors = around(AXES[:2], [10_000, 10_000], 0.1)
    assert [place // 10_000 for place in covering(vectors)] == [0, 1]
