"""Haystack's filters as those of anysense.

See https://docs.haystack.deepset.ai/docs/metadata-filtering and docs/filters.md. What a filter of
anysense cannot say is refused with Haystack's own `FilterError`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from anysense import errors
from anysense.adapters.haystack.documents import FACTS, KEPT
from anysense.adapters.haystack.framework import FilterError
from anysense.index.filters.filter import parse_filter
from anysense.index.filters.nodes import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["where_of"]

_ALL: dict[str, Any] = {"id": {"$exists": True}}
_NONE: dict[str, Any] = {"id": {"$in": []}}
_ORDER = {">": "$gt", ">=": "$gte", "<": "$lt", "<=": "$lte"}
_LISTS = {"in": "$in", "not in": "$nin"}
_TESTS = {"==": "$eq", "!=": "$ne", **_ORDER, **_LISTS}
_LOGIC = ("AND", "OR", "NOT")
_OF_ITEMS = {f"meta.{FACTS}.{name}": name for name in ("kind", "modality", "source")}
"""What a filter of anysense knows of an item beside its metadata, where documents have it."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[Tt ].*)?", re.DOTALL)


def where_of(filters: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A filter of Haystack as one of anysense; None for none.

    Raises:
        FilterError: Haystack's: it is malformed, or a filter of anysense cannot say it.
    """
    if not filters:
        return None
    where = _node(filters, 0)
    try:
        parse_filter(where)
    except errors.FilterError as error:
        raise FilterError(str(error)) from error
    return where


def _node(filters: Any, depth: int) -> dict[str, Any]:
    if not hasattr(filters, "get") or not filters:
        raise FilterError(f"A condition of a filter is a dictionary, not {filters!r:.100}.")
    if depth > MAX_DEPTH:  # what it becomes is no less deep
        raise FilterError(f"A filter has at most {MAX_DEPTH} conditions inside each other.")
    return _comparison(filters) if "field" in filters else _logic(filters, depth)


def _logic(filters: Mapping[str, Any], depth: int) -> dict[str, Any]:
    operator, conditions = _value_of(filters, "operator"), _value_of(filters, "conditions")
    if operator not in _LOGIC:
        raise FilterError(
            f"A filter combines by one of {', '.join(_LOGIC)}, not {operator!r:.100}."
        )
    if not isinstance(conditions, list):
        raise FilterError(f"The conditions of {operator} are a list, not {conditions!r:.100}.")
    parts = [_node(condition, depth + 1) for condition in conditions]
    if operator == "OR":
        return {"$or": parts} if parts else _NONE
    everything = _ALL if not parts else parts[0] if len(parts) == 1 else {"$and": parts}
    return {"$not": everything} if operator == "NOT" else everything


def _comparison(filters: Mapping[str, Any]) -> dict[str, Any]:
    operator, value = _value_of(filters, "operator"), _value_of(filters, "value")
    field = _field(filters["field"])
    if operator not in list(_TESTS):
        known = ", ".join(_TESTS)
        raise FilterError(f"A filter compares by one of {known}, not {operator!r:.100}.")
    test = _TESTS[operator]
    if operator in _LISTS:
        if not isinstance(value, list):
            raise FilterError(f"{operator!r} takes a list of values, not {value!r:.100}.")
        return {field: {test: [_constant(field, each) for each in value]}}
    value = _constant(field, value)
    if operator in _ORDER:
        if value is None:
            return _NONE  # nothing comes before or after it
        if isinstance(value, str):
            _check_date(field, value)
    return {field: {test: value}}


def _value_of(filters: Mapping[str, Any], key: str) -> Any:
    if key not in filters:
        raise FilterError(f"The key {key!r} is missing in the filter {filters!r:.200}.")
    return filters[key]


def _field(name: Any) -> str:
    """What a field of a document is called in a filter of anysense."""
    if not isinstance(name, str) or not name:
        raise FilterError(f"A field of a filter is a text such as meta.year, not {name!r:.100}.")
    if name in _OF_ITEMS:
        return _OF_ITEMS[name]
    first, _, rest = name.partition(".")
    if first == "meta" and rest:
        return f"metadata.{rest}"
    if name == "id":
        return name
    if name == "content" or (first == "blob" and rest):
        return f"metadata.{KEPT}.{name}"
    if rest or name in ("blob", "embedding", "meta", "score", "sparse_embedding"):
        raise FilterError(
            f"A filter cannot ask for {name!r:.100}: it can for id, content, blob.mime_type, and "
            "anything in meta, such as meta.year."
        )
    return f"metadata.{name}"  # as filters were written before `meta.` was needed


def _constant(field: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return value
    raise FilterError(
        f"A filter compares {field} with a text, a number, a date, true, false or None, not with "
        f"{value!r:.100}."
    )


def _check_date(field: str, value: str) -> None:
    """Texts are in order only if they are dates, and these only if all are of one time zone."""
    date = None
    if _DATE.fullmatch(value):
        with suppress(ValueError):  # until Python 3.11 it does not know the Z of UTC
            date = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", value))
    if date is None:
        raise FilterError(
            f"The filter compares {field} by order with {value!r:.100}, which is neither a number "
            "nor a date such as 2021-05-02 or 2021-05-02T18:00:00."
        )
    if date.utcoffset():
        raise FilterError(
            f"The filter compares {field} with {value!r}, but dates compare as they are written: "
            "write all of them without a time zone, or in UTC."
        )
