"""Telling that nothing in a folder has changed, without a look at its collection."""

from __future__ import annotations

import hashlib
import os
import time
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.index.building.sources.litter import has_litter_mark, is_litter_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["fingerprint"]

IGNORE_FILES = (".gitignore", ".ignore")
EXTRAS = ("openpyxl", "pptx", "pypandoc")
"""Packages that let more kinds of files be read."""
UNSURE_SECONDS = 2.0
"""What was changed so shortly before may change again without a trace: disks have coarse clocks."""


def fingerprint(folder: str) -> str | None:
    """A text that changes with any file in a folder, or with what anysense reads of it.

    It is made of the names, sizes and times of all files that are not hidden, also of those that a
    build would not read; so it may change where a build finds nothing to do, never the other way.

    Args:
        folder: its real path.

    Returns:
        None if it cannot be told, or something has changed a moment ago.
    """
    digest = hashlib.blake2b(_reader().encode(), digest_size=16)
    newest = 0
    try:
        for line, changed_ns in _lines(folder):
            digest.update(line.encode("utf-8", "surrogateescape"))
            newest = max(newest, changed_ns)
    except OSError:  # a build says what is wrong
        return None
    is_settled = newest < time.time_ns() - UNSURE_SECONDS * 1e9
    return digest.hexdigest() if is_settled else None


def _reader() -> str:
    """What reads the files: its version, and which extras it has."""
    try:
        release = version("anysense")
    except PackageNotFoundError:
        release = ""
    return f"{release} {' '.join(name for name in EXTRAS if find_spec(name) is not None)}"


def _lines(folder: str) -> Iterator[tuple[str, int]]:
    """A line for each file and folder, and when it was changed: nanoseconds since 1970."""
    for parent in Path(folder).parents:  # whose ignore files may hold here
        for name in IGNORE_FILES:
            if (file := parent / name).is_file():
                yield _line(str(file), file.stat())
    folders = [folder]
    while folders:
        path = folders.pop()
        yield f"{path}\n", 0
        with os.scandir(path) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        if path != folder and has_litter_mark(path, {entry.name for entry in found}):
            continue
        for entry in found:
            if entry.name.startswith(".") and entry.name not in IGNORE_FILES:
                continue
            if entry.is_dir(follow_symlinks=False):
                if not is_litter_folder(entry.path):
                    folders.append(entry.path)
                continue
            yield _line(entry.name, _state(entry))


def _state(entry: os.DirEntry[str]) -> os.stat_result:
    """The state of a file, or of a link that leads nowhere."""
    try:
        return entry.stat()
    except FileNotFoundError:
        return entry.stat(follow_symlinks=False)


def _line(name: str, state: os.stat_result) -> tuple[str, int]:
    # No program can set the time of the last change of a file's state; Windows does not have it.
    changed_ns = state.st_mtime_ns if os.name == "nt" else state.st_ctime_ns
    return f"{name}\0{state.st_size}\0{state.st_mtime_ns}\0{changed_ns}\n", changed_ns
