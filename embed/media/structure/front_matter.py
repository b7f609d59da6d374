"""What stands before a Markdown text about it: YAML between lines of ``---``, TOML of ``+++``.

It is metadata, not words of the text. Lines of that kind alone are no front matter, as they part
texts too: between them must stand names with values.
"""

from __future__ import annotations

import datetime
import json
import logging
import math
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.embed.json_faults import json_fault
from anysense.embed.limits import exceeds_depth

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FrontMatter", "part_front_matter"]

_log = logging.getLogger("anysense")

_MOST_CHARACTERS = 65_536
_MOST_TOML_CHARACTERS = 16_384  # the time for a key grows with the square of its parts
_DEEPEST = 20
_MOST_BYTES = 256 * 1024  # as JSON, in which `{a, b}` is longer
_ENDS = {"---": ("---", "..."), "+++": ("+++",)}


class FrontMatter(NamedTuple):
    """What a text says of itself, and where it begins after that."""

    metadata: Mapping[str, Any]
    start: int


def part_front_matter(text: str, name: str) -> FrontMatter:
    """The front matter of a text; without any, or with broken one, the text begins at 0.

    Dates and times become texts as ISO 8601 has them.

    Args:
        text: as it is written.
        name: what a warning calls it.
    """
    nothing = FrontMatter({}, 0)
    lines = text[:_MOST_CHARACTERS].lstrip("\ufeff").splitlines(keepends=True)
    opening = lines[0].rstrip() if lines else ""
    if opening not in _ENDS:
        return nothing
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() in _ENDS[opening]), 0)
    if end == 0:
        return nothing
    written = "".join(lines[1:end])
    try:
        values = _toml(written) if opening == "+++" else _yaml(written)
        if not isinstance(values, dict) or not values:
            return nothing
        if exceeds_depth(values, _DEEPEST):
            raise ValueError(f"it has over {_DEEPEST} lists and mappings inside each other")
        metadata = _plain(values)
        _check_kept(metadata)
    except (ValueError, RecursionError) as error:
        reason = " ".join(json_fault(error).split())[:200]
        _log.warning("%s: its front matter is broken, and kept as text: %s", name, reason)
        return nothing
    start = text.startswith("\ufeff") + sum(map(len, lines[: end + 1]))
    return FrontMatter(metadata, start)


def _yaml(written: str) -> Any:
    """What some YAML says, of plain values alone and without aliases, which may grow for ever."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise ValueError("it has aliases")
            return super().compose_node(parent, index)

    try:
        return yaml.load(written, Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ArithmeticError, AttributeError, LookupError, TypeError) as error:
        # Its constructors raise the others for what is not of the type that a tag names.
        raise ValueError(f"{type(error).__name__}: {error}") from None


def _toml(written: str) -> Any:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    if len(written) > _MOST_TOML_CHARACTERS:
        raise ValueError(f"it has over {_MOST_TOML_CHARACTERS:,} characters of TOML")
    return tomllib.loads(written)  # its error is a ValueError


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, set):  # whose order is by chance
        return sorted(map(_plain, value), key=str)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise ValueError(f"it has a value that is a {type(value).__name__}")


def _check_kept(metadata: dict[str, Any]) -> None:
    """Refuse what could not be kept: a whole number of countless digits, or too much altogether."""
    written = json.dumps(metadata, ensure_ascii=False, allow_nan=False)
    if len(written.encode("utf-8", "surrogatepass")) > _MOST_BYTES:
        raise ValueError(f"it has over {_MOST_BYTES:,} bytes as JSON")
