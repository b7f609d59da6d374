from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from anysense.embed.limits import exceeds_depth


def nested(depth: int, wrap: Any = lambda value: {"a": value}) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = wrap(value)
    return value


@pytest.mark.parametrize(
    "wrap",
    [
        lambda value: {"a": value, "b": 1},
        lambda value: [1, value],
        lambda value: (value,),
        lambda value: MappingProxyType({"a": value}),
    ],
    ids=["dict", "list", "tuple", "mapping"],
)
@pytest.mark.parametrize("most", [0, 1, 3])
def test_containers_inside_each_other_are_counted(wrap: Any, most: int) -> None:
    assert not exceeds_depth(nested(most, wrap), most)
    assert exceeds_depth(nested(most + 1, wrap), most)


def test_the_deepest_branch_counts_and_a_text_is_no_container() -> None:
    assert exceeds_depth([1, "ab", {"a": [[]]}], 3)
    assert not exceeds_depth([1, "ab", {"a": []}], 3)


def test_nesting_that_would_exhaust_the_stack_is_judged() -> None:
    assert exceeds_depth(nested(100_000), 1000)
