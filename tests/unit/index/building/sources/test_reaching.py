from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from parquet_files import write_parquet
from source_files import touch, write_table

from anysense.embed.errors import MediaError
from anysense.index.building.sources import reaching
from anysense.index.building.sources.opening import open_source
from anysense.index.building.sources.reaching import file_at
from anysense.index.building.sources.scan import FileScan

if TYPE_CHECKING:
    from pathlib import Path

JPEG = b"\xff\xd8\xff"


def test_a_file_is_reached_by_its_path_as_long_as_it_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "list.csv#1.txt"  # a name that looks like a row
    touch(path)
    file = file_at(str(path), path.stat().st_mtime_ns)
    assert (file.name, file.size, file.read()) == (str(path), 14, b"list.csv#1.txt")
    with pytest.raises(MediaError, match="has changed since it was added"):
        file_at(str(path), 1)
    with pytest.raises(MediaError, match="no such file"):
        file_at(str(tmp_path / "gone.jpg"))


@pytest.mark.parametrize("with_captions", [True, False])
def test_rows_are_reached_by_the_paths_of_their_entries(
    tmp_path: Path, with_captions: bool
) -> None:
    data = [JPEG + bytes([number]) for number in range(3)]
    table = write_parquet(tmp_path / "a.parquet", jpg=data, text=["a", "b", "c"])
    rows = write_table(tmp_path, {"text": "red"}, {"text": "blue", "id": "b"})
    scan = FileScan([table, rows], with_sidecars=with_captions).run()
    read = [file_at(entry.path, entry.stamp).read() for entry in scan.entries]
    assert read == [*data, b"red", b"blue"]
    assert open_source(rows).read(scan.entries[-1].path).read() == b"blue"
    with pytest.raises(MediaError, match="is not in its table any more"):
        file_at(f"{scan.entries[-1].path}x")
    with pytest.raises(MediaError, match="is not in its table any more"):
        file_at(scan.entries[-1].path, 1)


def test_what_this_process_does_not_reach_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As of a kind of path that nothing here reads: objects would be asked for.
    monkeypatch.setattr(reaching, "_READERS", {})
    with pytest.raises(MediaError, match="cannot be reached from here"):
        file_at("s3://bucket/a.jpg")
