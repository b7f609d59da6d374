"""Which of several inputs has the last word on an item, or on a file."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from anysense.index.types import Ids

__all__ = ["Claims"]

_CHUNK = 65_536


class Claims:
    """Notes what each input claims; then tells which claims a later input makes too.

    So of inputs that have the same item only the last is written, and merging them again finds
    nothing to write. Takes 16 bytes a claim until all are noted; after that only what more than one
    input claims is kept.
    """

    def __init__(self) -> None:
        self._digests: list[Ids] = []
        self._inputs: list[tuple[int, int]] = []
        self._last: dict[bytes, int] = {}

    def note(self, number: int, claims: Iterable[str]) -> None:
        """Note what an input claims, by its number. If that breaks off, nothing is noted.

        Args:
            number: the place of the input among all.
            claims: see `anysense.index.building.merging.stored`.
        """
        chunks = list(_chunks(iter(claims)))
        self._digests += chunks
        self._inputs.append((number, sum(map(len, chunks))))

    def settle(self) -> None:
        """See what more than one input claims, when all are noted."""
        if not self._digests:
            return
        digests = np.concatenate(self._digests)
        self._digests = []
        numbers = np.concatenate([np.full(n, number, np.int32) for number, n in self._inputs])
        order = np.argsort(digests[:, 0], kind="stable")
        ordered = digests[order, 0]
        same = np.zeros(len(ordered) + 1, bool)
        same[1:-1] = ordered[1:] == ordered[:-1]
        for position in order[same[1:] | same[:-1]]:
            key = digests[position].tobytes()
            self._last[key] = max(self._last.get(key, 0), int(numbers[position]))

    def is_superseded(self, number: int, claim: str) -> bool:
        """Whether an input after that of this number makes a claim too."""
        return bool(self._last) and self._last.get(_digest(claim), number) > number


def _digest(claim: str) -> bytes:
    return hashlib.blake2b(claim.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _chunks(claims: Iterator[str]) -> Iterator[Ids]:
    while data := b"".join(map(_digest, islice(claims, _CHUNK))):
        yield np.frombuffer(data, np.int64).reshape(-1, 2)
