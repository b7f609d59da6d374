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
    "MAX_KM",
    "MAX_LENGTH",
    "MAX_TERMS",
    "All",
    "AnyOf",
    "Compare",
    "Exists",
    "Field",
    "Near",
    "Node",
    "Not",
    "Value",
    "make_compare",
    "make_field",
    "make_near",
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

MAX_KM = 20_100.0
"""Further apart no two places on the Earth are."""

COLUMNS = ("id", "source", "kind", "modality")
"""Fields of the item itself, ``modality`` of any of its segments; ``metadata.id`` is the
metadata's."""
_NAMES = {
    "kind": tuple(kind.value for kind in Kind),
    "modality": tuple(modality.value for modality in Modality),
}

Value: TypeAlias = "str | int | float | bool | None"


@dataclass(frozen=True)
class Field:
    """What a filter reads of an item.

    Attributes:
        keys: where it is in the item's metadata, each key inside the one before; or one of
            `COLUMNS`.
        is_column: whether it is a field of the item itself.
    """

    keys: tuple[str, ...]
    is_column: bool = False

    def __str__(self) -> str:
        return ".".join(self.keys)


@dataclass(frozen=True)
class Compare:
    """A field against one value, or for ``in`` against several. Operators are those of the text.

    Negative ones (``!=``, ``not in``) are a `Not` around the positive.
    """

    field: Field
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Exists:
    field: Field


@dataclass(frozen=True)
class Near:
    """The metadata's ``latitude`` and ``longitude`` are within a distance of a place."""

    latitude: float
    longitude: float
    km: float


@dataclass(frozen=True)
class Not:
    node: Node


@dataclass(frozen=True)
class All:
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class AnyOf:
    nodes: tuple[Node, ...]


Node: TypeAlias = "Compare | Exists | Near | Not | All | AnyOf"


def make_field(keys: Sequence[str]) -> Field:
    """The field of these keys; ``metadata`` may stand before those of metadata.

    Raises:
        FilterError: one of them can be no key.
    """
    if len(keys) == 1 and keys[0] in COLUMNS:
        return Field((keys[0],), is_column=True)
    field = Field(tuple(keys[1:] if len(keys) > 1 and keys[0] == "metadata" else keys))
    for key in field.keys:
        if not key or '"' in key or "\\" in key or key.startswith("$"):
            raise FilterError(
                f"The field {str(field)!r} cannot be used in a filter: keys must not be empty, "
                "start with $, or hold quotes or backslashes."
            )
        if any("\ud800" <= character <= "\udfff" for character in key):
            raise FilterError(f"The filter has a field with a character that no text has: {key!a}.")
    return field


def make_compare(field: Field, operator: str, values: Sequence[Value]) -> Node:
    """A comparison whose operator fits its values.

    Raises:
        FilterError: it does not.
    """
    for value in values:
        if isinstance(value, int) and abs(value) >= _TOO_LARGE:
            raise FilterError(f"The filter compares {field} with a number that is too large.")
        if (isinstance(value, float) and value != value) or value in (float("inf"), -float("inf")):
            raise FilterError(f"The filter compares {field} with {value}, which no value equals.")
        if operator in ("=", "in") or (isinstance(value, str) and operator != "in"):
            continue
        if isinstance(value, bool) or value is None or operator == "^=":
            kind = "text" if operator == "^=" else "numbers or text"
            raise FilterError(
                f"The filter compares {field} by {operator} with {value!r}, and {operator} is for "
                f"{kind}."
            )
    names = _NAMES.get(field.keys[0]) if field.is_column else None
    if names is not None:
        for value in values:
            if operator in ("=", "in") and value not in names:
                raise FilterError(
                    f"A {field} is one of {', '.join(names)}, not {value!r}; metadata of that name "
                    f"is metadata.{field}."
                )
    return Compare(field, operator, tuple(values))


def make_near(latitude: Value, longitude: Value, km: Value) -> Near:
    """A place and how far from it.

    Raises:
        FilterError: there is no such place, or no such distance.
    """
    for name, value, least, most in (
        ("latitude", latitude, -90.0, 90.0),
        ("longitude", longitude, -180.0, 180.0),
        ("distance in km", km, 0.0, MAX_KM),
    ):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not least <= value <= most:  # type: ignore[operator]
            raise FilterError(
                f"The {name} of near is a number from {least:g} to {most:g}, not {value!r:.100}."
            )
    return Near(float(latitude), float(longitude), float(km))  # type: ignore[arg-type]
