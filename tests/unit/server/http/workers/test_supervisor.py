"""What the parent of several processes needs before it begins them."""

from __future__ import annotations

import stat
import tempfile
from typing import TYPE_CHECKING

import pytest

from anysense.embed.errors import StorageError, UsageError
from anysense.server.http.workers.supervisor import private_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_only_this_user_can_enter_its_folder_which_goes_at_the_end() -> None:
    with private_folder() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_without_a_usable_disk_for_temporary_files_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(StorageError, match="gone"), private_folder():
        pass
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with pytest.raises(UsageError, match="TMPDIR"), private_folder():
        pass
    assert list(deep.iterdir()) == []
