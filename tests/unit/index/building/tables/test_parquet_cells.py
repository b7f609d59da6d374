from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from parquet_files import write_parquet

from anysense.embed.errors import CorruptMediaError
from anysense.index.building.tables import parquet_cells, parquet_file
from anysense.index.building.tables.reading import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.embed.types import EmbeddedFile

JPEG = b"\xff\xd8\xff"


def cells(path: Path) -> list[EmbeddedFile]:
    return [row.cell.content for row in read_rows(path, with_cells=True) if row.cell is not None]


def test_rows_are_read_in_any_order_and_by_many_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_file, "BATCH_BYTES", 4000)
    monkeypatch.setattr(parquet_cells, "WAITING_BYTES", 10_000)
    chance = random.Random(1)
    data = [JPEG + chance.randbytes(chance.choice([1, 100, 3000])) for _ in range(300)]
    files = cells(write_parquet(tmp_path / "a.parquet", row_group_size=40, jpg=data))
    for order in (range(300), range(299, -1, -40), range(3, 300, 97), [5, 5, 4, 299, 0]):
        assert [files[at].read() for at in order] == [data[at] for at in order]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda file: file.read(), files)) == data


def test_many_tables_may_be_read_by_turns(tmp_path: Path) -> None:
    tables = []
    for name in range(7):
        data = [JPEG + bytes([name, at]) for at in range(3)]
        tables.append(cells(write_parquet(tmp_path / f"{name}.parquet", jpg=data)))
    for at in range(3):
        assert [files[at].read()[-2:] for files in tables] == [bytes([n, at]) for n in range(7)]


def test_a_table_that_has_changed_gives_no_other_file(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", jpg=[JPEG + bytes([at]) for at in range(5)])
    files = cells(path)
    write_parquet(path, jpg=[JPEG + b"other"])
    for file in (files[0], files[4]):
        with pytest.raises(CorruptMediaError, match="has changed"):
            file.read()
    path.unlink()
    with pytest.raises(CorruptMediaError, match=r"a\.parquet:1: .*has changed"):
        files[0].read()
