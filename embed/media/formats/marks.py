"""Byte order marks, with which a text in Unicode may say how it is written."""

from __future__ import annotations

import codecs

__all__ = ["byte_order_mark"]

_MARKS = (  # UTF-32's little-endian mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def byte_order_mark(data: bytes) -> tuple[bytes, str] | None:
    """The mark that a text begins with, and the encoding that follows it; None if there is none."""
    return next((entry for entry in _MARKS if data.startswith(entry[0])), None)
