"""Paths as people and programs write them into tables."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit
from urllib.request import url2pathname

__all__ = ["is_address", "path_readings"]

_ADDRESS = re.compile(r"\s*[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_LOCAL_HOSTS = ("", "localhost")


def is_address(written: str) -> bool:
    """Whether this is the address of something elsewhere; that of a file here is none."""
    return bool(_ADDRESS.match(written)) and _path_of_uri(written.strip()) is None


def path_readings(written: str) -> list[str]:
    """What a path may mean, the likeliest first: the one that there is a file at is meant.

    As it stands; without spaces around it; the path of a ``file://`` address; and on systems other
    than Windows with its backslashes as slashes.
    """
    bare = written.strip()
    readings = [written, bare]
    path = _path_of_uri(bare)
    if path is not None:
        readings.append(path)
    if os.sep == "/":
        readings += [reading.replace("\\", "/") for reading in readings[1:]]
    return list(dict.fromkeys(filter(None, readings)))


def _path_of_uri(text: str) -> str | None:
    """The path of the address of a file on this machine; None if it is no such address."""
    if not text.lower().startswith("file:"):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:  # brackets that are not those of an IPv6 address
        return None
    is_here = parts.netloc.lower() in _LOCAL_HOSTS and parts.path.startswith("/")
    return url2pathname(parts.path) if is_here else None
