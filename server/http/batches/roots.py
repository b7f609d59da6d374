"""Files of the service's own machine that clients may add by path: those inside of given folders.

A path is resolved, must then lie inside one of the folders, and is opened from there one name after
the other without following a link: what was checked is what is read, whoever exchanges files
meanwhile. What is not inside is refused with one sentence, whether it exists or not.
"""

from __future__ import annotations

import contextlib
import glob
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import AnysenseError, StorageError
from anysense.embed.limits import DEFAULT_LIMITS
from anysense.embed.media.digest import copy_digested
from anysense.embed.media.files import most_bytes
from anysense.embed.media.identify import MEDIA_SUFFIXES
from anysense.index.building.sources.entries import FileEntry, LazyEntry
from anysense.index.building.sources.paths import holder_of, is_under
from anysense.index.building.sources.scan import FileScan
from anysense.index.catalog.records import FileRecord
from anysense.server.http.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["RootedFile", "Roots"]

HAS_DESCENT = {os.open} <= os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
SHUT = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True)
class RootedFile:
    """A file that is open, and was found inside one of the folders.

    Attributes:
        path: where it really is.
        file: its content.
        status: what the system says of what is open.
    """

    path: str
    file: BinaryIO
    status: os.stat_result

    def copy_to(self, stem: Path) -> tuple[Path, FileRecord]:
        """Copy it, and give the copy's path with what the catalog notes of the file.

        Args:
            stem: where to; the suffix of the file is put behind it, which says what texts are.

        Raises:
            StorageError: there is no room for the copy.
        """
        target = stem.with_name(stem.name + Path(self.path).suffix)
        try:
            with target.open("xb") as copy:
                digest = copy_digested(self.file, copy)
        except OSError as error:
            reason = error.strerror or error
            raise StorageError(f"A file cannot be copied to be read: {reason}.") from error
        return target, FileRecord(self.path, self.status.st_size, self.status.st_mtime_ns, digest)


