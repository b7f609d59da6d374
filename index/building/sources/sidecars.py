"""The texts beside a file whose words belong to its item, as they are now."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.index.catalog.records import Sidecar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["sidecar_paths", "sidecars_beside", "stat_sidecars"]


def sidecars_beside(path: str) -> tuple[Sidecar, ...]:
    """The texts beside one file, whose folder is not being listed."""
    from anysense.embed.media.beside import pair_sidecars, sidecar_names

    folder, name = os.path.split(path)
    candidates = [os.path.basename(beside) for beside in sidecar_names(path)]  # noqa: PTH119
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
