"""Patterns mean what they mean in pathspec, and none of them takes ages."""

from __future__ import annotations

import random

import pytest
from pathspec import GitIgnoreSpec

from anysense.index.building.sources.patterns import parse_pattern, spec_of

SEGMENTS = [
    "**",
    "*",
    "a",
    "b",
    "ab",
    "*a",
    "a*",
    "*a*",
    "*a*b",
    "a*b*",
    "?",
    "*?*?",
    "[ab]*a*b",
    "[!a]*b*a",
    "***",
    "a**b",
    "\\*a*b",
    "[?]*a*",
]


def spec_from(lines: list[str]) -> GitIgnoreSpec:
    patterns = [pattern for line in lines if (pattern := parse_pattern(line)) is not None]
    assert len(patterns) == len(lines)
    return spec_of(patterns)


def test_they_mean_what_they_meant() -> None:
    chance = random.Random(7)
    outcomes = set()
    for _ in range(3000):
        segments = "/".join(chance.choices(SEGMENTS, k=chance.randint(1, 5)))
        pattern = chance.choice(["", "/", "!"]) + segments + chance.choice(["", "/"])
        names = ("".join(chance.choices("abc*", k=chance.randint(1, 4))) for _ in range(4))
        path = "/".join(names) + chance.choice(["", "/", "/a", "/b"])
        expected = GitIgnoreSpec.from_lines(["*c", pattern], backend="simple").check_file(path)
        assert spec_from(["*c", pattern]).check_file(path) == expected, (pattern, path)
        outcomes.add((expected.include, expected.index))
    assert {(True, 0), (True, 1), (False, 1), (None, None)} <= outcomes


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 100 + "b", "a" * 255),
        ("**/a/" * 100 + "b", "a/" * 1000 + "c"),
        ("**/*a*a*a/" * 20 + "**/b", ("a" * 255 + "/") * 15),
        ("a*a*a*a/**/" * 50 + "[ab]*[ab]*[ab]*?c", ("a" * 255 + "/") * 15),
    ],
)
def test_what_fits_nowhere_is_told_soon(pattern: str, path: str) -> None:
    assert spec_from([pattern]).check_file(path).include is None  # which took hours


@pytest.mark.parametrize("line", ["!", "[z-a]", "a/[b-a]*", "x" * 5000])
def test_what_is_no_pattern_is_known(line: str) -> None:
    assert parse_pattern(line) is None


@pytest.mark.parametrize("line", ["", "# a word", "/", "*.txt", "[a-z]/**", "caf\udce9"])
def test_what_says_nothing_is_one(line: str) -> None:
    assert parse_pattern(line) is not None
