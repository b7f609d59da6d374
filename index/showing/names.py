"""What people call their files, made safe to show and to store under."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath, PureWindowsPath

__all__ = ["file_name", "safe_name", "stored_suffix"]


def safe_name(name: str | None, fallback: str) -> str:
    """The last part of what a client calls a file, for people to read; never used as a path."""
    last = file_name(name or "")
    return "".join(c for c in last if c.isprintable()).strip()[:255] or fallback


def file_name(path: str) -> str:
    """The last part of a path, for people to read."""
    return PureWindowsPath(PurePosixPath(path).name).name


def stored_suffix(name: str, content_type: str | None) -> str:
    """What a stored file's name ends with: its own suffix, or its type's, if anysense reads it."""
    from anysense.embed.media.identify import MEDIA_SUFFIXES

    suffix = PurePosixPath(name).suffix.lower()
    if suffix in MEDIA_SUFFIXES:
        return suffix
    usual = mimetypes.guess_extension((content_type or "").partition(";")[0].strip().lower())
    return usual if usual is not None and usual in MEDIA_SUFFIXES else ""
