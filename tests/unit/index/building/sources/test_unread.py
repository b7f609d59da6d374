"""Files of kinds that are not read: each once, in memory that is bounded."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from anysense.embed.errors import UsageError
from anysense.index.building.report import unread_text
from anysense.index.building.sources.scan import FileScan
from anysense.index.building.sources.unread import UnreadFiles, special_kind, suffix_of


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only POSIX has such files")
def test_what_is_no_file_is_counted_as_what_it_is_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # as the name of a socket has to be short
    pipes = ("a.jpg", "b", "c.tar", "d.parquet", "photo.txt", ".hidden")
    for name in (*pipes, "dataset_info.json"):  # each would be waited for if it were opened
        os.mkfifo(name)
    (tmp_path / "photo.png").write_bytes(b"x")
    (tmp_path / "e.arrow").write_bytes(b"x")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    os.mkfifo("state.json")
    with socket.socket(socket.AF_UNIX) as open_socket:
        open_socket.bind("f.sock")
        told: list[str] = []
        scan = FileScan([tmp_path], tell_unread=told.append).run()
        only = FileScan([f"{tmp_path}/*.jpg"]).run()
    assert scan.unread_kinds == {"named pipe": 7, ".arrow": 1, "socket": 1}
    assert {Path(path).name for path in told} == {
        *pipes[:-1],
        "dataset_info.json",
        "state.json",
        "e.arrow",
        "f.sock",
    }
    assert [Path(path).name for path in scan.paths] == ["photo.png"]
    assert only.unread_kinds == {"named pipe": 1}
    assert unread_text({"named pipe": 7, ".arrow": 1, "socket": 1}) == (
        "9 files of kinds that anysense does not read: 7 named pipes, 1 .arrow, 1 socket"
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only POSIX has such files")
@pytest.mark.parametrize("name", ["a.jpg", "rows.csv", "shard.tar", "pipe"])
def test_a_pipe_that_is_named_is_refused(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(UsageError, match="is a named pipe: only files and folders are read"):
        FileScan([tmp_path / name])


def test_devices_are_known() -> None:
    assert special_kind(Path(os.devnull).stat().st_mode) == "device"
    assert special_kind(Path(__file__).parent.stat().st_mode) is None
