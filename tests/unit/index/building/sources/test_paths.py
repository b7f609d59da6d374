from __future__ import annotations

from typing import TYPE_CHECKING

from source_files import touch

from anysense.index.building.sources.paths import is_file

if TYPE_CHECKING:
    from pathlib import Path


def test_is_file_is_not_fooled_by_names_that_cannot_be(tmp_path: Path) -> None:
    touch(tmp_path / "a")
    assert is_file(str(tmp_path / "a"))
    assert not is_file(str(tmp_path))
    assert not is_file(str(tmp_path / "a/b"))
    assert not is_file(f"{tmp_path}/{'x' * 5000}")
    assert not is_file("a\0b")
