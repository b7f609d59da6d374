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

__all__ = ["PART_BYTES", "PART_ITEMS", "Order", "cut"]

PART_ITEMS = 256
"""Items of a part: half as many at least, but for the last, and twice as many at most."""

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
) -> Iterator[Order]:
    """Cut items into parts.

    A part ends after an item whose hash says so, as in content-defined chunking (Muthitacharoen,
    Chen and Mazières, SOSP 2001): so whatever comes or goes before it, most parts are what they
    were, and those that are there already need not be made again.

    Args:
        pending: in order.
        key: what else the vectors follow from: encoders and options.
        part_items: how many items a part has on average.
        part_bytes: how large the files of a part are at most.
    """
    least, most = max(1, part_items // 2), 2 * part_items
    items: list[PendingItem] = []
    name, size = _hash(key.encode()), 0
    for item in pending:
        more = _size(item)
        if items and size + more > part_bytes:
            yield Order(name.hexdigest(), tuple(items))
            items, name, size = [], _hash(key.encode()), 0
        digest = _digest(item)
        items.append(item)
        name.update(digest)
        size += more
        is_end = int.from_bytes(digest[:4], "little") % least == 0
        if len(items) >= most or (len(items) >= least and is_end):
            yield Order(name.hexdigest(), tuple(items))
            items, name, size = [], _hash(key.encode()), 0
    if items:
        yield Order(name.hexdigest(), tuple(items))


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
