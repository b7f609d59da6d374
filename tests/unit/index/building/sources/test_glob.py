from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from source_files import names, touch

from anysense.index.building.sources.scan import FileScan

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.txt", ["a.txt"]),
        ("**/*.txt", ["2020/b.txt", "2020/deep/c.txt", "a.txt"]),
        ("20*", ["2020/b.txt", "2020/deep/c.txt", "2021/d.wav"]),
        ("202[!0]/*", ["2021/d.wav"]),
        ("202?/?.txt", ["2020/b.txt"]),
        ("**", ["2020/b.txt", "2020/deep/c.txt", "2021/d.wav", "a.txt"]),
    ],
)
def test_globs(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    touch(
        tmp_path / "a.txt",
        tmp_path / "2020/b.txt",
        tmp_path / "2020/deep/c.txt",
        tmp_path / "2021/d.wav",
        tmp_path / "2021/.e.wav",
    )
    assert sorted(names(FileScan([tmp_path / pattern]).run(), tmp_path)) == expected


def test_a_folder_whose_name_looks_like_a_glob_is_a_folder(tmp_path: Path) -> None:
    touch(tmp_path / "[2020]*/a.txt")
    assert names(FileScan([tmp_path / "[2020]*"]).run(), tmp_path) == ["[2020]*/a.txt"]
