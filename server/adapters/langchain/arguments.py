"""What a vector store is given, checked before anything is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["paired", "refuse_unknown"]


def refuse_unknown(options: Mapping[str, Any]) -> None:
    """Refuse options, as those of other vector stores, that would be ignored.

    Raises:
        UsageError: there are some.
    """
    if options:
        raise UsageError(f"There is no option {', '.join(options)} of a collection.")


def paired(
    count: int,
    metadatas: Sequence[dict[str, Any]] | None,
    ids: Sequence[str | None] | None,
) -> Iterator[tuple[dict[str, Any], str | None]]:
    """The metadata and the id of each item.

    Raises:
        UsageError: there are more or fewer than items.
    """
    for name, given in (("metadatas", metadatas), ("ids", ids)):
        if given is not None and len(given) != count:
            raise UsageError(f"There are {len(given)} {name} for {count} items.")
    return zip(metadatas or [{}] * count, ids or [None] * count, strict=True)
