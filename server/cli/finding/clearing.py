"""Removing collections of folders from the user's cache."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from anysense.embed.errors import CollectionLockedError, StorageError
from anysense.index.folder.lock import WriterLock
from anysense.server.client.running import service_of

if TYPE_CHECKING:
    from anysense.server.cli.finding.cached import CachedCollection

__all__ = ["remove_cached"]


def remove_cached(cached: CachedCollection, *, even_if_served: bool) -> None:
    """Remove a collection, its note and its place.

    Args:
        cached: which one.
        even_if_served: also if a service has it, which then cannot answer any more.

    Raises:
        CollectionLockedError: a process writes to it, or a service has it and that matters.
        StorageError: the disk refused.
    """
    import filelock

    found = service_of(cached.path)
    if found is not None and not even_if_served:
        raise CollectionLockedError(
            f"The index of {cached.folder} is served at {found[0].url}: stop that first, or add "
            "--yes."
        )
    lock = cached.update_lock()
    try:
        with lock.acquire(timeout=0):
            if cached.is_there:
                writer = WriterLock(cached.path)
                writer.acquire()
                writer.release()
                shutil.rmtree(cached.path)
    except filelock.Timeout:
        raise CollectionLockedError(
            f"The index of {cached.folder} is being brought up to date by another process: wait "
            "until that is done, or stop it."
        ) from None
    except (OSError, NotImplementedError) as error:
        raise StorageError(f"{cached.home} cannot be removed: {error}.") from error
    shutil.rmtree(cached.home, ignore_errors=True)
