"""What is made of a file at some cost, kept in the user's cache, which stays small."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from anysense.embed.cache import user_cache, write_aside

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["kept"]

_MOST_BYTES = 256 * 1024**2
"""Of all that is kept of one sort; what is oldest goes first."""
_LOOK_EVERY = 64
"""Of so many that are made, at one what is kept is counted again."""


def kept(folder: str, name: str, make: Callable[[], bytes]) -> bytes:
    """What was made once under this name, or is made now.

    Args:
        folder: the sort of it, a folder in the cache.
        name: of the file; other content has another name.
        make: makes it.
    """
    path = user_cache(folder, name)
    with suppress(OSError):
        return path.read_bytes()
    content = make()
    if write_aside(path, lambda file: file.write(content)) and secrets.randbelow(_LOOK_EVERY) == 0:
        _forget_oldest(path.parent)
    return content


def _forget_oldest(folder: Path) -> None:
    with suppress(OSError):
        kept = sorted(
            ((status.st_mtime, status.st_size, path) for path, status in _statuses(folder)),
            reverse=True,
        )
        total = 0
        for _, size, path in kept:
            total += size
            if total > _MOST_BYTES:
                path.unlink(missing_ok=True)


def _statuses(folder: Path) -> list[tuple[Path, os.stat_result]]:
    return [(path, path.stat()) for path in folder.iterdir()]
