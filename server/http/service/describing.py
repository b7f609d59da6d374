"""Changing what is said of an item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.index.building.encoding import reading_marks
from anysense.server.http.errors import RequestError
from anysense.server.http.schemas.values import check_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.server.http.service.writing import Writer

__all__ = ["describe", "merge_patch"]


def describe(writer: Writer, item_id: str, patch: Mapping[str, Any]) -> None:
    """Change the metadata of an item by a merge patch; it is safe when this returns.

    What the metadata says of how the item's file was read stays.

    Raises:
        ItemNotFoundError: there is no item of that id.
        RequestError: the metadata would be too long, or nested too deep.
        StorageError: the disk refused.
        CollectionLockedError: another process is writing.
    """

    def patched(former: dict[str, Any]) -> dict[str, Any]:
        metadata = merge_patch(former, patch)
        try:
            check_metadata(metadata)
        except ValueError as error:
            raise RequestError(f"metadata: {error}.", 422, "invalid_value", "metadata") from None
        return {**metadata, **reading_marks(former)}

    writer.describe(item_id, patched)


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
