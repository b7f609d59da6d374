"""Which columns of a Parquet file hold files, and how to select the others without them.

The features Image and Audio of Hugging Face's data sets are structs of `bytes` and `path`; others
write the bytes as a column of their own.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.embed.media.signatures import HEAD_BYTES, foreign_format, format_of
from anysense.index.building.tables.parquet_file import read_batches

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pyarrow import DataType, RecordBatch, Schema
    from pyarrow.parquet import ParquetFile

__all__ = ["FileColumn", "file_columns", "inner_columns", "media_columns", "plain_columns"]

# fmt: off
_MEDIA_NAMES = frozenset([
    "image", "img", "picture", "photo", "jpg", "jpeg", "png", "webp",
    "audio", "sound", "recording", "wav", "mp3", "flac", "ogg",
])
# fmt: on
_TRIED_BATCHES = 16


class FileColumn(NamedTuple):
    """A column of files: of their bytes, or of structs that have these beside a path."""

    name: str
    is_struct: bool

    @property
    def selectors(self) -> list[str]:
        """What to read of it."""
        return [f"{self.name}.bytes", f"{self.name}.path"] if self.is_struct else [self.name]

    def read(self, batch: RecordBatch, row: int) -> tuple[bytes | None, str | None]:
        """The bytes in a row of a batch, and the path beside them; None for what is not there."""
        value: Any = batch.column(self.name)[row].as_py()
        if not self.is_struct:
            return value or None, None
        value = value or {}
        path = value.get("path")
        return value.get("bytes") or None, path if isinstance(path, str) and path else None


def file_columns(file: ParquetFile) -> list[FileColumn]:
    """The columns that hold files, in their order.

    A column of bytes does by its name, or if it begins with what is a file by its signature.
    """
    columns = []
    for field in file.schema_arrow:
        if _is_file(field.type):
            columns.append(FileColumn(field.name, is_struct=True))
        elif _is_bytes(field.type) and (
            field.name.lower() in _MEDIA_NAMES or _begins_with_file(file, field.name)
        ):
            columns.append(FileColumn(field.name, is_struct=False))
    return columns


def media_columns(schema: Schema) -> list[FileColumn]:
    """The columns that hold files, by their types and names alone, in their order."""
    return [
        FileColumn(field.name, is_struct=_is_file(field.type))
        for field in schema
        if _is_file(field.type) or (_is_bytes(field.type) and field.name.lower() in _MEDIA_NAMES)
    ]


def inner_columns(schema: Schema) -> list[str]:
    """The columns that hold files deeper inside: as lists, or as parts of what they hold."""
    return [
        field.name
        for field in schema
        if not _is_file(field.type)
        and any(map(_has_bytes, _parts(field.type)))
        and (_has_files(field.type) or field.name.lower().rstrip("s") in _MEDIA_NAMES)
    ]


def plain_columns(schema: Schema, leave_out: Collection[str]) -> list[str]:
    """What to read of a file for everything but bytes; names inside of columns have a dot.

    Args:
        schema: of the file.
        leave_out: columns of which nothing is to be read.
    """
    selectors = []
    for field in schema:
        if field.name in leave_out:
            continue
        if _is_file(field.type):
            selectors += [
                f"{field.name}.{part.name}" for part in field.type if not _is_bytes(part.type)
            ]
        elif not _has_bytes(field.type):
            selectors.append(field.name)
    return selectors


def _is_bytes(kind: DataType) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or str(kind) == "binary_view"  # which older releases cannot name
    )


def _is_file(kind: DataType) -> bool:
    from pyarrow import types

    return types.is_struct(kind) and any(p.name == "bytes" and _is_bytes(p.type) for p in kind)


def _has_files(kind: DataType) -> bool:
    return _is_file(kind) or any(map(_has_files, _parts(kind)))


def _has_bytes(kind: DataType) -> bool:
    return _is_bytes(kind) or any(map(_has_bytes, _parts(kind)))


def _parts(kind: DataType) -> list[DataType]:
    """What a struct or a list is made of; nothing for other types."""
    from pyarrow import types

    if types.is_struct(kind):
        return [part.type for part in kind]
    is_list = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return [kind.value_type] if is_list and not types.is_map(kind) else []


def _begins_with_file(file: ParquetFile, name: str) -> bool:
    """Whether the first value of a column of bytes is a file, by its signature."""
    head = next(_values(file, name), b"")[:HEAD_BYTES]
    return bool(head) and (format_of(head) is not None or foreign_format(head) is not None)


def _values(file: ParquetFile, name: str) -> Iterator[bytes]:
    for batch in islice(read_batches(file, [name]), _TRIED_BATCHES):
        yield from filter(None, batch.column(0).to_pylist())
