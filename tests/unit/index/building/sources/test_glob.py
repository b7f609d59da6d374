from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from source_files import names, touch

from anysense.embed.errors import UsageError
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


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("photos [2019]/*.txt", ["photos [2019]/a.txt", "photos [2019]/b[1].txt"]),
        ("*/deep [x]/*.txt", ["photos [2019]/deep [x]/c.txt"]),
        ("photos [2019]/*[1].txt", ["photos [2019]/b[1].txt"]),
        ("photos [2019]*/deep*/?.txt", ["photos [2019]/deep [x]/c.txt"]),
        ("photos [3]/*.txt", ["photos 3/d.txt"]),
        ("**/d.txt", ["photos 3/d.txt"]),
    ],
)
def test_brackets_in_names_are_taken_as_they_stand(
    tmp_path: Path, pattern: str, expected: list[str]
) -> None:
    odd = tmp_path / "photos [2019]"
    touch(odd / "a.txt", odd / "b[1].txt", odd / "deep [x]/c.txt", tmp_path / "photos 3/d.txt")
    assert sorted(names(FileScan([tmp_path / pattern]).run(), tmp_path)) == expected


def test_a_file_that_is_not_there_is_no_glob_for_the_brackets_of_its_folder(tmp_path: Path) -> None:
    touch(tmp_path / "photos [2019]/a.txt")
    with pytest.raises(UsageError, match=r"b\.txt: no such file or folder"):
        FileScan([tmp_path / "photos [2019]/b.txt"])
    with pytest.raises(UsageError, match="there is no folder"):
        FileScan([tmp_path / "missing/[a]/b.txt"])
