from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from source_files import touch

from anysense.index.building.sources.paths import (
    PathKind,
    holder_of,
    is_alive,
    is_file,
    member_path,
    parse_path,
    table_of,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_is_file_is_not_fooled_by_names_that_cannot_be(tmp_path: Path) -> None:
    touch(tmp_path / "a")
    assert is_file(str(tmp_path / "a"))
    assert not is_file(str(tmp_path))
    assert not is_file(str(tmp_path / "a/b"))
    assert not is_file(f"{tmp_path}/{'x' * 5000}")
    assert not is_file("a\0b")


@pytest.mark.parametrize(
    ("path", "kind", "holder", "name"),
    [
        ("/a/b.jpg", PathKind.FILE, "/a/b.jpg", ""),
        ("/a/b.tar", PathKind.FILE, "/a/b.tar", ""),
        ("/a/b.CSV#7", PathKind.ROW, "/a/b.CSV", "7"),
        ("/a/b.parquet#c.tar!/d", PathKind.ROW, "/a/b.parquet", "c.tar!/d"),
        ("/a/b.tar!/c/d.jpg", PathKind.MEMBER, "/a/b.tar", "c/d.jpg"),
        ("/a/b.tar!/../c.csv#1", PathKind.MEMBER, "/a/b.tar", "../c.csv#1"),
        ("/a/b.tar!//etc/passwd", PathKind.MEMBER, "/a/b.tar", "/etc/passwd"),
        ("s3://bucket/a.tar", PathKind.OBJECT, "s3://bucket/a.tar", ""),
        ("s3://bucket/a.tar!/b", PathKind.MEMBER, "s3://bucket/a.tar", "b"),
        ("s3://bucket/a.csv#b", PathKind.OBJECT, "s3://bucket/a.csv#b", ""),
        ("/a/s3://b", PathKind.FILE, "/a/s3://b", ""),
    ],
)
def test_one_function_tells_what_a_path_stands_for(
    path: str, kind: PathKind, holder: str, name: str
) -> None:
    assert parse_path(path) == (kind, holder, name)
    assert (table_of(path) is not None) == (kind is PathKind.ROW)
    assert (holder_of(path) is not None) == (kind in (PathKind.ROW, PathKind.MEMBER))
    if kind is PathKind.MEMBER:
        assert member_path(holder, name) == path


def test_what_is_in_a_file_is_alive_with_it_and_objects_are_until_their_store_says(
    tmp_path: Path,
) -> None:
    touch(tmp_path / "a.tar", tmp_path / "b.tar!/c")
    assert is_alive(f"{tmp_path}/a.tar!/c")
    assert is_alive(f"{tmp_path}/b.tar!/c")  # a file of that name
    assert not is_alive(f"{tmp_path}/b.tar!/d")
    assert is_alive("s3://bucket/key")
    assert is_alive("s3://bucket/a.tar!/c")
