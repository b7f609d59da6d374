"""What each collection of a service is kept up to date with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["sources_by_name"]


def sources_by_name(written: Sequence[str], names: Sequence[str]) -> dict[str, list[str]]:
    """What each collection is to be kept up to date with.

    Args:
        written: each a source, for the first collection, or NAME=SOURCE.
        names: of the collections.

    Raises:
        UsageError: one names no collection, or no source.
    """
    found: dict[str, list[str]] = {}
    for argument in written:
        name, sign, source = argument.partition("=")
        if not sign or any(mark in name for mark in "/\\."):
            name, source = names[0], argument
        if name not in names:
            known = ", ".join(names)
            raise UsageError(f"watch: there is no collection {name!r} here; there are: {known}.")
        if not source:
            raise UsageError(f"watch: {argument!r} names no folder.")
        found.setdefault(name, []).append(source)
    return found
