"""Paths of files and of rows: whether they are there, under which folder, and whether in UTF-8.

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

from anysense.embed.errors import UsageError
from anysense.index.building.tables.row import ROW_SUFFIXES

__all__ = ["check_name", "is_alive", "is_file", "is_under", "link_target", "table_of"]

_ROW = re.compile(
    rf"(.*?(?:{'|'.join(map(re.escape, sorted(ROW_SUFFIXES)))}))#", re.IGNORECASE | re.DOTALL
)


def is_under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def link_target(path: str) -> str | None:
    """The real path of what a link leads to; None if nobody tells, as of other users' processes."""
    try:
        return os.path.realpath(path)
    except OSError:
        return None


def table_of(path: str) -> str | None:
    """The table of a path that stands for a text in one."""
    match = _ROW.match(path)
    return match[1] if match else None


def is_alive(path: str) -> bool:
    """Whether a file is there; of a text in a table, whether the table is."""
    return is_file(table_of(path) or path) or is_file(path)


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
