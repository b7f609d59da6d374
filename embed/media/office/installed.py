"""Whether what reads documents of office programs is installed: it is an extra."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

from anysense.embed.media.identify import DOCUMENT_SUFFIXES, MEDIA_SUFFIXES

__all__ = ["EXTRA", "has_extra", "readable_suffixes"]

EXTRA = "pip install 'anysense[documents]'"
"""What installs it."""


@cache
def has_extra() -> bool:
    """Whether it is installed in this environment."""
    return all(find_spec(name) is not None for name in ("openpyxl", "pptx", "pypandoc"))


def readable_suffixes() -> tuple[str, ...]:
    """The suffixes of the files that are read here."""
    if has_extra():
        return tuple(MEDIA_SUFFIXES)
    return tuple(suffix for suffix in MEDIA_SUFFIXES if suffix not in DOCUMENT_SUFFIXES)
