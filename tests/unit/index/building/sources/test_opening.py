from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from anysense.embed.errors import UsageError
from anysense.index.building.sources.opening import open_source

if TYPE_CHECKING:
    from pathlib import Path


def test_the_home_folder_may_be_said_shortly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_source("~").root == os.path.realpath(tmp_path)


def test_a_name_of_any_length_is_no_file_or_a_glob(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        open_source(tmp_path / ("x" * 300))
    with pytest.raises(UsageError, match="there is no folder"):
        open_source(f"{tmp_path}/{'x' * 300}/*.jpg")
    (tmp_path / "7.txt").write_text("red")
    names = ",".join(map(str, range(200)))
    assert open_source(f"{tmp_path}/{{{names}}}.txt").covers(os.path.realpath(tmp_path / "7.txt"))
