"""What names of models may be: a repository of the hub, or a path of the user's own."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["absolute_name", "is_part", "is_repository", "user_path"]

_PART = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)*")
_PATH_STARTS = ("/", "./", "../", "~")


def user_path(name: str) -> Path | None:
    """The absolute path that a name means if it begins with ``/``, ``./``, ``../`` or ``~``.

    None for any other name, which is not a path though there may be a file of that name.
    """
    return Path(name).expanduser().resolve() if _is_path(name) else None


def absolute_name(name: str) -> str:
    """An encoder's whole name, in which a path begins at the root: so it means the same anywhere.

    Args:
        name: such as ``text:./mine``, or ``st:~/models/mine@256``, which cuts vectors.
    """
    kind, _, rest = name.partition(":")
    parts = re.fullmatch(r"(.*?)(@\d+)?" if kind == "st" else r"(.*)()", rest, re.DOTALL)
    path = user_path(parts[1]) if parts is not None else None
    return name if parts is None or path is None else f"{kind}:{path}{parts[2] or ''}"


def is_repository(name: str) -> bool:
    """Whether a name has the form ``OWNER/NAME``, and is no path."""
    return not _is_path(name) and name.count("/") == 1 and all(name.split("/"))


def is_part(path: str) -> bool:
    """Whether a path within a model's folder is made of plain names, so that it stays there."""
    return _PART.fullmatch(path) is not None


def _is_path(name: str) -> bool:
    return name.startswith(_PATH_STARTS) or Path(name).is_absolute()
