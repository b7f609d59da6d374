from __future__ import annotations

import io

import pytest

from anysense.index.objects.ranges import open_ranges

DATA = bytes(range(256)) * 40


def opened(asked: list[tuple[int, int]], buffer_bytes: int = 64) -> io.BufferedReader:
    def fetch(start: int, end: int) -> bytes:
        asked.append((start, end))
        return DATA[start:end]

    file = open_ranges(fetch, len(DATA), buffer_bytes)
    assert isinstance(file, io.BufferedReader)
    return file


def test_it_is_a_file_from_any_place() -> None:
    asked: list[tuple[int, int]] = []
    with opened(asked) as file:
        assert file.read(3) == DATA[:3]
        assert file.seek(-5, io.SEEK_END) == len(DATA) - 5
        assert file.read() == DATA[-5:]
        assert file.read(1) == b""
        file.seek(100)
        file.seek(10, io.SEEK_CUR)
        assert file.read(1000) == DATA[110:1110]
        file.seek(0)
        assert file.read() == DATA
    assert all(0 <= start < end <= len(DATA) for start, end in asked)


def test_only_what_is_read_is_asked_for() -> None:
    asked: list[tuple[int, int]] = []
    with opened(asked) as file:
        file.seek(5000)
        file.read(10)
    assert asked == [(5000, 5064)]


def test_what_cannot_be_is_refused() -> None:
    with opened([]) as file:
        with pytest.raises(ValueError, match="before the beginning"):
            file.seek(-1)
        with pytest.raises(io.UnsupportedOperation):
            file.write(b"x")
    with pytest.raises(OSError, match="more bytes"), open_ranges(lambda s, e: DATA, 9, 4) as long:
        long.read()
