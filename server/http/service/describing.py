"""What the metadata of an item become when more, or something else, is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.index.building.encoding import reading_marks
from anysense.server.http.errors import RequestError
from anysense.server.http.schemas.values import check_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["merge_patch", "patched", "renewed"]


def patched(former: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of an item after a merge patch.

    Raises:
        RequestError: they would be too long, or nested too deep.
    """
    return renewed(former, merge_patch(former, patch))


def renewed(
    former: Mapping[str, Any], metadata: Mapping[str, Any], remark: str = ""
) -> dict[str, Any]:
    """New metadata of an item, in which stays what the former ones say of how its file was read.

    Args:
        former: the metadata that the item has.
        metadata: those that it is to have.
        remark: what an error says before the reason.

    Raises:
        RequestError: they are too long, or nested too deep.
    """
    after = {**metadata, **reading_marks(former)}
    if after == former:  # whatever a build has given the item, which may be over the limits
        return after
    try:
        return check_metadata(after)
    except ValueError as error:
        message = f"metadata: {remark}{error}."
        raise RequestError(message, 422, "invalid_value", "metadata") from None


def merge_patch(target: Any, patch: Mapping[str, Any]) -> dict[str, Any]:
    """What a JSON merge patch makes of a value (RFC 7396): null removes, objects are merged."""
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            merged[name] = merge_patch(merged.get(name), value)
        else:
            merged[name] = value
    return merged
