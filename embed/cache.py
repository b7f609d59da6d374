"""The user's cache: what was made once at some cost, and can be made anew.

A cache that cannot be written only costs time, so nothing here fails for want of one.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["user_cache", "write_aside"]


def user_cache(*parts: str) -> Path:
    """A place in anysense's cache; nothing is created.

    The cache is the folder that the environment variable ``ANYSENSE_CACHE`` names. Without it, it
    is the folder ``anysense`` in that of ``XDG_CACHE_HOME``, or where the system keeps caches. A
    user without a home, as in some containers, has a place that cannot be written.
    """
    folder = os.environ.get("ANYSENSE_CACHE")
    return Path(folder or _system_caches() / "anysense").joinpath(*parts)


def write_aside(path: Path, write: Callable[[BinaryIO], object]) -> bool:
    """Write a file of the cache beside its place and rename it: no reader sees half of it.

    Args:
        path: its place; missing folders are created.
        write: writes its content.

    Returns:
        Whether it could be written.
    """
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("xb") as file:
                write(file)
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
    except OSError:
        return False
    return True


def _system_caches() -> Path:
    try:
        home = Path.home()
    except RuntimeError:
        home = Path(os.devnull)
    if folder := os.environ.get("XDG_CACHE_HOME"):
        return Path(folder)
    if sys.platform == "darwin":
        return home / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    return home / ".cache"
