"""While objects are fetched, some of what was is kept; and no longer."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from anysense.index.objects.content import forget_fetched
from anysense.index.objects.shared import forget_shared

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["fetching"]


@contextmanager
def fetching() -> Iterator[None]:
    """Fetch objects inside, and keep nothing of them at the end, also where that comes early."""
    try:
        yield
    finally:
        forget_fetched()
        forget_shared()
