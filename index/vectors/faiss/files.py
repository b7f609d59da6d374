"""The files of an index: written through to the disk, and mapped from it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import CorruptCollectionError, StorageError
from anysense.index.vectors.faiss.check import fast_scan_problem, layout_problem
from anysense.index.vectors.faiss.filling import map_file
from anysense.index.vectors.faiss.library import faiss
from anysense.index.vectors.faiss.lists import Lists
from anysense.index.vectors.layout import read_layout, write_layout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from anysense.index.types import Partition

__all__ = ["INDEX_FILE", "load_index", "save_index"]

INDEX_FILE = "segments.faiss"


def save_index(folder: Path, lists: Lists, fast_scans: Mapping[Partition, Any]) -> dict[str, Any]:
    """What `Store.save` does."""
    files = {INDEX_FILE: _save_lists(lists, Path(folder) / INDEX_FILE)}
    for number, partition in enumerate(lists.layout):
        if partition in fast_scans:
            name = _fast_scan_file(number)
            files[name] = _write(fast_scans[partition], Path(folder) / name)
    return write_layout(lists.dimension, files, lists.layout.values())


def _save_lists(lists: Lists, path: Path) -> int:
    """Write lists to a file, unless they are in it already; returns its size in bytes."""
    from anysense.index.vectors.faiss.updating import update_index

    if lists.is_in_memory:
        return _write(lists.index, path)
    if not lists.are_in(path):
        # FAISS would write a reference to the file that they are mapped from.
        update_index(lists, {}, (), path)
    return path.stat().st_size


def load_index(folder: Path, layout: Mapping[str, Any]) -> tuple[Lists, dict[Partition, Any]]:
    """Map the lists that `save_index` wrote, and read the fast scans.

    Raises:
        CorruptCollectionError: a file is missing, has another size, or does not fit the layout.
    """
    dimension, files, entries = read_layout(layout)
    path = Path(folder) / INDEX_FILE
    index = _read(path, files, map_file)
    problem = layout_problem(index, files[INDEX_FILE], dimension, entries)
    if problem:
        raise CorruptCollectionError(_damaged(path, problem))
    fast_scans = {}
    for number, entry in enumerate(entries):
        path = Path(folder) / _fast_scan_file(number)
        if path.name in files:
            fast_scans[entry.partition] = _read(path, files)
            problem = fast_scan_problem(fast_scans[entry.partition], entry)
            if problem:
                raise CorruptCollectionError(_damaged(path, problem))
    return Lists(index, entries, Path(folder) / INDEX_FILE), fast_scans


def _fast_scan_file(number: int) -> str:
    """The file of the fast scan of the partition of that number in the layout."""
    return f"fast-scan-{number}.faiss"


def _write(index: Any, path: Path) -> int:
    """Write an index, through to the disk; returns the size of the file in bytes.

    Raises:
        StorageError: the disk refused.
    """
    try:
        # FAISS's own file writer ignores a failing close, which is where a full disk shows.
        with path.open("wb") as file:
            faiss.write_index(index, faiss.PyCallbackIOWriter(file.write, 1 << 22))
            file.flush()
            os.fsync(file.fileno())
            return file.tell()
    except OSError as error:
        raise StorageError(f"{path}: the index cannot be written ({error}).") from error


def _read(
    path: Path,
    files: Mapping[str, int],
    read: Callable[[Path], Any] = lambda path: faiss.read_index(str(path)),
) -> Any:
    """Read an index from a file that has the size it was written with.

    Raises:
        CorruptCollectionError: it is missing, has another size, or is not an index.
    """
    try:
        size, expected = path.stat().st_size, files.get(path.name)
        if size != expected:
            raise CorruptCollectionError(_damaged(path, f"{size} bytes, not {expected}"))
        return read(path)
    except (OSError, RuntimeError, MemoryError) as error:
        raise CorruptCollectionError(_damaged(path, str(error).split("\n")[0])) from error


def _damaged(path: Path, problem: str) -> str:
    return f"{path}: the index cannot be used ({problem}); rebuild it with `anysense compact`."
