"""Files of kinds that are not read: each once, in memory that is bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.index.building.sources.scan import FileScan
from anysense.index.building.sources.unread import UnreadFiles, suffix_of

if TYPE_CHECKING:
    from pathlib import Path


def test_each_file_is_told_once_where_sources_overlap(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for name in ("a.sketch", "inner/b.sketch", "inner/c.raw9"):
        (tmp_path / name).write_bytes(b"x")
    told: list[str] = []
    sources = [tmp_path / "inner", tmp_path, f"{tmp_path}/inner/*.raw9"]
    scan = FileScan(sources, tell_unread=told.append).run()
    assert scan.unread_kinds == {".sketch": 2, ".raw9": 1}
    assert sorted(told) == sorted(
        str(tmp_path / name) for name in ("a.sketch", "inner/b.sketch", "inner/c.raw9")
    )


def test_files_of_too_many_suffixes_count_as_of_none() -> None:
    files = UnreadFiles(most_suffixes=2)
    files.note(f"/a.{number}" for number in (1, 2, 3, 4, 1))
    assert files.by_suffix() == {".1": 2, "": 2, ".2": 1}


def test_what_is_no_suffix_of_a_kind_counts_as_none() -> None:
    names = ("/a.PSD", "/b", "/letter to. aunt may", "/c.much_too_long_a_suffix", "/d.\u00e9")
    assert [suffix_of(name) for name in names] == [".psd", "", "", "", ""]
