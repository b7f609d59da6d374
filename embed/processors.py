"""How many processors this process may use, and how the libraries behind models use them.

Nothing here imports such a library: they look at the environment when they are loaded.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

__all__ = ["set_threads", "usable_processors"]

SPIN_COUNT = "1000"
"""Rounds that a thread of GNU's OpenMP spins for before it sleeps.

By default threads spin for milliseconds at the end of each operator. Where another program has the
processor of one of them, all the others spin until that one has had its turn: a query that takes
7 ms then takes 170.
"""


def usable_processors(root: Path = Path("/")) -> int:
    """How many processors there are for this process: by its affinity and its group's quota.

    Args:
        root: where the file systems of Linux are.
    """
    try:
        count = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # no Linux
        count = os.cpu_count() or 1
    quotas = (*_quotas_of_v2(root), *_quotas_of_v1(root))
    return max(1, min([count, *(math.ceil(quota) for quota in quotas)]))


def set_threads(threads: int | None = None) -> None:
    """Let the libraries that are loaded from now on use so many threads, and not wait by spinning.

    What the environment says already stays, but for a number that is given. Where torch is loaded
    already, it is told of a number that is given, and nothing else changes.

    Args:
        threads: as many as processors are usable if None.
    """
    torch = sys.modules.get("torch")
    if torch is not None:
        if threads is not None:
            torch.set_num_threads(threads)
        return
    count = threads or usable_processors()
    if threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(count)
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)
    os.environ.setdefault("OMP_NUM_THREADS", str(count))


def _quotas_of_v2(root: Path) -> list[float]:
    """The quotas of a process's group and of those above it, in processors."""
    group = _group(root, "")
    folders = [root / "sys/fs/cgroup"]
    for part in Path(group).parts[1:]:
        folders.append(folders[-1] / part)
    quotas = []
    for folder in folders:
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        if quota.isdigit() and period.isdigit():
            quotas.append(int(quota) / max(1, int(period)))
    return quotas


def _quotas_of_v1(root: Path) -> list[float]:
    mount = root / "sys/fs/cgroup/cpu"
    quotas = []
    # In a container its own group is at the mount, whatever its path outside is.
    for folder in {mount, mount / _group(root, "cpu").lstrip("/")}:
        quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit():  # -1 is none
            quotas.append(int(quota) / max(1, int(period)))
    return quotas


def _group(root: Path, controller: str) -> str:
    """The path of this process's control group; that of version 2 has no controller."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controller in controllers.split(","):
            return path
    return "/"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