class Roots:
    """The folders that files may be added from.

    Args:
        folders: their paths; none allows no file.
        exclude: a folder from which none may be added although it may be inside: the collection's.
    """

    def __init__(self, folders: Sequence[str] = (), exclude: Path | None = None) -> None:
        self._roots = [(str(Path(f).absolute()), os.path.realpath(f)) for f in folders]
        self._exclude = os.path.realpath(exclude) if exclude is not None else None

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[RootedFile]:
        """Open a file for as long as the block lasts.

        Args:
            path: as a client wrote it: relative to one of the folders, or absolute and inside.

        Raises:
            RequestError: it is not inside of any, is not there, or is no file that is read.
        """
        real, root = self._resolve(path)
        descriptor = _descend(root, real, path)
        try:
            status = os.fstat(descriptor)
            _check_file(status, real, path)
        except BaseException:
            os.close(descriptor)
            raise
        with os.fdopen(descriptor, "rb") as file:
            yield RootedFile(real, file, status)

    def expand(self, path: str) -> list[str]:
        """The files of a folder or a glob, by their real paths; of a single file, the path itself.

        Folders are listed as a build lists them: hidden files, links out of them, and what ignore
        files name are left out.

        Raises:
            RequestError: it is not inside of any of the folders, or there is no such thing.
        """
        try:
            real, _ = self._resolve(path)
        except RequestError:
            real = self._resolve_glob(path)
        if Path(real).is_file():
            return [path]
        if not Path(real).is_dir():
            real = self._resolve_glob(path)
        exclude = Path(self._exclude) if self._exclude is not None else None
        try:
            scan = FileScan([real], collection=exclude, with_sidecars=False).run()
        except AnysenseError:  # its message has the real path
            raise _missing(path) from None
        # What cannot be listed is told when it is tried.
        problems = [problem.path for problem in scan.problems]
        files = [e.path for e in scan.entries if isinstance(e, FileEntry)]
        tars = dict.fromkeys(holder_of(e.path) for e in scan.entries if isinstance(e, LazyEntry))
        return files + [tar for tar in tars if tar] + problems  # tars are refused, and told

    def _resolve_glob(self, path: str) -> str:
        """A glob whose folders before its first wildcard are real; it looks at nothing else."""
        parts = Path(path).parts
        plain = next((n for n, part in enumerate(parts) if glob.has_magic(part)), len(parts))
        if plain == len(parts):
            raise _missing(path)
        self._check_words(path)
        base, _ = self._resolve(str(Path(*parts[:plain])))
        return str(Path(glob.escape(base) if glob.has_magic(base) else base, *parts[plain:]))

    def _resolve(self, path: str) -> tuple[str, str]:
        """The real path of what a client names, and the folder that it is inside of."""
        if not self._roots:
            message = "path: this service adds no files of its own machine; it has no --root."
            raise RequestError(message, 403, "path_not_allowed", "path")
        if not HAS_DESCENT:
            message = "path: on this system no files of the service's machine can be added."
            raise RequestError(message, 403, "path_not_allowed", "path")
        self._check_words(path)
        inside = [pair for named in self._roots for pair in self._readings(*named, path)]
        if not inside:
            raise _not_allowed()
        existing = (pair for pair in inside if os.path.lexists(pair[0]))
        real, root = next(existing, inside[0])
        if self._exclude is not None and is_under(real, self._exclude):
            raise _not_allowed()
        return real, root

    @staticmethod
    def _readings(name: str, root: str, path: str) -> Iterator[tuple[str, str]]:
        """What a path may mean by one of the folders, if that is inside of it."""
        # An absolute path that does not even say that it is inside is not looked at.
        if Path(path).is_absolute() and not (is_under(path, name) or is_under(path, root)):
            return
        try:
            real = os.path.realpath(os.path.join(root, path))  # noqa: PTH118 - no path of pathlib's
        except OSError:  # a link was removed while it was followed
            return
        hidden = any(part.startswith(".") for part in Path(real).parts[len(Path(root).parts) :])
        if is_under(real, root) and not hidden:
            yield real, root

    @staticmethod
    def _check_words(path: str) -> None:
        """Refuse what no path has that is meant to stay inside."""
        if "\0" in path or not path.isprintable() or ".." in Path(path).parts:
            raise _not_allowed()
        try:
            path.encode()
        except UnicodeEncodeError:
            raise _not_allowed() from None


def _descend(root: str, real: str, path: str) -> int:
    """Open what a real path names, from its root on, without following a link anywhere."""
    names = Path(real).parts[len(Path(root).parts) :]
    try:
        descriptor = os.open(root, os.O_RDONLY | SHUT)
        for name in names:
            folder = descriptor
            try:
                descriptor = os.open(name, os.O_RDONLY | SHUT, dir_fd=folder)
            finally:
                os.close(folder)
    except (OSError, ValueError):
        raise _missing(path) from None
    return descriptor


def _check_file(status: os.stat_result, real: str, path: str) -> None:
    """Refuse what is open if it is no file that is read."""
    if stat.S_ISDIR(status.st_mode):
        message = "path: a folder is added as a job, with wait=false."
        raise RequestError(message, 422, "invalid_value", "path")
    if not stat.S_ISREG(status.st_mode):
        raise _missing(path)
    if Path(real).suffix.lower() not in MEDIA_SUFFIXES:
        message = f"path: {path[:200]!r} is not named as a file that anysense reads."
        raise RequestError(message, 415, "unsupported_media", "path")
    most = most_bytes(real, DEFAULT_LIMITS)
    if status.st_size > most:
        message = f"path: a file has at most {most:,} bytes."
        raise RequestError(message, 413, "media_too_large", "path")


def _not_allowed() -> RequestError:
    message = "path: it is not inside of a folder that this service may read from."
    return RequestError(message, 403, "path_not_allowed", "path")


def _missing(path: str) -> RequestError:
    message = f"path: there is no file {path[:200]!r} in the folders that may be read from"
    if glob.has_magic(path):
        message += "; what a glob matches is added by a job, with wait=false"
    message += "."
    return RequestError(message, 404, "path_not_found", "path")
