"""Filters over metadata: which items a search may find.

A filter is written as text (`anysense.index.filters.text`) or as a mapping, a small part of
MongoDB's query language: ``{"year": {"$gte": 2020}, "tags": {"$in": ["a", "b"]}}``. Fields are
``id``, ``source`` and ``kind`` of the item, ``modality`` of any of its segments, and paths into its
metadata, such as ``camera.model``. A list passes a test if one of its elements does. A field that
is not there passes no test but ``= null`` and the negative ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anysense.embed.errors import FilterError
from anysense.index.filters.nodes import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TERMS,
    All,
    AnyOf,
    Compare,
    Exists,
    Field,
    Near,
    Node,
    Not,
    Value,
    make_compare,
    make_field,
    make_near,
)
from anysense.index.filters.sql import compile_node
from anysense.index.filters.text import parse_text

__all__ = ["Filter", "of_kinds", "parse_filter"]

_SIMPLE = {"$eq": "=", "$lt": "<", "$lte": "<=", "$gt": ">", "$gte": ">=", "$prefix": "^="}


@dataclass(frozen=True)
class Filter:
    """A filter that was read, as a condition on the items of a catalog.

    Attributes:
        node: what it says.
        sql: the condition, on a row ``i`` of items; it holds no text of the filter.
        parameters: what the question marks of `sql` stand for.
    """

    node: Node
    sql: str
    parameters: tuple[str | int | float, ...]

    def reads(self, column: str) -> bool:
        """Whether it asks for one of the fields of the item itself, such as ``source``."""
        return _reads(self.node, Field((column,), is_column=True))


def parse_filter(where: str | Mapping[str, Any] | None) -> Filter | None:
    """Read a filter; None, an empty text and an empty mapping select everything.

    Raises:
        FilterError: it cannot be read; the message says where and why.
    """
    if isinstance(where, str):
        if not where.strip():
            return None
        if len(where) > MAX_LENGTH:
            raise FilterError(f"A filter has at most {MAX_LENGTH:,} characters.")
        node = parse_text(where)
    elif isinstance(where, Mapping):
        if not where:
            return None
        node = _read_mapping(where, 0)
    elif where is None:
        return None
    else:
        raise FilterError(f"A filter is a text or a mapping, not {type(where).__name__}.")
    terms, values = _size(node)
    if terms > MAX_TERMS or values > MAX_LENGTH:
        raise FilterError(
            f"A filter has at most {MAX_TERMS} comparisons and {MAX_LENGTH:,} values in lists."
        )
    return _compiled(node)


def of_kinds(where: Filter | None, kinds: Collection[str] | None) -> Filter | None:
    """A filter that holds for items of these kinds alone, whatever it asks otherwise.

    Args:
        where: what else is to hold; everything if None.
        kinds: values of `Kind`; all kinds if None, and none if there are none.

    Raises:
        FilterError: one is no kind.
    """
    if kinds is None:
        return where
    node = make_compare(Field(("kind",), is_column=True), "in", sorted({*map(str, kinds)}))
    return _compiled(node if where is None else All((where.node, node)))


def _compiled(node: Node) -> Filter:
    sql, parameters = compile_node(node)
    return Filter(node, sql, tuple(parameters))


def _reads(node: Node, field: Field) -> bool:
    if isinstance(node, Not):
        return _reads(node.node, field)
    if isinstance(node, Compare | Exists):
        return node.field == field
    if isinstance(node, Near):
        return False
    return any(_reads(part, field) for part in node.nodes)


def _size(node: Node) -> tuple[int, int]:
    if isinstance(node, Not):
        return _size(node.node)
    if isinstance(node, Compare):
        return 1, len(node.values)
    if isinstance(node, Exists | Near):
        return 1, 0
    sizes = [_size(part) for part in node.nodes]
    return sum(terms for terms, _ in sizes), sum(values for _, values in sizes)


def _read_mapping(where: Mapping[Any, Any], depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise FilterError(f"A filter has at most {MAX_DEPTH} mappings inside each other.")
    nodes: list[Node] = []
    for key, value in where.items():
        if key in ("$and", "$or", "$nor"):
            if not isinstance(value, Sequence) or isinstance(value, str) or not value:
                raise FilterError(f"{key} takes a list of filters, not {value!r:.100}.")
            parts = tuple(_read_mapping(_as_mapping(part, key), depth + 1) for part in value)
            group: Node = All(parts) if key == "$and" else AnyOf(parts)
            nodes.append(_maybe_not(parts[0] if len(parts) == 1 else group, key == "$nor"))
        elif key == "$not":
            nodes.append(Not(_read_mapping(_as_mapping(value, key), depth + 1)))
        elif key == "$near":
            nodes.append(_near(value))
        elif not isinstance(key, str) or key.startswith("$"):
            raise FilterError(
                f"A filter has no {key!r:.100}; there are $and, $or, $nor, $not and $near."
            )
        else:
            nodes.append(_test(make_field(key.split(".")), key, value, depth + 1))
    if not nodes:
        raise FilterError("A mapping inside a filter must not be empty.")
    return nodes[0] if len(nodes) == 1 else All(tuple(nodes))


def _near(value: Any) -> Near:
    if not isinstance(value, Mapping) or set(value) != {"latitude", "longitude", "km"}:
        raise FilterError(f"$near takes a latitude, a longitude and km, not {value!r:.100}.")
    return make_near(value["latitude"], value["longitude"], value["km"])


def _maybe_not(node: Node, negative: bool) -> Node:
    return Not(node) if negative else node


def _as_mapping(value: Any, key: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise FilterError(f"{key} takes filters, not {value!r:.100}.")
    return value


def _test(field: Field, name: str, test: Any, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise FilterError(f"A filter has at most {MAX_DEPTH} mappings inside each other.")
    if not isinstance(test, Mapping):
        return make_compare(field, "=", [_value(name, test)])
    nodes = [_operator(field, name, operator, value, depth) for operator, value in test.items()]
    if not nodes:
        raise FilterError(f"The test of {name} is empty.")
    return nodes[0] if len(nodes) == 1 else All(tuple(nodes))


def _operator(field: Field, name: str, operator: Any, value: Any, depth: int) -> Node:
    if operator in ("$in", "$nin"):
        if not isinstance(value, list | tuple | set | frozenset):
            raise FilterError(f"{operator} of {name} takes a list, not {value!r:.100}.")
        node = make_compare(field, "in", [_value(name, element) for element in value])
        return _maybe_not(node, operator == "$nin")
    if operator == "$ne":
        return Not(make_compare(field, "=", [_value(name, value)]))
    if operator == "$exists":
        if not isinstance(value, bool):
            raise FilterError(f"$exists of {name} takes true or false, not {value!r:.100}.")
        return _maybe_not(Exists(field), not value)
    if operator == "$not":
        return Not(_test(field, name, value, depth + 1))
    if operator not in _SIMPLE:
        tests = ", ".join([*_SIMPLE, "$ne", "$in", "$nin", "$exists", "$not"])
        raise FilterError(f"A filter has no test {operator!r:.100} of {name}; there are {tests}.")
    return make_compare(field, _SIMPLE[operator], [_value(name, value)])


def _value(name: str, value: Any) -> Value:
    if value is None or isinstance(value, str | int | float):
        return value
    raise FilterError(
        f"The filter compares {name} with {value!r:.100}; a value is a text, a number, true, false "
        "or null, and a list needs $in."
    )
