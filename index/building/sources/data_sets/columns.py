"""What the columns of a data set mean, as its schema and its features say.

`datasets` writes the features as JSON under the key ``huggingface`` of the schema's metadata: which
columns are pictures and sounds (structs of `bytes` and `path`), and what the numbers of a
ClassLabel are called.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anysense.index.building.tables.parquet_columns import (
    FileColumn,
    inner_columns,
    media_columns,
    plain_columns,
)
from anysense.index.building.tables.row import plain_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyarrow import RecordBatch, Schema

__all__ = ["Columns", "columns_of", "has_features"]

_FEATURES = b"huggingface"
_ID, _TEXT = "id", "text"
_CAPTIONS = ("text", "caption")
_LARGEST_FEATURES = 16 << 20


@dataclass(frozen=True)
class Columns:
    """The columns of a data set.

    Attributes:
        media: those that hold files; each is an item of its row.
        id: that of the ids of rows, if there is one of texts or whole numbers.
        text: that of the texts, which are captions beside files, and items where there are none.
        captions: those of words about the files.
        plain: what to read for all but the files.
        labels: the names of the numbers in some columns.
        left_out: columns whose files are deeper inside, and not read.
    """

    media: tuple[FileColumn, ...]
    id: str | None
    text: str | None
    captions: tuple[str, ...]
    plain: tuple[str, ...]
    labels: Mapping[str, list[str]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def holds_items(self) -> bool:
        """Whether rows are anything that is read here."""
        return bool(self.media or self.text)

    @property
    def selectors(self) -> list[str]:
        """What to read of rows as a whole; names inside of columns have a dot."""
        inside = [selector for column in self.media for selector in column.selectors]
        return list(dict.fromkeys([*self.plain, *inside]))

    def values(self, batch: RecordBatch, at: int) -> dict[str, Any]:
        """What a row says beside its files, as JSON can hold it; empty values are left out."""
        names = {column.name for column in self.media}
        values = {}
        for name in batch.schema.names:
            if name in names:
                continue
            try:
                value = self._named(name, plain_value(batch.column(name)[at].as_py()))
            except (ValueError, OverflowError):  # a date beyond Python's, text that is not UTF-8
                continue
            if value is not None:
                values[name] = value
        return values

    def _named(self, column: str, value: Any) -> Any:
        """The names of labels in place of their numbers."""
        names = self.labels.get(column)
        if names is None:
            return value
        if isinstance(value, list):
            return [self._named(column, each) for each in value]
        is_label = isinstance(value, int) and 0 <= value < len(names)
        return names[value] if is_label else None if value == -1 else value  # -1: not labelled

    def metadata(self, values: Mapping[str, Any], *, with_captions: bool) -> dict[str, Any]:
        """What is metadata of what a row says, where its words are captions or are not."""
        meant = {self.id}
        if self.media:
            meant |= set(self.captions) if with_captions else set()
        else:
            meant.add(self.text)
        return {name: value for name, value in values.items() if name not in meant}

    def words(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """The captions in a row: in each of its columns one, or a list of them."""
        words: list[str] = []
        for name in self.captions:
            value = values.get(name)
            texts = value if isinstance(value, list) else [value]
            words += [text for text in texts if isinstance(text, str) and text.strip()]
        return tuple(dict.fromkeys(words))


def has_features(schema: Schema) -> bool:
    """Whether `datasets` has written what the columns are."""
    return _FEATURES in (schema.metadata or {})


def columns_of(schema: Schema, features: Mapping[str, Any] | None = None) -> Columns:
    """What the columns of a schema mean.

    Args:
        schema: of a file.
        features: what a folder says of them, for a schema that does not.
    """
    media = tuple(media_columns(schema))
    names = {column.name for column in media}
    plain = tuple(plain_columns(schema, names))
    kinds = {each.name: each.type for each in schema}
    features = _features(schema) or features or {}
    labels = {name: found for name in plain if (found := _label_names(features.get(name)))}
    captions = tuple(name for name in _CAPTIONS if name in plain)
    return Columns(
        media=media,
        id=_ID if _ID in plain and _is_id(kinds[_ID]) else None,
        text=_TEXT if _TEXT in plain and _is_text(kinds[_TEXT]) else None,
        captions=captions if media else (),
        plain=plain,
        labels=labels,
        left_out=tuple(inner_columns(schema)),
    )


def _features(schema: Schema) -> dict[str, Any]:
    text = (schema.metadata or {}).get(_FEATURES, b"{}")
    if len(text) > _LARGEST_FEATURES:
        return {}
    try:
        features = json.loads(text)["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def _label_names(feature: Any) -> list[str] | None:
    """What the numbers of a column are called, alone or in lists; None if it has no such names."""
    for _ in range(8):
        if isinstance(feature, list) and len(feature) == 1:
            feature = feature[0]
        if not isinstance(feature, dict):
            return None
        if feature.get("_type") == "ClassLabel":
            names = feature.get("names")
            return list(map(str, names)) if isinstance(names, list) else None
        feature = feature.get("feature")
    return None


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind))


def _is_id(kind: Any) -> bool:
    from pyarrow import types

    return _is_text(kind) or bool(types.is_integer(kind))
