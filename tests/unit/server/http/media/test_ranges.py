"""`Range` headers, good and bad."""

from __future__ import annotations

import pytest

from anysense.server.http.media.ranges import MOST_RANGES, parse_ranges

SIZE = 100


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-9", [(0, 10)]),
        ("BYTES=0-9", [(0, 10)]),
        ("bytes=90-", [(90, 100)]),
        ("bytes=90-1000", [(90, 100)]),
        ("bytes=-10", [(90, 100)]),
        ("bytes=-1000", [(0, 100)]),
        ("bytes=0-0, 5-5,,  -1", [(0, 1), (5, 6), (99, 100)]),
        ("bytes=5-6, 200-300", [(5, 7)]),
        ("bytes=100-", []),
        ("bytes=-0", []),
        ("bytes=" + "9" * 900 + "-", []),
    ],
)
def test_what_there_is_of_a_range_is_given(header: str, expected: list[tuple[int, int]]) -> None:
    assert parse_ranges(header, SIZE) == expected


@pytest.mark.parametrize(
    "header",
    [
        *("", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=1-2-3"),
        *("bytes=+1-2", "bytes=1--2", "bytes=\u0661-\u0662", "bytes=0x1-0x2", "bytes=1 - 2"),
        *("seconds=0-9", "items=0-9", "bytes 0-9", "bytes=0-9, bytes=20-29", "bytes=0-9;"),
        *("bytes=0-50, 40-60", "bytes=0-,0-,0-", "bytes=-50, -60"),
        "bytes=" + ",".join(f"{i * 2}-{i * 2}" for i in range(MOST_RANGES + 1)),
        "bytes=" + "9" * 2000 + "-",
    ],
)
def test_what_is_malformed_or_greedy_is_ignored(header: str) -> None:
    assert parse_ranges(header, SIZE) is None
