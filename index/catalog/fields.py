"""Which fields metadata have, with which values; and which of those a filter names there are."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.embed.errors import FilterError
from anysense.index.filters.filter import parse_filter
from anysense.index.filters.nodes import (
    COLUMNS,
    Compare,
    Exists,
    Field,
    Near,
    Node,
    Not,
    make_field,
)
from anysense.index.filters.sql import compile_node

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from anysense.index.catalog.reader import Catalog

__all__ = ["FieldSummary", "FieldValue", "Summary", "absent_fields", "metadata_fields", "summarise"]

MOST_FIELDS = 50
MOST_VALUES = 50
"""Of a field, the most frequent, are told."""
SAMPLE_ITEMS = 5000
SAMPLE_BLOCKS = 100
"""Of a large collection so many items are looked at, in so many runs, evenly apart."""
SAMPLE_BYTES = 8 * 1024**2
"""Of metadata that are looked at, as JSON."""
MOST_KEPT_FIELDS, MOST_KEPT_VALUES = 1000, 10_000
"""What is counted at all: so many fields, so many values of each."""
MOST_ELEMENTS = 100
"""Of a list, the first, are looked at."""
MOST_CHARACTERS = 200
"""Of a text that is told as a value."""
MOST_INSIDE = 5
"""Keys inside each other."""

Plain = str | int | float | bool
DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?"
)


class FieldValue(NamedTuple):
    """A value of a field, and how many items have it."""

    value: Plain
    items: int


@dataclass(frozen=True)
class FieldSummary:
    """A field of metadata, as far as it was looked at.

    Attributes:
        name: as filters write it: ``camera.model``.
        type: ``text``, ``number``, ``boolean`` or ``date``, as most of its values are; dates are
            texts that all begin with a year, a month and a day, as ISO 8601 writes them.
        items: how many have it.
        least, greatest: of numbers and dates.
        values: the most frequent ones of that type, first.
        complete: whether these are all values that any item has.
    """

    name: str
    type: str
    items: int
    least: Plain | None
    greatest: Plain | None
    values: tuple[FieldValue, ...]
    complete: bool

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {**vars(self), "values": [value._asdict() for value in self.values]}


@dataclass(frozen=True)
class Summary:
    """The fields of a collection's metadata.

    Attributes:
        fields: those that most items have, first.
        complete: whether these are all fields that any item has.
        counted: how many items were looked at.
        total: how many there are.
    """

    fields: tuple[FieldSummary, ...]
    complete: bool
    counted: int
    total: int

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {**vars(self), "fields": [one.to_dict() for one in self.fields]}


@dataclass
class _Tally:
    """What was seen of one field."""

    items: int = 0
    counts: dict[str, Counter[Plain]] = field(default_factory=dict)
    is_cut: bool = False  # some of its values are not counted, as there are too many, or too long

    def add(self, values: set[tuple[str, Plain]], *, is_cut: bool) -> None:
        """Take what one item has of the field: values with their types."""
        self.items += 1
        self.is_cut |= is_cut
        for kind, value in values:
            counts = self.counts.setdefault(kind, Counter())
            if value in counts or len(counts) < MOST_KEPT_VALUES:
                counts[value] += 1
            else:
                self.is_cut = True

    def summary(self, name: str, *, of_all: bool) -> FieldSummary | None:
        """What is told of it; None if it has no value that a filter compares."""
        if not self.counts:
            return None
        kind = max(self.counts, key=lambda one: (self.counts[one].total(), one))
        counts = self.counts[kind]
        if kind == "text" and not self.is_cut and all(_is_date(str(one)) for one in counts):
            kind = "date"
        is_ordered = kind in ("number", "date")
        most = sorted(counts.items(), key=lambda each: (-each[1], str(each[0])))[:MOST_VALUES]
        is_whole = of_all and not self.is_cut and len(self.counts) == 1
        return FieldSummary(
            name,
            kind,
            self.items,
            min(counts) if is_ordered else None,
            max(counts) if is_ordered else None,
            tuple(FieldValue(value, items) for value, items in most),
            is_whole and len(most) == len(counts),
        )


def summarise(catalog: Catalog) -> Summary:
    """The fields of all metadata with their values, of a large collection from a sample."""
    tallies: dict[str, _Tally] = {}
    counted, is_cut = 0, False
    with catalog.transaction() as connection:
        total = sum(catalog.totals(connection).items.values())
        for text in _sampled(connection, total):
            counted += 1
            for name, values, was_cut in _fields_of(json.loads(text)):
                if name not in tallies and len(tallies) == MOST_KEPT_FIELDS:
                    is_cut = True
                else:
                    tallies.setdefault(name, _Tally()).add(values, is_cut=was_cut)
    of_all = counted == total
    found = (tally.summary(name, of_all=of_all) for name, tally in tallies.items())
    fields = sorted((one for one in found if one), key=lambda one: (-one.items, one.name))
    is_whole = of_all and not is_cut and len(fields) <= MOST_FIELDS
    return Summary(tuple(fields[:MOST_FIELDS]), is_whole, counted, total)


def _sampled(connection: sqlite3.Connection, total: int) -> Iterator[str]:
    """The metadata of all items, or of some runs of them, as JSON, up to so many bytes."""
    length = 0
    for first, most in _runs(connection, total):
        query = "SELECT metadata FROM items WHERE item_pk >= ? ORDER BY item_pk LIMIT ?"
        for (text,) in connection.execute(query, (first, most)):
            length += len(text)
            if length > SAMPLE_BYTES:
                return
            yield text


def _runs(connection: sqlite3.Connection, total: int) -> Iterator[tuple[int, int]]:
    """Where runs of items begin, by key, and how many items each has."""
    if total <= SAMPLE_ITEMS:
        yield 0, SAMPLE_ITEMS
        return
    least, greatest = connection.execute("SELECT min(item_pk), max(item_pk) FROM items").fetchone()
    each = SAMPLE_ITEMS // SAMPLE_BLOCKS
    # Keys may be missing between: a run then ends where the next one begins, or later.
    following = least
    for block in range(SAMPLE_BLOCKS):
        first = max(following, least + block * (greatest - least) // SAMPLE_BLOCKS)
        query = "SELECT item_pk FROM items WHERE item_pk >= ? ORDER BY item_pk LIMIT 1 OFFSET ?"
        row = connection.execute(query, (first, each)).fetchone()
        yield first, each
        if row is None:
            return
        following = row[0]


def _fields_of(
    metadata: Mapping[str, Any], keys: tuple[str, ...] = ()
) -> Iterator[tuple[str, set[tuple[str, Plain]], bool]]:
    """The fields of one item: each with its values, and whether some of them are left out."""
    for key, value in metadata.items():
        path = (*keys, key)
        if isinstance(value, dict):
            if len(path) < MOST_INSIDE:
                yield from _fields_of(value, path)
            continue
        name = _name_of(path)
        if name is None or value is None:
            continue
        elements = value if isinstance(value, list) else [value]
        looked_at = elements[:MOST_ELEMENTS]
        values = {(_type_of(one), one) for one in looked_at if isinstance(one, Plain)}
        told = {each for each in values if not _is_long(each[1])}
        yield name, told, len(told) < len(values) or len(looked_at) < len(elements)


def _name_of(keys: tuple[str, ...]) -> str | None:
    """The name by which a filter reads a field; None if none can."""
    if any("." in key for key in keys):
        return None
    # What else would mean a field of the item itself.
    is_other = keys[0] == "metadata" or (len(keys) == 1 and keys[0] in COLUMNS)
    name = ".".join(("metadata", *keys) if is_other else keys)
    try:
        return name if make_field(name.split(".")).keys == keys else None
    except FilterError:
        return None


def _type_of(value: Plain) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def _is_long(value: Plain) -> bool:
    return isinstance(value, str) and len(value) > MOST_CHARACTERS


def _is_date(text: str) -> bool:
    if DATE.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text[:10])
        if len(text) > 10:
            datetime.strptime(text[11:16], "%H:%M")
    except ValueError:
        return False
    return True


def absent_fields(catalog: Catalog, where: str | Mapping[str, Any] | None) -> list[str]:
    """The fields of metadata that a filter names and no item has, in the filter's order.

    Raises:
        FilterError: the filter cannot be read.
    """
    parsed = parse_filter(where)
    fields = () if parsed is None else dict.fromkeys(_metadata_fields(parsed.node))
    absent = []
    with catalog.transaction() as connection:
        for field in fields:
            sql, parameters = compile_node(Exists(field))
            query = f"SELECT EXISTS (SELECT 1 FROM items AS i WHERE {sql})"  # noqa: S608
            if not connection.execute(query, parameters).fetchone()[0]:
                absent.append(str(field))
    return absent


def metadata_fields(catalog: Catalog, most: int) -> list[str]:
    """Up to so many of the fields that the metadata of any item has, without those inside them."""
    query = "SELECT DISTINCT field.key FROM items, json_each(metadata) AS field LIMIT ?"
    with catalog.transaction() as connection:
        return sorted(name for (name,) in connection.execute(query, (most,)))


def _metadata_fields(node: Node) -> Iterator[Field]:
    """The fields that a filter reads in metadata."""
    if isinstance(node, Not):
        yield from _metadata_fields(node.node)
    elif isinstance(node, Compare | Exists):
        if not node.field.is_column:
            yield node.field
    elif isinstance(node, Near):
        yield from (Field((key,)) for key in ("latitude", "longitude"))
    else:
        for part in node.nodes:
            yield from _metadata_fields(part)
