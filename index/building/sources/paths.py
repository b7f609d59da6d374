"""Paths of files and of rows: whether they are there, and under which folder."""

from __future__ import annotations

import errno
import os
import re
import stat

from anysense.index.building.tables.row import ROW_SUFFIXES

__all__ = ["is_alive", "is_file", "is_under", "table_of"]

_ROW = re.compile(
    rf"(.*?(?:{'|'.join(map(re.escape, sorted(ROW_SUFFIXES)))}))#", re.IGNORECASE | re.DOTALL
)


def is_under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


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
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
