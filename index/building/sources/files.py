"""The kinds of sources: a folder, a glob, a file, a manifest."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.index.building.sources.base import Source
from anysense.index.building.sources.found import Found
from anysense.index.building.sources.paths import is_under

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.building.sources.scan import Scan

__all__ = []


@dataclass(frozen=True)
class FolderSource(Source):
    def find(self, scan: Scan) -> Iterator[Found]:
        return walk(self.root, scan)

    def covers(self, path: str) -> bool:
        return is_under(path, self.root)


@dataclass(frozen=True)
class FileSource(Source):
    def find(self, scan: Scan) -> Iterator[Found]:
        return found_file(self.root, scan)

    def covers(self, path: str) -> bool:
        return path == self.root


def walk(root: str, scan: Scan) -> Iterator[Found]:
    """The media files of a folder and of its folders, by the rules that `scan` tells."""
    from anysense.embed.media.identify import MEDIA_SUFFIXES

    suffixes = tuple(MEDIA_SUFFIXES)
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                children = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            scan.report_unlisted(folder, error)
            continue
        inner = []
        for entry in children:
            if entry.name.startswith(".") or entry.path == scan.exclude:
                continue
            if entry.is_dir(follow_symlinks=False):
                inner.append(entry.path)
            elif entry.name.lower().endswith(suffixes):
                yield from found_file(entry.path, scan, entry)
        folders += reversed(inner)


def found_file(path: str, scan: Scan, entry: os.DirEntry[str] | None = None) -> Iterator[Found]:
    """A file as found, or nothing: it has just gone, is no regular file, or its link is refused."""
    if entry is not None and entry.is_symlink() and not scan.is_linkable(os.path.realpath(path)):
        scan.outside_links += 1
        return
    try:
        status = entry.stat() if entry is not None else Path(path).stat()
    except FileNotFoundError:
        return
    except OSError as error:
        scan.report(path, error.strerror or str(error))
        return
    if not stat.S_ISREG(status.st_mode):
        return
    try:
        path.encode()
    except UnicodeEncodeError:
        readable = os.fsencode(path).decode(errors="replace")
        scan.report(readable, "its name is not valid UTF-8: rename it")
        return
    yield Found(path, status.st_size, status.st_mtime_ns)
