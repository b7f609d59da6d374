"""Whether somebody waits for the vector that is made: a query's, not an item's."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["IS_QUERY", "as_query"]

IS_QUERY: ContextVar[bool] = ContextVar("IS_QUERY", default=False)
"""True while a query is encoded, in its thread: encoders may then put speed before the last bit."""


@contextmanager
def as_query() -> Iterator[None]:
    """Encode what is encoded inside as a query."""
    token = IS_QUERY.set(True)
    try:
        yield
    finally:
        IS_QUERY.reset(token)
