from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow
import pytest
from media_files import photo, saved, sndfile, tone
from parquet_files import embedded, write_parquet

from anysense.embed.errors import UsageError
from anysense.index.building.tables.parquet_rows import read_parquet

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.building.tables.row import Row

PICTURE = saved(photo(), "PNG")
SOUND = sndfile(tone(0.1))


def rows_of(path: Path) -> list[Row]:
    return list(read_parquet(path, ("path", "text"), with_cells=True))


def contents(path: Path) -> list[bytes | None]:
    return [row.cell.content.read() if row.cell else None for row in rows_of(path)]


def test_files_in_structs_are_read_with_their_paths(tmp_path: Path) -> None:
    path = write_parquet(
        tmp_path / "a.parquet",
        image=embedded((PICTURE, "a.png"), (None, "b.png"), None, (b"", None)),
        text=["a", "b", "c", None],
        label=[1, 2, 3, 4],
    )
    first, named, text, nothing = rows_of(path)
    assert first.cell is not None
    assert (first.cell.name, first.cell.size) == ("a.png", len(PICTURE))
    assert first.cell.content.read() == PICTURE
    assert (first.line, first.values) == (1, {"text": "a", "label": 1})
    assert named.values == {"text": "b", "label": 2, "path": "b.png"}
    assert text.values == {"text": "c", "label": 3}
    assert nothing == (4, {"label": 4}, None, None)
    described = [row.values for row in read_parquet(path, ("text",), with_cells=False)]
    assert described[0] == {"image": {"path": "a.png"}, "text": "a", "label": 1}


@pytest.mark.parametrize(
    "column",
    [
        {"jpg": [PICTURE]},
        {"content": pyarrow.array([PICTURE], pyarrow.large_binary())},
        {"content": pyarrow.array([PICTURE], pyarrow.binary(len(PICTURE)))},
        {"content": pyarrow.array([PICTURE]).dictionary_encode()},
        {"hash": [b"\x01"], "content": [PICTURE]},
        {"file": pyarrow.array([{"bytes": PICTURE}]), "file.size": [5]},
    ],
    ids=["named", "large", "fixed", "dictionary", "second", "dotted"],
)
def test_files_in_columns_of_bytes_are_told_by_their_content(
    tmp_path: Path, column: dict[str, Any]
) -> None:
    assert contents(write_parquet(tmp_path / "a.parquet", **column)) == [PICTURE]


def test_bytes_that_are_no_files_are_left_out(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", digest=[b"\x01\x02"], codes=[[b"x"]], text=["a"])
    assert rows_of(path) == [(1, {"text": "a"}, None, None)]


def test_of_two_files_in_a_row_the_first_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_parquet(
        tmp_path / "a.parquet",
        image=embedded((PICTURE, None), None),
        audio=embedded((SOUND, None), (SOUND, None)),
    )
    assert contents(path) == [PICTURE, SOUND]
    assert "of the files in image, audio, only the first of each row is read" in caplog.text


@pytest.mark.parametrize(
    "column",
    [
        {"pages": pyarrow.array([[{"bytes": PICTURE, "path": ""}]])},
        {"images": pyarrow.array([[PICTURE]])},
        {"sample": pyarrow.array([{"image": {"bytes": PICTURE, "path": ""}}])},
    ],
    ids=["structs", "bytes", "nested"],
)
def test_files_in_lists_are_not_left_out_in_silence(
    tmp_path: Path,
    column: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = write_parquet(tmp_path / "a.parquet", **column, text=["a"])
    with pytest.raises(UsageError, match="give each file a row of its own"):
        rows_of(path)
    named = write_parquet(tmp_path / "b.parquet", **column, path=["a.png"])
    assert [row.values for row in rows_of(named)] == [{"path": "a.png"}]
    assert "are left out" in caplog.text


def test_columns_that_are_needed(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", caption=["a"], n=[1])
    with pytest.raises(UsageError, match="has the columns caption, n, and none of them is named"):
        rows_of(path)
