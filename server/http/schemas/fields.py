"""Which fields of items and hits an answer has, where a client wants few of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["ChosenFields", "Fields", "read_field_names"]

MAX_FIELDS = 64
METADATA = "metadata"


class ChosenFields(BaseModel):
    """Those fields of an item or a hit that `fields` names."""

    model_config = ConfigDict(extra="allow")


@dataclass(frozen=True)
class Fields:
    """The fields of an answer.

    Attributes:
        names: those that it has as they are.
        paths: of what it has of the metadata.
    """

    names: frozenset[str]
    paths: frozenset[tuple[str, ...]]

    def of(self, values: dict[str, Any]) -> dict[str, Any]:
        """An item or a hit with these fields alone; metadata that it does not have is left out."""
        chosen = {name: value for name, value in values.items() if name in self.names}
        if self.paths and METADATA not in chosen:
            chosen[METADATA] = {}
            for path in sorted(self.paths):
                _copy(values[METADATA], chosen[METADATA], path)
        return chosen


def _copy(source: Any, target: dict[str, Any], path: Sequence[str]) -> None:
    """Copy what stands at a path, if anything does, with the objects around it."""
    for name in path:
        if not isinstance(source, dict) or name not in source:
            return
        source = source[name]
    *folders, last = path
    for name in folders:
        target = target.setdefault(name, {})
    target[last] = source


def read_field_names(names: Iterable[str] | None, model: type[BaseModel]) -> Fields | None:
    """The fields that a client names; None if it names none and gets them all.

    Args:
        names: each may be several with commas between; `metadata.year` is one of the metadata.
        model: what has them.

    Raises:
        ValueError: there is no such field, or there are too many.
    """
    parts = [part.strip() for name in names or () for part in name.split(",") if part.strip()]
    if not parts:
        return None
    if len(parts) > MAX_FIELDS:
        raise ValueError(f"at most {MAX_FIELDS} fields are named")
    top, paths = set(), set()
    for part in parts:
        name, dot, rest = part.partition(".")
        if name not in model.model_fields or (dot and (name != METADATA or not rest)):
            choice = ", ".join(model.model_fields)
            raise ValueError(f"there is no field {part[:100]!r}; there are {choice}, metadata.x")
        if dot:
            paths.add(tuple(rest.split(".")))
        else:
            top.add(name)
    # Of two paths of which one leads further, the shorter one has it all.
    widest = {path for path in paths if not any(path[:n] in paths for n in range(1, len(path)))}
    return Fields(frozenset(top), frozenset(widest))
