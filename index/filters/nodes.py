"""The parts of a filter: what the two ways to write one are read into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from anysense.embed.errors import FilterError
from anysense.embed.types import Kind, Modality

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "COLUMNS",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_TERMS",
    "All",
    "AnyOf",
    "Compare",
    "Exists",
    "Node",
    "Not",
    "Path",
    "Value",
    "field_path",
    "make_compare",
]

MAX_LENGTH = 100_000
"""Characters of a filter's text, and values in all of its lists."""
MAX_DEPTH = 10
"""Parentheses, negations or mappings inside each other. Some builds of SQLite have a parser stack
of 100 symbols, which overflows at 13 levels of the worst kind."""
MAX_TERMS = 250
"""Comparisons in a filter."""
_TOO_LARGE = 10**308
"""Whole numbers from here on may be more than a float holds."""

COLUMNS = ("id", "source", "kind", "modality")
"""Fields of the item itself, ``modality`` of any of its segments; ``metadata.id`` is the
metadata's."""
_NAMES = {
    "$kind": tuple(kind.value for kind in Kind),
    "$modality": tuple(modality.value for modality in Modality),
}

Path: TypeAlias = "tuple[str, ...]"
Value: TypeAlias = "str | int | float | bool | None"


@dataclass(frozen=True)
class Compare:
    """A field against one value, or for ``in`` against several. Operators are those of the text.

    Negative ones (``!=``, ``not in``) are a `Not` around the positive.
    """

    path: Path
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Exists:
    path: Path


@dataclass(frozen=True)
class Not:
    node: Node


@dataclass(frozen=True)
class All:
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class AnyOf:
    nodes: tuple[Node, ...]


Node: TypeAlias = "Compare | Exists | Not | All | AnyOf"


def field_path(parts: Sequence[str]) -> Path:
    """Check the keys of a field, and leave out the ``metadata`` that may stand before them."""
    path = tuple(parts)
    if len(path) > 1 and path[0] == "metadata":
        path = path[1:]
    elif len(path) == 1 and path[0] in COLUMNS:
        return (f"${path[0]}",)  # no key of metadata is ever read as this: see `key` below
    for key in path:
        if not key or '"' in key or "\\" in key or key.startswith("$"):
            raise FilterError(
                f"The field {'.'.join(path)!r} cannot be used in a filter: keys must not be empty, "
                "start with $, or hold quotes or backslashes."
            )
        if any("\ud800" <= character <= "\udfff" for character in key):
            raise FilterError(f"The filter has a field with a character that no text has: {key!a}.")
    return path


def make_compare(path: Path, operator: str, values: Sequence[Value]) -> Node:
    """A comparison whose operator fits its values.

    Raises:
        FilterError: it does not.
    """
    name = ".".join(path).removeprefix("$")
    for value in values:
        if isinstance(value, int) and abs(value) >= _TOO_LARGE:
            raise FilterError(f"The filter compares {name} with a number that is too large.")
        if (isinstance(value, float) and value != value) or value in (float("inf"), -float("inf")):
            raise FilterError(f"The filter compares {name} with {value}, which no value equals.")
        if operator in ("=", "in") or (isinstance(value, str) and operator != "in"):
            continue
        if isinstance(value, bool) or value is None or operator == "^=":
            kind = "text" if operator == "^=" else "numbers or text"
            raise FilterError(
                f"The filter compares {name} by {operator} with {value!r}, and {operator} is for "
                f"{kind}."
            )
    if path[0] in _NAMES:
        names = _NAMES[path[0]]
        for value in values:
            if operator in ("=", "in") and value not in names:
                listed = ", ".join(names)
                raise FilterError(
                    f"A {path[0].removeprefix('$')} is one of {listed}, not {value!r}."
                )
    return Compare(path, operator, tuple(values))
