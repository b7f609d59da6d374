"""Paths that a catalog knows: of what kind, whether they are there, and whether in UTF-8.

A path is that of a file, or of something that is no file of its own:

* a row of a table: ``/photos/list.csv#id``; of a data set, by its number from 0:
  ``/data/train-00000-of-00001.parquet#17``;
* a member of a tar: ``/data/00000.tar!/0001.jpg``, after the ``!/`` its name as the tar has it;
* an object in a store: its URL, ``s3://bucket/key``, without credentials, query or fragment; a
  member of a tar that is one: ``s3://bucket/00000.tar!/0001.jpg``.

`parse_path` alone tells these apart. It looks at the words of a path; a file may have any name, so
whoever meets a row or a member asks first whether there is a file of that whole name. Objects whose
keys look like members are left out.

A catalog knows files by names in UTF-8, whatever Python takes names for: without a locale, and with
its UTF-8 mode switched off, that is ASCII, and then each name with another letter is another name.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
import stat
import sys
from enum import Enum
from typing import NamedTuple

from anysense.embed.errors import UsageError
from anysense.index.building.tables.row import ROW_SUFFIXES

__all__ = [
    "CatalogPath",
    "PathKind",
    "check_name",
    "holder_of",
    "is_alive",
    "is_file",
    "is_under",
    "link_target",
    "member_path",
    "parse_path",
    "table_of",
]

_ROW = rf"(?:{'|'.join(map(re.escape, sorted({*ROW_SUFFIXES, '.arrow'})))})#"
_MEMBER = r"\.tar!/"
_INNER = re.compile(rf"{_ROW}|{_MEMBER}", re.IGNORECASE)
_STORED_INNER = re.compile(_MEMBER, re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_MEMBER_SIGN = "!/"


class PathKind(Enum):
    """What a path of a catalog stands for."""

    FILE = "file"
    ROW = "row"
    MEMBER = "member"
    OBJECT = "object"


class CatalogPath(NamedTuple):
    """A path of a catalog, taken apart.

    Attributes:
        kind: what it stands for.
        holder: what holds it: the table, the tar; of a file and of an object itself.
        name: what it is called in there: the row's id, the member's name; else empty.
    """

    kind: PathKind
    holder: str
    name: str = ""


def parse_path(path: str) -> CatalogPath:
    """Take a path of a catalog apart, by its words alone."""
    is_stored = _URL.match(path) is not None
    match = (_STORED_INNER if is_stored else _INNER).search(path)
    if match is None:
        return CatalogPath(PathKind.OBJECT if is_stored else PathKind.FILE, path)
    if match[0].endswith(_MEMBER_SIGN):
        end = match.end() - len(_MEMBER_SIGN)
        return CatalogPath(PathKind.MEMBER, path[:end], path[match.end() :])
    return CatalogPath(PathKind.ROW, path[: match.end() - 1], path[match.end() :])


def member_path(tar: str, name: str) -> str:
    """The path of a member of a tar."""
    return f"{tar}{_MEMBER_SIGN}{name}"


def holder_of(path: str) -> str | None:
    """The file or the object that a path is inside of; None of a file and an object themselves."""
    parsed = parse_path(path)
    return parsed.holder if parsed.kind in (PathKind.ROW, PathKind.MEMBER) else None


def is_under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def link_target(path: str) -> str | None:
    """The real path of what a link leads to; None if nobody tells, as of other users' processes."""
    try:
        return os.path.realpath(path)
    except OSError:
        return None


def table_of(path: str) -> str | None:
    """The table of a path that stands for a row of one."""
    parsed = parse_path(path)
    return parsed.holder if parsed.kind is PathKind.ROW else None


def is_alive(path: str) -> bool:
    """Whether a file is there; of what is inside of a file, whether that is.

    Of an object in a store nobody knows without asking there, so it counts as alive: what a store
    lacks, its own source says.
    """
    if _URL.match(path):
        return True
    parsed = parse_path(path)
    return is_file(parsed.holder) or (parsed.holder != path and is_file(path))


def is_file(path: str) -> bool:
    """Whether a path is a regular file; also if it is there and cannot be looked at."""
    try:
        name = path if _is_same_in_utf8(path) else path.encode("utf-8", "surrogateescape")
        return stat.S_ISREG(os.lstat(name).st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG


def check_name(path: str) -> None:
    """Refuse a name, of a file or in an argument, that is another one in UTF-8.

    Raises:
        UsageError: so it is.
    """
    if _is_same_in_utf8(path):
        return
    readable = path.encode("utf-8", "surrogateescape").decode(errors="replace")
    raise UsageError(
        f"{readable} cannot be told from other names here, as Python takes names for "
        f"{sys.getfilesystemencoding()} and not for UTF-8: set PYTHONUTF8=1 in the environment."
    )


def _is_same_in_utf8(path: str) -> bool:
    return path.isascii() or codecs.lookup(sys.getfilesystemencoding()).name == "utf-8"
