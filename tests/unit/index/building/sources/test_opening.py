from __future__ import annotations

import os
from typing import TYPE_CHECKING

from anysense.index.building.sources.opening import open_source

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_home_folder_may_be_said_shortly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_source("~").root == os.path.realpath(tmp_path)
