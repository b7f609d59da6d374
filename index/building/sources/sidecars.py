"""The texts beside a file whose words belong to its item, as they are now."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.index.catalog.records import Sidecar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["FolderSidecars", "sidecar_paths", "sidecars_beside", "stat_sidecars"]


class FolderSidecars:
    """The texts beside files that are named one by one; each folder is listed once for them.

    Args:
        is_linkable: whether a link may lead to a real path.
    """

    def __init__(self, is_linkable: Callable[[str], bool]) -> None:
        self._is_linkable = is_linkable
        self._pairs: dict[str, Mapping[str, Sequence[str]]] = {}

    def beside(self, path: str) -> tuple[Sidecar, ...]:
        """The texts beside a file; none in a folder that cannot be listed."""
        folder, name = os.path.split(path)
        if folder not in self._pairs:
            self._pairs[folder] = _pairs_in(folder)
        return stat_sidecars(folder, self._pairs[folder].get(name, ()), self._is_linkable)


def _pairs_in(folder: str) -> Mapping[str, Sequence[str]]:
    from anysense.embed.media.beside import pair_sidecars

    try:
        return pair_sidecars(os.listdir(folder))  # noqa: PTH208 - names, of which there may be many
    except OSError:
        return {}


def sidecars_beside(path: str) -> tuple[Sidecar, ...]:
    """The texts beside one file, without listing its folder, which may be large.

    So a name that differs from the file's in case counts only where that is the case of its suffix.
    Links are not followed.
    """
    from anysense.embed.media.beside import pair_sidecars, sidecar_names

    folder, name = os.path.split(path)
    candidates = [Path(beside).name for beside in sidecar_names(path)]
    candidates += [str(Path(c).with_suffix(Path(c).suffix.upper())) for c in candidates]
    present = [c for c in candidates if os.path.lexists(os.path.join(folder, c))]  # noqa: PTH118
    return stat_sidecars(folder, pair_sidecars([name, *present]).get(name, ()))


def stat_sidecars(
    folder: str, names: Iterable[str], is_linkable: Callable[[str], bool] = lambda target: False
) -> tuple[Sidecar, ...]:
    """Texts by their names, with size and time; what is no regular file is none.

    Args:
        folder: where they are.
        names: their file names there.
        is_linkable: whether a link may lead to a real path.
    """
    sidecars = []
    for name in names:
        path = Path(folder, name)
        try:
            if path.is_symlink() and not is_linkable(os.path.realpath(path)):
                continue
            status = path.stat()
        except (OSError, ValueError):  # gone a moment ago, or a name that no file has
            continue
        if stat.S_ISREG(status.st_mode):
            sidecars.append(Sidecar(name, status.st_size, status.st_mtime_ns))
    return tuple(sidecars)


def sidecar_paths(path: str, sidecars: Iterable[Sidecar]) -> list[Path]:
    """Where the texts beside a file are."""
    return [Path(path).with_name(sidecar.name) for sidecar in sidecars]
