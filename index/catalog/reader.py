"""Reading the catalog: the truth of a collection. `anysense.index.catalog.writer` changes it.

Every row that is read is checked against its checksum. Methods may be called from many threads.
"""

from __future__ import annotations

import contextlib
import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import ItemNotFoundError
from anysense.embed.types import Kind, Modality
from anysense.index.catalog.records import (
    CatalogFile,
    FileRecord,
    Item,
    Segment,
    SegmentRow,
    SpaceRow,
    read_sidecars,
)
from anysense.index.catalog.rows import (
    RowFormat,
    item_columns,
    row_format,
    segment_columns,
    segment_of,
)
from anysense.index.catalog.schema import CATALOG, from_sql, to_sql, vector_crc
from anysense.index.catalog.sqlite.connections import Pool, check_row, damaged
from anysense.index.catalog.sqlite.ranges import segment_parts
from anysense.index.catalog.totals import Totals, read_totals
from anysense.index.segment_set import SegmentSet
from anysense.index.types import Partition

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from anysense.embed.types import FloatArray
    from anysense.index.catalog.sqlite.identity import FileId
    from anysense.index.filters.filter import Filter
    from anysense.index.types import Ids

__all__ = ["VECTORS_QUERY", "Catalog", "State", "read_state"]

VECTORS_QUERY = """
    SELECT s.space_pk, s.modality, s.segment_pk, v.vector, v.crc
    FROM segments AS s CROSS JOIN vectors AS v USING (segment_pk)
"""


@dataclass(frozen=True)
class State:
    """The counters of a catalog.

    Attributes:
        change: the number of the last transaction.
        next_item: the key of the next item.
        next_segment: the key of the next segment; keys are never used twice.
        purged: tombstones of changes up to this one are gone.
    """

    change: int
    next_item: int
    next_segment: int
    purged: int


def read_state(path: Path, connection: sqlite3.Connection) -> State:
    """Read the counters, in the transaction of a connection."""
    query = "SELECT change, next_item, next_segment, purged, crc FROM state"
    row = connection.execute(query).fetchone()
    if row is None:
        raise damaged(path, "its counters are missing")
    check_row(path, "state", 1, row[4], *row[:4])
    return State(*row[:4])


