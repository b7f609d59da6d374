"""Cut what is to be encoded into parts, whose names follow from what goes into them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from anysense.index.building.pending import PendingItem

    Digest: TypeAlias = Callable[[bytes], bytes]

__all__ = ["LEAST_ITEMS", "PART_BYTES", "PART_ITEMS", "Order", "cut", "part_items_of"]

PART_ITEMS = 256
"""Items of a part: half as many at least, but for the last, and twice as many at most."""

LEAST_ITEMS = 8
"""Parts are not made smaller towards the end than this many items on average: each costs a file."""

_PARTS_LEFT = 3
"""Parts for each actor that what is left is enough for: more than it has at once, to share out."""

PART_BYTES = 512 * 1024**2
"""Bytes of the files of a part at most, unless it has only one."""


@dataclass(frozen=True)
class Order:
    """A part that is to be made.

    Attributes:
        name: the hash of all that it is made from.
        items: what is to be encoded, in order.
    """

    name: str
    items: tuple[PendingItem, ...]


def cut(
    pending: Iterable[PendingItem],
    key: str,
    *,
    part_items: int = PART_ITEMS,
    part_bytes: int = PART_BYTES,
    total: int | None = None,
    actors: int = 1,
) -> Iterator[Order]:
    """Cut items into parts.

    A part ends after an item whose hash says so, as in content-defined chunking (Muthitacharoen,
    Chen and Mazières, SOSP 2001): so whatever comes or goes before it, most parts are what they
    were, and those that are there already need not be made again. Where it is known how many are
    left, parts get smaller towards the end, so that no actor is left alone with a large one.

    Args:
        pending: in order.
        key: what else the vectors follow from: encoders and options.
        part_items: how many items a part has on average, as long as many are left.
        part_bytes: how large the files of a part are at most.
        total: above the index of each item; how many are left follows from it.
        actors: how many make parts at the same time.
    """
    average = part_items
    items: list[PendingItem] = []
    name, size = _hash(key.encode()), 0
    for item in pending:
        more = _size(item)
        if items and size + more > part_bytes:
            yield Order(name.hexdigest(), tuple(items))
            items, name, size = [], _hash(key.encode()), 0
        if not items and total is not None:
            average = part_items_of(total - item.index, actors, part_items)
        digest = _digest(item)
        items.append(item)
        name.update(digest)
        size += more
        least = max(1, average // 2)
        is_end = int.from_bytes(digest[:4], "little") % least == 0
        if len(items) >= 2 * average or (len(items) >= least and is_end):
            yield Order(name.hexdigest(), tuple(items))
            items, name, size = [], _hash(key.encode()), 0
    if items:
        yield Order(name.hexdigest(), tuple(items))


def part_items_of(left: int, actors: int, part_items: int = PART_ITEMS) -> int:
    """How many items a part has on average that begins where so many are left.

    It is halved whenever what is left has halved, as in factoring (Hummel, Schonberg and Flynn,
    CACM 35(8), 1992). It depends on nothing before that place; and as it is halved, the contents
    at which larger parts end are such at which smaller ones may.
    """
    average = part_items
    while average > LEAST_ITEMS and average * _PARTS_LEFT * actors > left:
        average //= 2
    return average


def _hash(data: bytes) -> hashlib.blake2b:
    return hashlib.blake2b(data, digest_size=16)


def _digest(item: PendingItem) -> bytes:
    """The hash of an item: of its content, where it is, and what is said of it."""
    files = [list(file) for file in item.files]
    said = [item.id, item.source, item.content_hash, files, item.item.modality, item.item.metadata]
    return _hash(json.dumps(said, default=repr).encode()).digest()


def _size(item: PendingItem) -> int:
    if item.files:
        return item.files[0].size
    content = item.item.content
    return len(content) if isinstance(content, (str, bytes)) else 0
