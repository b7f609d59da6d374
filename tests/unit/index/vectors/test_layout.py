"""How many lists a partition has, and when it is due for others."""

from __future__ import annotations

import pytest

from anysense.embed.types import Modality
from anysense.index.types import Partition
from anysense.index.vectors.layout import PartitionLayout, lists_for, padded
from anysense.index.vectors.thresholds import DEFAULTS

EXACT = DEFAULTS.exact


def test_dimensions_are_padded_to_what_simd_needs() -> None:
    assert [padded(d) for d in (1, 16, 17, 500, 512)] == [16, 16, 32, 512, 512]


def test_lists_grow_with_the_root_of_the_size() -> None:
    assert lists_for(0) == lists_for(EXACT) == 1
    assert lists_for(20, exact=20) == 1
    assert lists_for(100, exact=20) == 20
    assert lists_for(100_000) == 632
    assert lists_for(1_000_000) == 2000


@pytest.mark.parametrize(
    ("lists", "count", "trained", "due"),
    [
        (1, EXACT, 10, False),
        (1, EXACT + 1, 10, True),
        (400, 80_000, 40_000, False),
        (400, 80_001, 40_000, True),
        (400, 19_999, 40_000, True),
    ],
)
def test_new_lists_are_due_when_the_size_has_changed(
    lists: int, count: int, trained: int, due: bool
) -> None:
    layout = PartitionLayout(Partition("s", Modality.TEXT), 8, 0, lists, count, trained)
    assert layout.needs_recluster() is due
