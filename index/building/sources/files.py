"""The kinds of sources: a folder, a glob, a file, a manifest."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import re
import stat
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.embed.types import Modality
from anysense.index.building.rows import ROW_SUFFIXES, Row, read_rows
from anysense.index.building.sources.found import Found, NewItem
from anysense.index.catalog.records import ID_RULE, is_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.building.sources.scan import Scan

__all__ = [
    "ManifestSource",
    "Source",
    "hash_text",
    "is_alive",
    "is_file",
    "is_under",
    "manifest_of",
    "open_source",
    "row_metadata",
]


_ROW = re.compile(
    rf"(.*?(?:{'|'.join(map(re.escape, sorted(ROW_SUFFIXES)))}))#", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class Source(ABC):
    """One argument of a build: as it was given, and the real folder or file that it stays under."""

    name: str
    root: str

    @abstractmethod
    def find(self, scan: Scan) -> Iterator[Found]:
        """Everything that the source holds now."""

    @abstractmethod
    def covers(self, path: str) -> bool:
        """Whether `find` would have found this path if it were there."""


def open_source(source: str | Path, root: Path | None = None) -> Source:
    """The kind of source that an argument means; a path that exists is never taken as a glob.

    Raises:
        UsageError: it does not exist.
    """
    name = os.fspath(source)
    path = Path(name).expanduser()
    real = os.path.realpath(path)
    if path.is_dir():
        return FolderSource(name, real)
    if path.exists():
        if path.suffix.lower() in ROW_SUFFIXES:
            base = os.path.realpath(root) if root is not None else str(Path(real).parent)
            return ManifestSource(name, base, real)
        return FileSource(name, real)
    if glob.has_magic(name):
        return _open_glob(name, path)
    raise UsageError(f"{name}: no such file or folder.")


def _open_glob(name: str, path: Path) -> Source:
    parts = path.parts
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:fixed]) if fixed else Path()
    if not base.is_dir():
        raise UsageError(f"{name}: there is no folder {base}.")
    return GlobSource(name, os.path.realpath(base), _translate(parts[fixed:]))


def _translate(parts: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern of relative paths; a folder that matches stands for everything in it."""
    patterns = ["(?:[^/]+/)*" if part == "**" else _translate_name(part) + "/" for part in parts]
    patterns[-1] = ".*" if parts[-1] == "**" else _translate_name(parts[-1])
    try:
        return re.compile(f"{''.join(patterns)}(?:/.*)?", re.DOTALL)
    except re.error as error:
        raise UsageError(f"{'/'.join(parts)} is not a glob: {error}.") from None


