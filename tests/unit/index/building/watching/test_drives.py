from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.index.building.watching import drives

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

MOUNTS = r"""22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / /mnt/my\040nas rw,relatime shared:9 - cifs //nas/photos rw
31 22 0:41 / /mnt/my\040nas/local rw - tmpfs tmpfs rw
32 22 0:42 / /home rw - nfs4 server:/home rw
33 22 0:43 / /home rw - ext4 /dev/vdb rw
"""


def test_drives_of_other_machines_are_told_by_what_is_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    monkeypatch.setattr(drives, "MOUNTS", tmp_path / "mountinfo")
    paths = ("/mnt/my nas", "/mnt/my nas/2019", "/mnt/my nas/local/a", "/mnt/my nasty", "/home/ada")
    assert [drives.is_silent(path) for path in paths] == [True, True, False, False, False]
    monkeypatch.setattr(drives, "MOUNTS", tmp_path / "nothing")
    assert not drives.is_silent("/mnt/my nas")
