"""A large file is compared with its checksum once on a machine, and again when it was touched."""

from __future__ import annotations

import os
import shutil
from functools import partial
from typing import TYPE_CHECKING

import pytest
from specimen import created, record

from anysense.index.catalog.sqlite.seals import VERIFIED
from anysense.index.snapshots import generation, verified
from anysense.index.snapshots.generation import DamagedGeneration, check_generation
from anysense.index.snapshots.verified import note_verified, verified_files
from anysense.index.vectors.faiss.files import INDEX_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.snapshots.manifest import Generation

OLD = 10**18  # ns


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, size in (("large", 200), ("other", 200), ("small", 20)):
        (tmp_path / name).write_bytes(b"x" * size)
        os.utime(tmp_path / name, ns=(OLD, OLD))
    note_verified(tmp_path, ["large", "other", "small"], least_bytes=100)
    return tmp_path


def sound(folder: Path) -> set[str]:
    return verified_files(folder, least_bytes=100)


def test_large_files_that_nothing_has_touched_are_known(folder: Path) -> None:
    assert sound(folder) == {"large", "other"}
    assert verified_files(folder, least_bytes=1000) == set()


def test_a_change_of_contents_of_time_or_of_the_file_is_noticed(folder: Path) -> None:
    large = folder / "large"
    with large.open("r+b") as file:
        file.write(b"y")
    assert sound(folder) == {"other"}
    os.utime(large, ns=(OLD, OLD))  # who sets the time back has done more than a disk does
    assert sound(folder) == {"large", "other"}
    shutil.copy2(large, folder / "copy")
    (folder / "copy").replace(large)
    assert sound(folder) == {"other"}
    (folder / "other").unlink()
    assert sound(folder) == set()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"large": 3}', '{"../x": {}}', "\xff"])
def test_a_damaged_note_is_none(folder: Path, content: str) -> None:
    (folder / VERIFIED).write_text(content, encoding="latin-1")
    assert sound(folder) == set()


def test_a_new_file_is_noted_by_its_writer_alone(tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.write_bytes(b"x" * 200)
    note_verified(tmp_path, ["new"], least_bytes=100)
    assert sound(tmp_path) == set()
    written = new.stat().st_mtime_ns
    note_verified(tmp_path, ["new"], touch=True, least_bytes=100)
    assert sound(tmp_path) == {"new"}
    assert new.stat().st_mtime_ns <= written - 2_000_000_000


def test_where_nothing_can_be_noted_nothing_is(folder: Path) -> None:
    (folder / VERIFIED).unlink()
    (folder / VERIFIED).mkdir()
    note_verified(folder, ["large"], least_bytes=100)
    assert sound(folder) == set()
    assert not list(folder.glob("*.tmp"))


def test_an_opening_compares_a_large_index_once_and_verify_always(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("note_verified", "verified_files"):  # as if every file were large
        monkeypatch.setattr(generation, name, partial(getattr(verified, name), least_bytes=1))
    path = tmp_path / "c"
    compared: list[str] = []
    real = generation._file_sum  # counted, as it is what takes the time

    def counting(file: Path) -> object:
        compared.append(file.name)
        return real(file)

    with created(path) as collection:
        collection.write([record("i0")])
        collection.publish()
        current = collection.folder.snapshot().manifest.generation
        assert current is not None
        monkeypatch.setattr(generation, "_file_sum", counting)  # as above
        check_generation(path, current)
        assert compared == []
        assert collection.verify().ok
        assert INDEX_FILE in compared
        _flip_a_bit(path, current)
        assert not collection.verify().ok
        check_generation(path, current)
        with pytest.raises(DamagedGeneration, match="is damaged"):
            check_generation(path, current, always=True)
        os.utime(path / current.folder / INDEX_FILE)
        with pytest.raises(DamagedGeneration, match="is damaged"):
            check_generation(path, current)


def _flip_a_bit(path: Path, current: Generation) -> None:
    """As a disk does, which tells no time."""
    file = path / current.folder / INDEX_FILE
    before = file.stat()
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    with file.open("r+b") as opened:
        opened.write(data)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
