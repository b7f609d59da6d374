"""Ranges of bytes, as RFC 9110 (14.1 and 14.2) has them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

__all__ = ["MOST_RANGES", "ByteRange", "parse_ranges"]

MOST_RANGES = 16
"""A header with more of them, or with ranges that overlap, is ignored: it asks for the whole."""
_MOST_CHARACTERS = 1000
_RANGE = re.compile(r"(\d*)-(\d*)", re.ASCII)


class ByteRange(NamedTuple):
    """Bytes of a file, from `start` up to `end`, which is not included."""

    start: int
    end: int


def parse_ranges(header: str, size: int) -> list[ByteRange] | None:
    """The ranges of a file that a `Range` header asks for, as far as there are such bytes.

    None where it is to be ignored: it is malformed, of a unit that is not known, or asks for more
    ranges than anybody needs. An empty list where the file has none of what it asks for.

    Args:
        header: the value of the header; empty if there is none.
        size: bytes of the file.
    """
    unit, equals, value = header.partition("=")
    if not equals or unit.strip().lower() != "bytes" or len(value) > _MOST_CHARACTERS:
        return None
    specs = [spec.strip(" \t") for spec in value.split(",")]
    specs = [spec for spec in specs if spec]  # a list may have empty elements
    matches = [_RANGE.fullmatch(spec) for spec in specs]
    if not 1 <= len(matches) <= MOST_RANGES:
        return None
    ranges = []
    for match in matches:
        if match is None or not (match[1] or match[2]):
            return None
        first, last = (int(digits) if digits else None for digits in match.groups())
        if first is not None and last is not None and last < first:
            return None
        ranges.append(_clip(first, last, size))
    ranges = [r for r in ranges if r.start < r.end]
    return None if _overlap(ranges) else ranges


def _clip(first: int | None, last: int | None, size: int) -> ByteRange:
    if first is None:  # the last so many bytes
        assert last is not None
        return ByteRange(max(0, size - last), size)
    return ByteRange(first, size if last is None else min(last + 1, size))


def _overlap(ranges: list[ByteRange]) -> bool:
    return any(later.start < earlier.end for earlier, later in pairwise(sorted(ranges)))
