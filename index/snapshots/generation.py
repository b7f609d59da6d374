"""Generations: FAISS indexes on disk, each in a folder that appears by one rename.

They are made from the catalog and can be made again, so a file that is missing or damaged is an
event to handle, `DamagedGeneration`, not an error of the user.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import CorruptCollectionError, StorageError
from anysense.index.catalog.sqlite.seals import VERIFIED
from anysense.index.snapshots.manifest import MANIFEST, FileSum, Generation, fsync_folder
from anysense.index.snapshots.verified import note_verified, verified_files
from anysense.index.vectors.thresholds import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from anysense.index.vectors.store import Store, VectorReader
    from anysense.index.vectors.thresholds import Thresholds

__all__ = [
    "DamagedGeneration",
    "Draft",
    "check_generation",
    "draft_generation",
    "link_index",
    "load_generation",
    "load_optional",
    "optional_problems",
    "remove_others",
    "write_generation",
]

_BLOCK = 1 << 22
_NAME = re.compile(r"gen-(\d{6,})(\.tmp)?")


class DamagedGeneration(Exception):  # noqa: N818 (an event, not an error of the user)
    """A file of a generation is missing, or is not as it was written."""


@dataclass(frozen=True)
class Draft:
    """A generation that is being made.

    Attributes:
        number: not used before.
        path: the folder for its files, which no manifest names and the next writer clears away.
    """

    number: int
    path: Path


@contextlib.contextmanager
def draft_generation(folder: Path, current: Generation | None) -> Iterator[Draft]:
    """The folder of a generation to be; gone after the block, unless `write_generation` named it.

    Args:
        folder: the collection, whose lock is held.
        current: its generation.
    """
    number = _next_number(folder, current)
    path = folder / f"{_name(number)}.tmp"
    path.mkdir()
    try:
        yield Draft(number, path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def link_index(folder: Path, current: Generation, draft: Draft) -> bool:
    """Have the lists of a generation in a draft, too, without a copy; whether that was possible."""
    from anysense.index.vectors.faiss.files import INDEX_FILE

    try:
        os.link(folder / current.folder / INDEX_FILE, draft.path / INDEX_FILE)
    except OSError:  # not every file system has links
        return False
    return True


def write_generation(
    folder: Path,
    draft: Draft,
    store: Store,
    arrays: Mapping[str, NDArray[Any]],
    optional: Mapping[str, NDArray[Any]] | None = None,
    *,
    change: int,
    high_water: int,
) -> Generation:
    """Write a generation, through to the disk.

    Args:
        folder: the collection.
        draft: where the store may have written its files already.
        store: the index.
        arrays: by name, what is kept beside it.
        optional: the same of what searches do without.
        change: the last change of the catalog that the index includes.
        high_water: it has no segment with a key over this.
    """
    import numpy as np

    layout = store.save(draft.path)
    spare = dict(optional or {})
    for key, array in (*arrays.items(), *spare.items()):
        np.save(draft.path / f"{key}.npy", array, allow_pickle=False)
    files = {}
    for path in sorted(draft.path.iterdir()):
        _fsync(path)
        files[path.name] = _file_sum(path)
    note_verified(draft.path, files, touch=True)
    fsync_folder(draft.path)
    draft.path.rename(folder / _name(draft.number))
    fsync_folder(folder)
    beside = {name: files.pop(name) for name in [f"{key}.npy" for key in spare]}
    return Generation(draft.number, change, high_water, layout, files, beside)


def check_generation(folder: Path, generation: Generation, *, always: bool = False) -> None:
    """Compare the files of a generation with their checksums.

    Args:
        folder: the collection.
        generation: which.
        always: compare large files, too, that nothing has touched since they were found sound.

    Raises:
        DamagedGeneration: one is missing or differs.
    """
    inside = folder / generation.folder
    verified = set() if always else verified_files(inside)
    for name, expected in generation.files.items():
        if name not in verified:
            _check_file(inside / name, expected)
    if not verified.issuperset(generation.files):
        note_verified(inside, generation.files)


def optional_problems(folder: Path, generation: Generation) -> list[str]:
    """What is wrong with the files that searches do without."""
    inside = folder / generation.folder
    found = (_problem(inside / name, expected) for name, expected in generation.optional.items())
    return [problem for problem in found if problem]


def _check_file(path: Path, expected: FileSum) -> None:
    problem = _problem(path, expected)
    if problem:
        raise DamagedGeneration(problem)


def _problem(path: Path, expected: FileSum) -> str:
    """How a file differs from what was written; nothing if it does not."""
    try:
        is_sound = path.stat().st_size == expected.bytes and _file_sum(path) == expected
        return "" if is_sound else f"{path} is damaged"
    except FileNotFoundError:
        return f"{path} is missing"
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"


def load_generation(
    folder: Path,
    generation: Generation,
    reader: VectorReader,
    thresholds: Thresholds = DEFAULTS,
    *,
    always_check: bool = False,
) -> tuple[Store, dict[str, NDArray[np.generic]]]:
    """Check a generation and load its index and the arrays beside it.

    Args:
        folder: the collection.
        generation: which.
        reader: the catalog's vectors, which an index that is elsewhere takes scores from.
        thresholds: from which sizes on its index works in another way.
        always_check: see `check_generation`.

    Raises:
        DamagedGeneration: a file is missing or differs.
    """
    import numpy as np

    from anysense.index.vectors.engines import load_store

    check_generation(folder, generation, always=always_check)
    inside = folder / generation.folder
    try:
        store = load_store(inside, dict(generation.layout), reader, thresholds=thresholds)
        arrays = {
            name.removesuffix(".npy"): np.load(inside / name, allow_pickle=False)
            for name in generation.files
            if name.endswith(".npy")
        }
    except (CorruptCollectionError, StorageError, OSError, ValueError) as error:
        raise DamagedGeneration(str(error).split(";")[0]) from None  # without the advice
    return store, arrays


def load_optional(folder: Path, generation: Generation, key: str) -> NDArray[Any] | None:
    """An array that searches do without; None if none of this name was published.

    Raises:
        DamagedGeneration: its file is missing or differs.
    """
    import numpy as np

    name = f"{key}.npy"
    if name not in generation.optional:
        return None
    path = folder / generation.folder / name
    _check_file(path, generation.optional[name])
    try:
        array: NDArray[Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DamagedGeneration(f"{path}: {error}") from None
    return array


def _next_number(folder: Path, current: Generation | None) -> int:
    """A number that no generation has or had."""
    numbers = [int(match[1]) for match in map(_NAME.fullmatch, _names(folder)) if match]
    return 1 + max(numbers + ([current.number] if current is not None else [0]))


def _name(number: int) -> str:
    return f"gen-{number:06d}"


def remove_others(folder: Path, current: Generation | None) -> None:
    """Remove all generations but one, and what unfinished ones have left.

    A reader that was about to open one of them finds it gone, and reads the manifest again.
    """
    for name in _names(folder):
        if _NAME.fullmatch(name) and (current is None or name != current.folder):
            shutil.rmtree(folder / name, ignore_errors=True)
        elif name.endswith(".tmp") and name.startswith((MANIFEST, VERIFIED)):
            with contextlib.suppress(OSError):
                (folder / name).unlink()


def _names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


def _file_sum(path: Path) -> FileSum:
    import xxhash

    state, size = xxhash.xxh3_128(), 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            state.update(block)
            size += len(block)
    return FileSum(size, state.hexdigest())


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
