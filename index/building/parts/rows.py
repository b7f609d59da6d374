"""Items as the rows of a part, and back: vectors as the catalog keeps them, to the bit."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import xxhash

from anysense.embed.errors import CorruptMediaError
from anysense.embed.types import EncodedSegment, Kind, Modality, Origin, Place, Unit
from anysense.index.building.parts.schema import COLUMNS, FILE, SEGMENT
from anysense.index.catalog.records import (
    FileRecord,
    ItemRecord,
    QuarantinedFile,
    read_sidecars,
    write_sidecars,
)
from anysense.index.catalog.rows import heading_column, place_columns, read_box, read_heading
from anysense.index.catalog.stored import metadata_text, vector_blobs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from anysense.embed.types import Space

__all__ = ["PartItem", "PartRow", "digest_rows", "read_row", "rows_of", "table_of", "write_row"]

PartItem: TypeAlias = "ItemRecord | QuarantinedFile"
"""An item with its vectors, or a file that could not be read, and why."""


class PartRow(NamedTuple):
    """A row of a part as plain values; the vectors of its segments are apart, in their order."""

    id: str | None
    source: str
    kind: str | None
    metadata: str | None
    said: str | None
    content_hash: str | None
    files: list[tuple[Any, ...]]
    segments: list[tuple[Any, ...]]
    reason: str | None
    vectors: list[bytes]


def write_row(item: PartItem, spaces: Sequence[Space]) -> PartRow:
    """An item as a row.

    Args:
        item: what is to be kept.
        spaces: those of the part's encoders, in their order.

    Raises:
        UsageError: it cannot be kept in a collection either.
    """
    if isinstance(item, QuarantinedFile):
        file = (item.path, item.size, item.mtime_ns, None, None)
        return PartRow(None, item.path, None, None, None, None, [file], [], item.reason, [])
    numbers = {space.id: (number, space.dimension) for number, space in enumerate(spaces)}
    vectors = vector_blobs(item, numbers)
    return PartRow(
        id=item.id,
        source=item.source,
        kind=item.kind.value,
        metadata=metadata_text(item.id, item.metadata),
        said=metadata_text(item.id, item.said) if item.said else None,
        content_hash=item.content_hash,
        files=[(*file[:4], write_sidecars(file.sidecars)) for file in item.files],
        segments=[
            (
                numbers[segment.space][0],
                segment.modality.value,
                *place_columns(segment.place),
                segment.origin.value,
                heading_column(segment.heading),
                segment.text,
            )
            for segment in item.segments
        ],
        reason=None,
        vectors=vectors,
    )


def read_row(path: Path, row: PartRow, spaces: Sequence[Space]) -> PartItem:
    """The reverse of `write_row`; the vectors are float16, as they are kept.

    Raises:
        CorruptMediaError: the row says what no item can be.
    """
    try:
        if row.reason is not None:
            [(name, size, stamp, _, _)] = row.files
            return QuarantinedFile(name, size, stamp, row.reason)
        if not row.id or not row.segments or row.metadata is None:
            raise ValueError("an item without an id, metadata or segments")
        return ItemRecord(
            id=row.id,
            source=row.source,
            kind=Kind(row.kind),
            metadata=_mapping(row.metadata),
            segments=[
                _segment(columns, vector, spaces)
                for columns, vector in zip(row.segments, row.vectors, strict=True)
            ],
            content_hash=row.content_hash,
            files=[_file(file) for file in row.files],
            said=_mapping(row.said) if row.said else {},
        )
    except (IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise CorruptMediaError(path, f"is damaged: it has {error}") from None


def _file(columns: tuple[Any, ...]) -> FileRecord:
    path, size, stamp, content_hash, sidecars = columns
    return FileRecord(path, size, stamp, content_hash, read_sidecars(sidecars))


def _mapping(text: str) -> Mapping[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError("metadata that are no object")
    return value


def _segment(columns: tuple[Any, ...], vector: bytes, spaces: Sequence[Space]) -> EncodedSegment:
    number, modality, unit, start, end, page, box, origin, heading, text = columns
    if number < 0:
        raise IndexError("a segment of no space")
    space = spaces[number]
    floats = np.frombuffer(vector, "<f2")
    if len(floats) != space.dimension:
        raise ValueError(f"a vector of {len(floats)} numbers instead of {space.dimension}")
    return EncodedSegment(
        space=space.id,
        modality=Modality(modality),
        vector=floats,  # as the catalog keeps it; see `anysense.index.catalog.stored`
        place=Place(start, end, unit and Unit(unit), page, *read_box(box)),
        text=text,
        origin=Origin(origin),
        heading=read_heading(heading),
    )


# Rows and Arrow


def table_of(rows: Sequence[PartRow]) -> pa.Table:
    """Rows as a table. Its texts are UTF-8, with surrogates as names of files may have them."""
    files = [file for row in rows for file in row.files]
    segments = [
        (*segment, vector)
        for row in rows
        for segment, vector in zip(row.segments, row.vectors, strict=True)
    ]
    lists = {
        "files": _lists([len(row.files) for row in rows], files, FILE),
        "segments": _lists([len(row.segments) for row in rows], segments, SEGMENT),
    }
    columns = [
        lists[field.name]
        if field.name in lists
        else _texts([getattr(row, field.name) for row in rows])
        for field in COLUMNS
    ]
    return pa.Table.from_arrays(columns, schema=COLUMNS)


def _lists(lengths: Sequence[int], values: Sequence[tuple[Any, ...]], kind: pa.DataType) -> Any:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    columns = list(zip(*values, strict=True)) if values else [()] * kind.num_fields
    arrays = [
        _texts(column) if field.type == pa.string() else pa.array(column, field.type)
        for field, column in zip(kind, columns, strict=True)
    ]
    structs = pa.StructArray.from_arrays(arrays, fields=list(kind))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), structs)


def _texts(values: Sequence[str | None]) -> Any:
    data = [None if text is None else text.encode("utf-8", "surrogatepass") for text in values]
    return pa.array(data, pa.binary()).view(pa.string())


def rows_of(table: pa.Table) -> list[PartRow]:
    """The reverse of `table_of`."""
    columns = {
        field.name: _plain(table.column(field.name).combine_chunks())
        for field in COLUMNS
        if not pa.types.is_list(field.type)
    }
    files, segments = (
        _unlisted(table.column(name).combine_chunks()) for name in ("files", "segments")
    )
    return [
        PartRow(
            **{name: values[at] for name, values in columns.items()},
            files=files[at],
            segments=[segment[:-1] for segment in segments[at]],
            vectors=[segment[-1] for segment in segments[at]],
        )
        for at in range(table.num_rows)
    ]


def _unlisted(array: Any) -> list[list[tuple[Any, ...]]]:
    offsets = array.offsets.to_pylist()
    structs = array.values
    columns = [_plain(structs.field(i)) for i in range(structs.type.num_fields)]
    values = list(zip(*columns, strict=True))
    return [values[start:end] for start, end in itertools.pairwise(offsets)]


def _plain(array: Any) -> list[Any]:
    if array.type != pa.string():
        return list(array.to_pylist())
    data = array.view(pa.binary()).to_pylist()
    return [None if text is None else text.decode("utf-8", "surrogatepass") for text in data]


def digest_rows(rows: Sequence[PartRow]) -> str:
    """The XXH3-128 of what rows say, in hexadecimal digits: of each as JSON, then of its vectors.

    It is of the rows and not of their bytes in the file, so nothing that a reader may take from
    elsewhere in the file, such as offsets, can change them unnoticed.
    """
    digest = xxhash.xxh3_128()
    for row in rows:
        digest.update(json.dumps(row[:-1], separators=(",", ":")).encode("ascii"))
        for vector in row.vectors:
            digest.update(vector)
    return str(digest.hexdigest())
