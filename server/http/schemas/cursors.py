"""Cursors: where a listing or a search goes on, as one word that clients hand back unread."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from anysense.index.ranking.options import MAX_K

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["STATE", "ItemCursor", "Order", "SearchCursor", "filter_mark", "read_cursor"]

MAX_CURSOR = 256
STATE = "^[0-9a-f]{8}-[0-9]+-[0-9]+$"
"""What a page's `state` looks like: anything else was told by no page."""

Order = Literal["added", "-added"]
CursorT = TypeVar("CursorT", bound="Cursor")


class Cursor(BaseModel):
    """The base of cursors."""

    model_config = ConfigDict(extra="forbid", strict=True)

    def to_text(self) -> str:
        """The cursor as clients see it."""
        text = json.dumps(list(self.model_dump().values()), separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


class ItemCursor(Cursor):
    """Where a listing of items goes on: after an item, in an order, by a filter."""

    after: Annotated[int, Field(ge=0, lt=1 << 62)]
    order: Order = "added"
    mark: int = 0


class SearchCursor(Cursor):
    """Where a search goes on: the arguments of its next page, and which search it is of."""

    state: Annotated[str, Field(pattern=STATE, max_length=64)]
    offset: Annotated[int, Field(ge=0, lt=MAX_K)]
    k: Annotated[int, Field(ge=1, le=MAX_K)]
    mark: Annotated[int, Field(ge=0, lt=1 << 32)]


def read_cursor(text: str, model: type[CursorT]) -> CursorT:
    """The reverse of `Cursor.to_text`.

    Raises:
        ValueError: no page has told it.
    """
    try:
        if len(text) > MAX_CURSOR or not text.isascii():
            raise ValueError
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return model.model_validate(dict(zip(model.model_fields, values, strict=True)))
    except (ValueError, TypeError, binascii.Error, RecursionError, ValidationError):
        raise ValueError("this cursor was told by no page") from None


def filter_mark(where: str | dict[str, Any] | None, kinds: Sequence[str] | None = None) -> int:
    """A number that tells whether two pages are of the same filter, and of the same kinds."""
    mark = zlib.crc32(json.dumps(where, sort_keys=True).encode()) if where else 0
    return mark if kinds is None else zlib.crc32(json.dumps(sorted(kinds)).encode(), mark)
