"""Filters as SQL over the catalog's JSON metadata.

Every value and every path is a parameter: no text of a filter becomes text of the statement. A
list in metadata passes a test if one of its elements does. Values compare only with values of
their own kind: SQLite by itself holds any text to be greater than any number.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from anysense.embed.errors import FilterError
from anysense.index.filters.distance import DISTANCE, box_around
from anysense.index.filters.nodes import All, AnyOf, Compare, Exists, Field, Near, Node, Not

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["compile_node"]

Parameter: TypeAlias = "str | int | float"
Sql: TypeAlias = "tuple[str, list[Parameter]]"

_MOST_TO_FIND = 4
_IN_LIST = " IN (SELECT value FROM json_each(?))"


def compile_node(node: Node) -> Sql:
    """A condition on the row ``i`` of items, always 0 or 1, and its parameters."""
    if isinstance(node, Not):
        sql, parameters = compile_node(node.node)
        return f"NOT ({sql})", parameters
    if isinstance(node, All | AnyOf):
        parts = [compile_node(part) for part in node.nodes]
        word = " AND " if isinstance(node, All) else " OR "
        return word.join(f"({sql})" for sql, _ in parts), [p for _, ps in parts for p in ps]
    if isinstance(node, Exists):
        if node.field.is_column:
            return "1", []
        return "json_type(i.metadata, ?) IS NOT NULL", [_json_path(node.field)]
    if isinstance(node, Near):
        return _near(node)
    return _column(node) if node.field.is_column else _metadata(node)


def _near(node: Near) -> Sql:
    """First whether there is a place at all, then whether it is in a box, and then the distance."""
    box = box_around(node.latitude, node.longitude, node.km)
    latitude, longitude = (
        f"CASE WHEN json_type(i.metadata, '$.{key}') IN ('integer', 'real') "
        f"THEN json_extract(i.metadata, '$.{key}') END"
        for key in ("latitude", "longitude")
    )
    # AND is taken from the left; where a place is none of its parts is a number, and it is 0.
    either = "OR" if box.west > box.east else "AND"
    sql = f"""CASE WHEN instr(i.metadata, '"latitude"') = 0 THEN 0
        WHEN NOT ifnull(({latitude}) BETWEEN ? AND ?, 0) THEN 0
        WHEN NOT ifnull(({longitude}) >= ? {either} ({longitude}) <= ?, 0) THEN 0
        ELSE {DISTANCE}({latitude}, {longitude}, ?, ?) <= ? END"""
    return sql, [*box, node.latitude, node.longitude, node.km]


def _column(node: Compare) -> Sql:
    texts = [value for value in node.values if isinstance(value, str)]
    if not texts:
        return "0", []
    if node.field.keys != ("modality",):
        return _text_test(f"i.{node.field}", node.operator, texts)  # one of `COLUMNS`
    # An item passes if one of its segments does, as a list in metadata by one of its elements.
    test, parameters = _text_test("part.modality", node.operator, texts)
    part = "SELECT 1 FROM segments AS part WHERE part.item_pk = i.item_pk"
    return f"EXISTS ({part} AND {test})", parameters


def _metadata(node: Compare) -> Sql:
    """One test for each kind of value: numbers, texts, true, false and null."""
    numbers: list[int | float] = []
    texts: list[str] = []
    parts: list[Sql] = []
    path = _json_path(node.field)
    for value in node.values:
        if isinstance(value, str):
            texts.append(value)
        elif value is not None and not isinstance(value, bool):
            numbers.append(_number(value))
    # Each of these stands in the statement, whose depth SQLite limits: so each only once.
    if any(value is None for value in node.values):
        parts.append(("ifnull(json_type(i.metadata, ?), 'null') = 'null'", [path]))
    for constant, kind in ((True, "true"), (False, "false")):
        if any(value is constant for value in node.values):
            parts.append(_any_element(path, (kind,), ("1", []), ("1", [])))
    if texts:
        parts.append(
            _holding(
                node.operator, texts, _typed(path, ("text",), _text_test, node.operator, texts)
            )
        )
    if numbers:
        parts.append(_typed(path, ("integer", "real"), _number_test, node.operator, numbers))
    if not parts:
        return "0", []
    return " OR ".join(f"({sql})" for sql, _ in parts), [p for _, ps in parts for p in ps]


def _typed(path: str, kinds: Sequence[str], test: object, operator: str, values: object) -> Sql:
    assert callable(test)
    scalar, parameters = test("json_extract(i.metadata, ?)", operator, values)
    scalar_parameters = [path, *parameters]
    return _any_element(
        path, kinds, (scalar, scalar_parameters), test("element.value", operator, values)
    )


def _holding(operator: str, texts: Sequence[str], test: Sql) -> Sql:
    """The test, only for metadata whose text holds one of the values as JSON writes it.

    It has to pass them anyway; finding text is several times faster than reading JSON lists.
    """
    if operator not in ("=", "in", "^=") or len(texts) > _MOST_TO_FIND:
        return test
    contains = " OR ".join(["instr(i.metadata, ?)"] * len(texts))
    literals = [json.dumps(text, ensure_ascii=False) for text in texts]
    if operator == "^=":
        literals = [text[:-1] for text in literals]
    return f"({contains}) AND {test[0]}", [*literals, *test[1]]


def _any_element(path: str, kinds: Sequence[str], scalar: Sql, element: Sql) -> Sql:
    """The test of a value, or of the elements of a list."""
    names = ", ".join(f"'{kind}'" for kind in kinds)
    branches = " ".join(f"WHEN '{kind}' THEN {scalar[0]}" for kind in kinds)
    # Branches, names and tests are made of constants of this file.
    sql = f"""CASE json_type(i.metadata, ?) {branches} WHEN 'array' THEN EXISTS (
        SELECT 1 FROM json_each(i.metadata, ?) AS element
        WHERE element.type IN ({names}) AND {element[0]}) ELSE 0 END"""  # noqa: S608
    return sql, [path, *scalar[1] * len(kinds), path, *element[1]]


def _text_test(value: str, operator: str, texts: Sequence[str]) -> Sql:
    for text in texts:
        if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
            raise FilterError(f"The filter holds a character that no text has: {text!r:.100}.")
    if operator == "^=":
        # `value` may be a parameter itself, so it stands in the statement once.
        return f"substr({value}, 1, ?) = ?", [len(texts[0]), texts[0]]
    if operator == "in":
        return value + _IN_LIST, [json.dumps(list(texts))]
    return f"{value} {operator} ?", [texts[0]]


def _number_test(value: str, operator: str, numbers: Sequence[int | float]) -> Sql:
    if operator == "in":
        return value + _IN_LIST, [json.dumps(list(numbers))]
    return f"{value} {operator} ?", [numbers[0]]


def _number(value: int | float) -> int | float:
    """A number that SQLite can hold: 64 bits for whole ones."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return float(value)
    return value


def _json_path(field: Field) -> str:
    # Control characters of a key stand in the metadata as JSON writes them.
    return "$" + "".join(f".{json.dumps(key, ensure_ascii=False)}" for key in field.keys)
