from __future__ import annotations

import os

import pytest

from anysense.index.building.sources.written_paths import is_address, path_readings


@pytest.mark.parametrize(
    ("written", "readings"),
    [
        ("a/b.jpg", ["a/b.jpg"]),
        (" a.jpg ", [" a.jpg ", "a.jpg"]),
        ("file:///a%20b/c.jpg", ["file:///a%20b/c.jpg", "/a b/c.jpg"]),
        ("file://localhost/c.jpg", ["file://localhost/c.jpg", "/c.jpg"]),
        ("file:/c.jpg", ["file:/c.jpg", "/c.jpg"]),
        ("file:c.jpg", ["file:c.jpg"]),
        ("file://host/c.jpg", ["file://host/c.jpg"]),
        ("  ", ["  "]),
    ],
)
def test_a_path_may_be_written_in_several_ways(written: str, readings: list[str]) -> None:
    assert path_readings(written) == readings


@pytest.mark.skipif(os.sep != "/", reason="a backslash parts folders here anyway")
def test_backslashes_may_part_folders() -> None:
    assert path_readings("a\\b.jpg ") == ["a\\b.jpg ", "a\\b.jpg", "a/b.jpg"]


def test_addresses_of_what_is_elsewhere() -> None:
    assert is_address("https://example.org/a.jpg")
    assert is_address(" s3://bucket/a.jpg")
    assert is_address("file://[host/a.jpg")
    assert is_address("file://host/a.jpg")
    assert not is_address("file:///a.jpg")
    assert not is_address("photos/a.jpg")
    assert not is_address("C:\\a.jpg")
