"""Whether what reads the words of pictures is installed: it is an extra."""

from __future__ import annotations

from importlib.util import find_spec

from anysense.embed.errors import UsageError

__all__ = ["EXTRA", "check_ocr"]

EXTRA = "pip install 'anysense[ocr]'"
"""What installs it."""


def check_ocr() -> None:
    """See that it is there, before a build begins.

    Raises:
        UsageError: it is not.
    """
    if any(find_spec(name) is None for name in ("rapidocr", "onnxruntime")):
        raise UsageError(f"To read the words of pictures a package is missing: {EXTRA}.")
