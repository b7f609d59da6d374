"""The storage services that this process speaks to, each opened when it is needed."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anysense.index.objects.storage import Storage

__all__ = ["forget_storages", "storage_of"]


def storage_of(protocol: str) -> Storage:
    """The service of a protocol, as the environment describes it.

    Raises:
        UsageError: what it needs is not installed.
    """
    return _opened(protocol, os.getpid())  # a forked process has no thread that talks to services


def forget_storages() -> None:
    """Open each service anew when it is needed, as where credentials have changed."""
    _opened.cache_clear()


@lru_cache(maxsize=8)
def _opened(protocol: str, process: int) -> Storage:
    if protocol == "https":
        from anysense.index.objects.web import WebStorage

        return WebStorage()
    from anysense.index.objects.filesystem import open_filesystem

    return open_filesystem(protocol)