def _translate_name(part: str) -> str:
    """One name of a glob as a regular expression: no wildcard of it matches a slash."""
    pattern, position = "", 0
    while position < len(part):
        char = part[position]
        end = part.find("]", position + 2)
        if char == "[" and end > 0:
            inner = re.sub(r"([\\\[&~|^])", r"\\\1", part[position + 1 : end])
            pattern += f"[^{inner[1:]}/]" if inner.startswith("!") else f"[{inner}]"
            position = end
        else:
            pattern += {"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char))
        position += 1
    return pattern


@dataclass(frozen=True)
class FolderSource(Source):
    def find(self, scan: Scan) -> Iterator[Found]:
        return walk(self.root, scan)

    def covers(self, path: str) -> bool:
        return is_under(path, self.root)


@dataclass(frozen=True)
class GlobSource(Source):
    pattern: re.Pattern[str]

    def find(self, scan: Scan) -> Iterator[Found]:
        return (found for found in walk(self.root, scan) if self.covers(found.path))

    def covers(self, path: str) -> bool:
        if not is_under(path, self.root):
            return False
        relative = os.path.relpath(path, self.root).replace(os.sep, "/")
        return self.pattern.fullmatch(relative) is not None


@dataclass(frozen=True)
class FileSource(Source):
    def find(self, scan: Scan) -> Iterator[Found]:
        return found_file(self.root, scan)

    def covers(self, path: str) -> bool:
        return path == self.root


@dataclass(frozen=True)
class ManifestSource(Source):
    """A file of rows. `root` is the folder that the rows' paths start at and stay under."""

    file: str

    def covers(self, path: str) -> bool:
        return is_under(path, self.root) or path.startswith(f"{self.file}:")

    def find(self, scan: Scan) -> Iterator[Found]:
        first: dict[tuple[str, str], int] = {}
        for row in read_rows(Path(self.file)):
            found = self._read_or_report(row, scan, first)
            if found is not None:
                yield found

    def _read_or_report(
        self, row: Row, scan: Scan, first: dict[tuple[str, str], int]
    ) -> Found | None:
        """Read a row; `first` holds the row in which each path and each id came first."""
        try:
            found = self._read(row)
            keys = [("item", found.path)]
            if found.item is not None and found.item.id is not None:
                keys.append(("id", found.item.id))
            for key in keys:
                if key in first:
                    raise _RowError(f"the same {key[0]} as in row {first[key]}")
        except _RowError as error:
            scan.report(f"{self.file}:{row.line}", str(error))
            return None
        first.update((key, row.line) for key in keys)
        return found

    def _read(self, row: Row) -> Found:
        if row.problem is not None:
            raise _RowError(row.problem)
        path = row.values.get("path", row.values.get("file_name"))
        text = row.values.get("text")
        if path is None and text is None:
            raise _RowError("the row has neither a path nor a text")
        if not isinstance(path if path is not None else text, str):
            raise _RowError("its path or text is not a string")
        key = row.values.get("id")
        item_id = str(key) if isinstance(key, (str, int)) and str(key) else None
        if item_id is not None and not is_id(item_id):
            raise _RowError(f"an id is {ID_RULE}")
        modality = _modality(row.values.get("modality"))
        metadata = row_metadata(row, leave_out={"text"} if path is None else set())
        if path is None:
            source = f"{self.file}#{item_id or hash_text(str(text))[:16]}"
            item = NewItem(str(text), item_id, source, modality or Modality.TEXT, metadata)
            # As a text has no time, its hash stands for it, so that a change of the text shows.
            return Found(source, len(str(text).encode()), int(hash_text(str(text))[:15], 16), item)
        absolute = self._resolve(str(path))
        item = NewItem(Path(absolute), item_id, absolute, modality, metadata)
        try:
            status = Path(absolute).stat()
        except (OSError, ValueError) as error:
            if isinstance(error, FileNotFoundError):
                raise _RowError(self._missing(str(path))) from None
            raise _RowError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
        if not stat.S_ISREG(status.st_mode):
            raise _RowError(f"{path}: not a file")
        return Found(absolute, status.st_size, status.st_mtime_ns, item)

    def _resolve(self, path: str) -> str:
        if "://" in path:
            raise _RowError(f"{path}: addresses are not fetched; give the path of a file")
        absolute = os.path.normpath(os.path.join(self.root, path))  # noqa: PTH118
        if "\0" in path or not is_under(os.path.realpath(absolute), self.root):
            if not os.path.exists(absolute):  # noqa: PTH110 - which takes any text
                raise _RowError(self._missing(path))
            raise _RowError(
                f"{path}: outside {self.root}; if that is meant, name a folder above both with "
                "--root, where all paths of the rows start then"
            )
        return absolute

    def _missing(self, path: str) -> str:
        if os.path.isabs(path):  # noqa: PTH117 - which takes any text
            return f"{path}: no such file"
        where = f"{self.root}, where its paths start; --root names another folder"
        return f"{path}: no such file in {where}"


class _RowError(Exception):
    """One row of a manifest cannot be used."""


def row_metadata(row: Row, leave_out: set[str]) -> dict[str, Any]:
    """The metadata of a row: its column `metadata`, if that is an object, and all other columns."""
    named = {"path", "file_name", "id", "modality"} | leave_out
    nested = row.values.get("metadata")
    if isinstance(nested, dict):
        named = named | {"metadata"}
    others = {k: v for k, v in row.values.items() if k not in named}
    return {**(nested if isinstance(nested, dict) else {}), **others}


def _modality(name: Any) -> Modality | None:
    if name is None:
        return None
    try:
        return Modality(name)
    except ValueError:
        names = ", ".join(m.value for m in Modality)
        raise _RowError(f"its modality is {name!r}, not one of {names}") from None


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


def is_under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def manifest_of(path: str) -> str | None:
    """The manifest of a path that stands for a text in one."""
    match = _ROW.match(path)
    return match[1] if match else None


def is_alive(path: str) -> bool:
    """Whether a file is there; of a text in a manifest, whether the manifest is."""
    return is_file(manifest_of(path) or path) or is_file(path)


def is_file(path: str) -> bool:
    """Whether a path is a regular file; also if it is there and cannot be looked at."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG


def hash_text(text: str) -> str:
    """The content hash of a text: that of a file which holds it as UTF-8."""
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()
