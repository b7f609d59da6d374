"""Drives on which the system does not tell of what others change there."""

from __future__ import annotations

import re
from pathlib import Path

from anysense.index.building.sources.paths import is_under

__all__ = ["is_silent"]

MOUNTS = Path("/proc/self/mountinfo")

_SILENT = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "ceph", "gfs2", "lustre"),
        *("9p", "drvfs", "vboxsf", "prl_fs", "fuse.vmhgfs-fuse", "virtiofs"),  # shared by a host
        *("fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.davfs", "davfs", "fuse.glusterfs"),
        *("fuse.gvfsd-fuse", "fuse.mergerfs"),
    )
)


def is_silent(path: str) -> bool:
    """Whether a real path is on a drive of another machine, as far as the system says (Linux)."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    kind, longest = "", -1
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, rest = before.split(" "), after.split(" ")
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4])
        if (
            is_under(path, point) and len(point) >= longest
        ):  # the last one mounted at a place is the one seen
            kind, longest = rest[0], len(point)
    return kind in _SILENT
