"""How much a JSON body may hold, found out in one pass before a parser makes anything of it.

A body of megabytes can be one picture, or millions of small values that take gigabytes and
minutes. What counts is what stands outside of strings. Blocks of the body are looked at by searches
of bytes, each of which takes well under a millisecond, so that other threads go on meanwhile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anysense.server.http.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_KEYS", "MAX_OUTLINE_BYTES", "MAX_VALUES", "Outline", "outline"]

BLOCK = 16 * 1024
MAX_VALUES = 4 * 65_536
"""Values in one body: four of the longest vectors, or 32 of 8,192 numbers."""
MAX_KEYS = 65_536
MAX_CONTAINERS = 65_536
"""Mappings and lists: they are what the garbage collector has to look at, all at once."""
MAX_NUMBER = 128
MAX_DEPTH = 200
"""What the parser takes as well."""
MAX_OUTLINE_BYTES = 16 * 1024**2
"""A body without its long strings: four times what so many numbers need."""

SPACED = bytes.maketrans(b'[]{}:,"', b"       ")
# Neither byte occurs in UTF-8, so what is masked by them is never taken for something else.
ESCAPED_BACKSLASH, ESCAPED_QUOTE, ESCAPE = b"\xf8\xf9", b"\xf8\xfa", b"\\"
INNER = re.compile(rb"[\x80-\xbf\xf9\xfa]")
LOW_SURROGATE = re.compile(rb"\\u[dD][c-fC-F]")
LONGEST_ESCAPE = 6


@dataclass
class Outline:
    """A body without the inside of its long strings.

    Attributes:
        text: the body, in which a mark stands where something was cut from a string.
        cuts: what was cut from each string, as pieces of the body: where each begins, and where it
            ends. Each is the inside of a JSON string by itself: no character, escape or pair of
            surrogates is split.
    """

    text: bytearray = field(default_factory=bytearray)
    cuts: list[list[tuple[int, int]]] = field(default_factory=list)


def outline(body: bytes | bytearray, mark: str) -> Outline:
    """Look over a body, and take out the inside of its long strings.

    Those of over 32 KiB are cut, and some of over 16. What is no JSON the parser will find.

    Args:
        body: JSON in UTF-8.
        mark: begins each mark, and its number and a semicolon follow: text in ASCII that the body
            cannot hold, as it was chosen by chance.

    Raises:
        RequestError: it holds too many values or names, a number that is too long, or too much
            besides long strings.
        ValueError: it is nested too deep; the parser finds what stays under this by a little.
    """
    result = Outline()
    counts = Counts()
    is_inside = is_cut = False
    for start, end, masked in blocks(body):
        quotes = masked.count(b'"')
        if is_inside and not quotes:
            if not is_cut:
                result.text += f"{mark}{len(result.cuts)};".encode()
                result.cuts.append([])
            is_cut = True
            result.cuts[-1].append((start, end))
            continue
        bare = b'"'.join(masked.split(b'"')[1 if is_inside else 0 :: 2])
        result.text += body[start:end]
        counts.add(bare)
        if len(result.text) > MAX_OUTLINE_BYTES:
            raise too_much(f"over {MAX_OUTLINE_BYTES:,} bytes besides long strings")
        is_cut = False
        is_inside ^= bool(quotes % 2)
    return result


@dataclass
class Counts:
    """How much there is outside of strings, so far."""

    values: int = 0
    containers: int = 0
    keys: int = 0
    depth: int = 0

    def add(self, bare: bytes) -> None:
        """Count what a block holds outside of strings.

        Raises:
            RequestError: that makes too much, or a number is too long.
            ValueError: it is nested too deep.
        """
        containers = count(bare, b"[{")
        self.depth += containers - count(bare, b"]}")
        if self.depth > MAX_DEPTH:
            raise ValueError(f"it is nested over {MAX_DEPTH} deep")
        self.containers += containers
        self.values += containers + bare.count(b",")
        self.keys += bare.count(b":")
        if self.values > MAX_VALUES:
            raise too_much(f"over {MAX_VALUES:,} values")
        if self.containers > MAX_CONTAINERS:
            raise too_much(f"over {MAX_CONTAINERS:,} objects and lists")
        if self.keys > MAX_KEYS:
            raise too_much(f"over {MAX_KEYS:,} names")
        if max(map(len, bare.translate(SPACED).split()), default=0) > MAX_NUMBER:
            raise too_much(f"a number of over {MAX_NUMBER} characters")


def too_much(what: str) -> RequestError:
    return RequestError(f"The JSON holds {what}, which is too much.", 413, "body_too_large")


def count(text: bytes, kinds: bytes) -> int:
    """How many bytes of some kinds there are."""
    return len(text) - len(text.translate(None, kinds))


def blocks(body: bytes | bytearray) -> Iterator[tuple[int, int, bytes]]:
    """Where each block of a body begins and ends, and the block with its escaped quotes masked."""
    start = 0
    while start < len(body):
        masked = bytes(body[start : start + BLOCK + LONGEST_ESCAPE])
        if ESCAPE in masked:
            masked = masked.replace(ESCAPE + ESCAPE, ESCAPED_BACKSLASH)
            masked = masked.replace(ESCAPE + b'"', ESCAPED_QUOTE)
        length = min(BLOCK, len(masked))
        least = length - 4 * LONGEST_ESCAPE
        while least < length < len(masked) and splits(masked, length):
            length -= 1
        yield start, start + length, masked[:length]
        start += length


def splits(masked: bytes, place: int) -> bool:
    """Whether a cut at a place would go through a character, an escape, or a pair of surrogates."""
    escape = masked.rfind(ESCAPE, place - LONGEST_ESCAPE + 1, place)
    if escape >= 0:
        length = LONGEST_ESCAPE if masked[escape + 1 : escape + 2] == b"u" else 2
        if escape + length > place:
            return True
    return bool(INNER.match(masked, place) or LOW_SURROGATE.match(masked, place))
