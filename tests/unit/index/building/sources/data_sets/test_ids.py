from __future__ import annotations

import random

from anysense.index.building.sources.data_sets.ids import SeenIds


def test_ids_that_came_before_are_told() -> None:
    seen = SeenIds()
    assert seen.add(["a", None, "b", "a", None]) == {3}
    assert seen.add([]) == set()
    assert seen.add(["c", "b"]) == {1}
    assert seen.add(["c", "b", "a", "d"]) == {0, 1, 2}


def test_many_ids_in_many_pieces_are_told_as_a_set_tells_them() -> None:
    chooser = random.Random(5)
    seen, known = SeenIds(), set[str]()
    for _ in range(40):
        ids = [str(chooser.randrange(3000)) for _ in range(chooser.randrange(1, 60))]
        expected = set()
        for at, name in enumerate(ids):
            if name in known:
                expected.add(at)
            known.add(name)
        assert seen.add(ids) == expected