class Catalog:
    """The catalog of a collection, for reading.

    Args:
        folder: the collection.
        locate: where the file is now that the catalog knows by a path.
    """

    def __init__(self, folder: Path, locate: Callable[[str], str] = str) -> None:
        self.path = folder / CATALOG
        self._locate = locate
        self._pool = Pool(self.path)
        self._spaces: dict[int, SpaceRow] | None = None
        self._seen: Mapping[int, str] | None = None

    def seeing(self, names: Mapping[int, str] | None) -> Catalog:
        """The same catalog, of whose segments only those of some spaces are seen.

        Args:
            names: the ids by which these spaces are known, by their numbers; all are seen, by the
                ids that the catalog has for them, if None.
        """
        other = copy.copy(self)
        other._seen, other._spaces = names, None
        return other

    def sees(self, space_pk: int) -> bool:
        """Whether the segments of a space are seen."""
        return self._seen is None or space_pk in self._seen

    @property
    def is_seen(self) -> str:
        """The condition on a row ``s`` of segments that it is seen."""
        if self._seen is None:
            return "TRUE"
        return f"s.space_pk IN ({', '.join(map(str, self._seen))})"

    def shares_file(self, other: Catalog) -> bool:
        """Whether both are the same catalog, whatever each sees of it."""
        return self._pool is other._pool

    def close(self) -> None:
        self._pool.close()

    def forget(self) -> None:
        """Keep nothing in memory of the file; the next look opens it again."""
        self._pool.forget()

    @property
    def file(self) -> FileId | None:
        """Which file it was when it was opened; None if nothing was read yet."""
        return self._pool.file

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the catalog throughout."""
        with self._pool.lend() as connection:
            connection.execute("BEGIN")
            yield connection

    def row_format(self, connection: sqlite3.Connection) -> RowFormat:
        """How rows are read, in the transaction of a connection."""
        return row_format(self.path, connection)

    @property
    def format(self) -> int:
        """The number of the format that the catalog has now."""
        with self._pool.lend() as connection:
            return self.row_format(connection).number

    def state(self) -> State:
        with self._pool.lend() as connection:
            return read_state(self.path, connection)

    def meta(self) -> dict[str, str]:
        """What was noted at creation and at the last publishing."""
        return self._meta("instr(key, '|') = 0")

    def notes(self, prefix: str) -> dict[str, str]:
        """What was noted under keys that begin with a prefix, which ends with ``|``."""
        return self._meta("key >= ? AND key < ?", prefix, prefix[:-1] + "}")  # which follows |

    def note(self, key: str) -> str | None:
        """What was noted under a key."""
        return self._meta("key = ?", key).get(key)

    def _meta(self, where: str, *values: str) -> dict[str, str]:
        query = f"SELECT key, value, crc FROM meta WHERE {where}"  # noqa: S608 - as it stands above
        with self._pool.lend() as connection:
            rows = connection.execute(query, values).fetchall()
        for key, value, crc in rows:
            check_row(self.path, "meta", key, crc, key, value)
        return {key: value for key, value, _ in rows}

    @property
    def spaces(self) -> dict[int, SpaceRow]:
        """The spaces that are seen, by their number."""
        if self._spaces is None:
            self._spaces = self._read_spaces()
        return self._spaces

    def _read_spaces(self) -> dict[int, SpaceRow]:
        with self._pool.lend() as connection:
            rows = connection.execute("SELECT space_pk, id, dimension, crc FROM spaces").fetchall()
        for *columns, crc in rows:
            check_row(self.path, "spaces", columns[0], crc, *columns)
        spaces = {pk: SpaceRow(pk, name, size) for pk, name, size, _ in rows if self.sees(pk)}
        names = self._seen or {}
        return {pk: row._replace(id=names.get(pk, row.id)) for pk, row in spaces.items()}

    def totals(self, connection: sqlite3.Connection) -> Totals:
        """The number of rows of each kind."""
        try:
            return read_totals(connection)
        except (ValueError, IndexError):
            raise damaged(self.path, "its totals count something unknown") from None

    def partitions(self, connection: sqlite3.Connection) -> dict[Partition, int]:
        """The number of segments of each partition that has any."""
        segments = self.totals(connection).segments
        seen = {key: count for key, count in segments.items() if self.sees(key[0])}
        counts = {self.partition(*key): count for key, count in seen.items()}
        return dict(sorted(counts.items()))

    def partition(self, space_pk: int, modality: str) -> Partition:
        try:
            return Partition(self.spaces[space_pk].id, Modality(modality))
        except (KeyError, ValueError):
            raise damaged(self.path, f"no partition {space_pk}|{modality}") from None

    def place(self, value: str | bytes) -> str:
        """The path of a file, or another source, as SQLite keeps it: where it is now."""
        return self._locate(from_sql(value))

    # Items and segments

    def item(self, item_id: str) -> Item:
        """An item with its segments.

        Raises:
            ItemNotFoundError: there is none of that id.
        """
        with self.transaction() as connection:
            rows = self.row_format(connection)
            row = self._item_row(connection, item_id)
            segments = connection.execute(
                f"SELECT {rows.segments} FROM segments AS s "  # noqa: S608
                f"WHERE s.item_pk = ? AND {self.is_seen} ORDER BY s.space_pk, s.ordinal",
                (row[0],),
            ).fetchall()
            query = "SELECT path FROM files WHERE item_pk = ? AND path <> ? ORDER BY path"
            paths = connection.execute(query, (row[0], row[2])).fetchall()
        return Item(
            id=from_sql(row[1]),
            source=self.place(row[2]),
            kind=Kind(row[3]),
            metadata=json.loads(row[4]),
            segments=[self._segment(rows, segment) for segment in segments],
            aliases=[self.place(path) for (path,) in paths],
            added_at=row[6],
        )

    def item_vectors(self, item_id: str) -> dict[Partition, FloatArray]:
        """The vectors of an item by partition: float32 (n, dimension), in the segments' order.

        Raises:
            ItemNotFoundError: there is none of that id.
        """
        blobs: dict[Partition, list[bytes]] = {}
        with self.transaction() as connection:
            row = self._item_row(connection, item_id)
            query = f"""
                {VECTORS_QUERY} WHERE s.item_pk = ? AND {self.is_seen}
                ORDER BY s.space_pk, s.ordinal
            """
            for space_pk, modality, pk, blob, crc in connection.execute(query, (row[0],)):
                self._check_vector(space_pk, pk, blob, crc)
                blobs.setdefault(self.partition(space_pk, modality), []).append(blob)
        return {partition: _as_floats(vectors) for partition, vectors in blobs.items()}

    def _item_row(self, connection: sqlite3.Connection, item_id: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = connection.execute(
            f"{self.row_format(connection).items} WHERE i.id = ?", (to_sql(item_id),)
        ).fetchone()
        if row is None:
            raise ItemNotFoundError(f"No item {item_id} in {self.path.parent}.")
        check_row(self.path, "items", row[0], row[7], *item_columns(row))
        return row

    def _segment(self, rows: RowFormat, row: tuple[Any, ...]) -> Segment:
        """A row of `RowFormat.segments`, checked."""
        check_row(self.path, "segments", row[0], row[-1], *segment_columns(row))
        row = rows.as_segment(row)
        return segment_of(row, self.spaces[row[2]].id)

    def rows(self, segment_ids: Sequence[int] | Ids) -> list[SegmentRow | None]:
        """The rows of segments, one for each id in order; None for a segment that is not there."""
        ids = [int(pk) for pk in segment_ids]
        with self.transaction() as connection:
            rows = self.row_format(connection)
            query = f"""
                SELECT {rows.item_columns}, {rows.segments}
                FROM json_each(?) AS wanted
                CROSS JOIN segments AS s ON s.segment_pk = wanted.value
                CROSS JOIN items AS i ON i.item_pk = s.item_pk
            """  # noqa: S608 - names of columns alone
            joined = connection.execute(query, (json.dumps(ids),)).fetchall()
        by_id: dict[int, SegmentRow] = {}
        for row in joined:
            item, segment = row[:8], self._segment(rows, row[8:])
            check_row(self.path, "items", item[0], item[7], *item_columns(item))
            by_id[segment.id] = SegmentRow(
                segment=segment,
                item_id=from_sql(item[1]),
                source=self.place(item[2]),
                kind=Kind(item[3]),
                metadata=json.loads(item[4]),
            )
        return [by_id.get(pk) for pk in ids]

    def condition(self, connection: sqlite3.Connection, where: Filter) -> str:
        """A filter as a condition on a row ``i`` of items, for its parameters."""
        condition = self.row_format(connection).condition(where.sql)
        if "i.source" in condition:  # as everybody knows it, which changes where it moves
            connection.create_function("place", 1, self._place_or_name, deterministic=True)
            condition = condition.replace("i.source", "place(i.source)")
        return condition

    def select(self, where: Filter) -> SegmentSet:
        """The segments whose items a filter selects."""
        with self.transaction() as connection:
            condition = self.condition(connection, where)
            query = f"""
                FROM items AS i CROSS JOIN segments AS s ON s.item_pk = i.item_pk
                WHERE ({condition}) AND {self.is_seen} AND i.item_pk >= ? AND i.item_pk < ?
            """
            until = read_state(self.path, connection).next_item
            return SegmentSet.gather(segment_parts(connection, query, where.parameters, until))

    def _place_or_name(self, value: str | bytes) -> str | bytes:
        """A source as filters see it: where it is now, or a name that is no UTF-8 as it is kept."""
        return to_sql(self.place(value)) if isinstance(value, str) else value

    # Vectors

    def newer(
        self, connection: sqlite3.Connection, after: int, until: int
    ) -> dict[Partition, tuple[Ids, FloatArray]]:
        """Segments with a key over `after` up to `until`: ids, ascending, and float32 vectors."""
        ids: dict[tuple[int, str], list[int]] = {}
        blobs: dict[tuple[int, str], list[bytes]] = {}
        query = f"""
            {VECTORS_QUERY} WHERE s.segment_pk > ? AND s.segment_pk <= ? AND {self.is_seen}
            ORDER BY s.segment_pk
        """
        for space_pk, modality, pk, blob, crc in connection.execute(query, (after, until)):
            self._check_vector(space_pk, pk, blob, crc)
            ids.setdefault((space_pk, modality), []).append(pk)
            blobs.setdefault((space_pk, modality), []).append(blob)
        return {
            self.partition(*key): (np.array(ids[key], np.int64), _as_floats(blobs[key]))
            for key in ids
        }

    def count_newer(self, connection: sqlite3.Connection, after: int, until: int = 2**62) -> int:
        """How many segments have a key over `after` up to `until`."""
        query = f"""
            SELECT count(*) FROM segments AS s
            WHERE s.segment_pk > ? AND s.segment_pk <= ? AND {self.is_seen}
        """  # noqa: S608 - numbers alone
        row = connection.execute(query, (after, until)).fetchone()
        return int(row[0])

    def tombstones(self, connection: sqlite3.Connection, after: int) -> Ids:
        """The ids of segments deleted by changes after `after`, ascending."""
        rows = connection.execute(
            "SELECT segment_pk, change, crc FROM tombstones WHERE change > ?", (after,)
        ).fetchall()
        for pk, change, crc in rows:
            check_row(self.path, "tombstones", pk, crc, pk, change)
        return np.sort(np.fromiter((row[0] for row in rows), np.int64, len(rows)))

    def _check_vector(self, space_pk: int, pk: int, blob: bytes, crc: int) -> None:
        if vector_crc(pk, blob) != crc or len(blob) != 2 * self.spaces[space_pk].dimension:
            raise damaged(self.path, f"the vector {pk} does not match its checksum")

    # Files

    def files(self) -> dict[str, CatalogFile]:
        """Every file that an item came from, by path."""
        with self.transaction() as connection:
            return {file.record.path: file for file in self.each_file(connection)}

    def each_file(
        self, connection: sqlite3.Connection, start: str = "files AS f", *values: str | bytes
    ) -> Iterator[CatalogFile]:
        """Files that items came from: of a join that begins so, and gives rows ``f`` of files."""
        rows = self.row_format(connection)
        query = f"""
            SELECT {rows.files}, i.id FROM {start} CROSS JOIN items AS i ON i.item_pk = f.item_pk
        """  # noqa: S608 - names of columns alone, and of tables
        for *columns, crc, item_id in connection.execute(query, values):
            path = from_sql(columns[0])
            check_row(self.path, "files", path, crc, *rows.covered_of_file(columns))
            size, mtime_ns, content_hash = columns[1:4]
            record = FileRecord(
                self._locate(path), size, mtime_ns, content_hash, read_sidecars(columns[5])
            )
            yield CatalogFile(record, from_sql(item_id))


def _as_floats(blobs: list[bytes]) -> FloatArray:
    return np.frombuffer(b"".join(blobs), "<f2").reshape(len(blobs), -1).astype(np.float32)
