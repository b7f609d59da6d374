"""What there is in the metadata of documents: fields, their types, their values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["count_unique", "fields_info", "key_of", "min_max", "unique_values"]

_TYPES = {bool: "boolean", int: "int", float: "float"}


def key_of(field: str) -> str:
    """The key of a field, which may be named with or without `meta.` before it."""
    return field.removeprefix("meta.")


def fields_info(metas: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """The type of each field: `boolean`, `int`, `float`; `keyword` of anything else, or mixed."""
    types: dict[str, set[str]] = {}
    for meta in metas:
        for key, value in meta.items():
            if value is not None:
                types.setdefault(key, set()).add(_TYPES.get(type(value), "keyword"))
    return {key: {"type": _common(kinds)} for key, kinds in types.items()}


def _common(kinds: set[str]) -> str:
    if kinds == {"int", "float"}:
        return "float"
    return kinds.pop() if len(kinds) == 1 else "keyword"


def min_max(metas: Iterable[Mapping[str, Any]], field: str) -> dict[str, Any]:
    """The least and the greatest number or text of a field; None for both where there is no order.

    That is where no document has it, and where it is a text in some and a number in others.
    """
    key = key_of(field)
    given = [meta.get(key) for meta in metas]
    values: list[Any] = [value for value in given if isinstance(value, int | float | str)]
    if not values or len({isinstance(value, str) for value in values}) > 1:
        return {"min": None, "max": None}
    return {"min": min(values), "max": max(values)}


def count_unique(metas: Iterable[Mapping[str, Any]], fields: list[str]) -> dict[str, int]:
    """How many different values each field has."""
    values: dict[str, set[str]] = {key_of(field): set() for field in fields}
    for meta in metas:
        for key, told in values.items():
            if meta.get(key) is not None:
                told.add(_identity(meta[key]))
    return {key: len(told) for key, told in values.items()}


def unique_values(
    metas: Iterable[Mapping[str, Any]], field: str, search_term: str | None
) -> list[Any]:
    """The different values of a field, in the order of their texts.

    Args:
        metas: of the documents.
        field: with or without `meta.` before it.
        search_term: only values whose text holds this, in capitals or not.
    """
    key = key_of(field)
    values: dict[str, Any] = {}
    for meta in metas:
        if meta.get(key) is not None:
            values.setdefault(_identity(meta[key]), meta[key])
    if search_term:
        term = search_term.lower()
        values = {name: value for name, value in values.items() if term in str(value).lower()}
    return [values[name] for name in sorted(values, key=lambda name: (str(values[name]), name))]


def _identity(value: Any) -> str:
    """What tells values apart, so that 1, 1.0, true and "1" are four: as JSON writes them."""
    return json.dumps(value, sort_keys=True)
