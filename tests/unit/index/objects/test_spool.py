from __future__ import annotations

import errno
import gc
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from anysense.embed.errors import StorageError
from anysense.index.objects.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator


class Source:
    """Gives blocks of a content, and counts how often it was asked."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked = 0

    def blocks(self) -> Iterator[bytes]:
        self.asked += 1
        yield from (self.data[at : at + 7] for at in range(0, len(self.data), 7))


def open_files() -> int:
    """How many files this process has open; 0 where the system does not tell so."""
    descriptors = Path("/proc/self/fd")
    return len(list(descriptors.iterdir())) if descriptors.is_dir() else 0


@pytest.mark.parametrize("size", [5, 5000])
def test_what_was_fetched_is_fetched_once_until_it_is_released(size: int) -> None:
    spool, source = Spool(small_bytes=100), Source(os.urandom(size))
    for _ in range(3):
        fetched = spool.fetched("a", size, source.blocks)
        assert fetched.read(0, size) == source.data
        assert fetched.read(2, 4) == source.data[2:4]
    assert source.asked == 1
    spool.release("a")
    spool.release("a")
    assert fetched.read(1, 5) == source.data[1:5]  # who has it still reads it
    spool.fetched("a", size, source.blocks)
    assert source.asked == 2


def test_it_keeps_no_more_than_its_bounds() -> None:
    spool = Spool(most_bytes=2500, most_files=2, most_small=1, small_bytes=10)
    for key, size, is_kept in [
        ("small", 10, True),
        ("another small", 10, False),
        ("large", 1000, True),
        ("too large", 1600, False),
        ("large too", 1000, True),
        ("one file too many", 11, False),
    ]:
        source = Source(os.urandom(size))
        for _ in range(2):
            assert spool.fetched(key, size, source.blocks).read(0, size) == source.data
        assert source.asked == (1 if is_kept else 2), key
    assert len(spool) == 3


def test_of_many_threads_one_fetches() -> None:
    spool, source = Spool(small_bytes=0), Source(os.urandom(100_000))
    seen: list[bytes] = []

    def read() -> None:
        seen.append(spool.fetched("a", 100_000, source.blocks).read(0, 100_000))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [source.data] * 8
    assert source.asked == 1


def test_nothing_is_left_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path))
    spool, source = Spool(small_bytes=0), Source(b"x" * 1000)
    gc.collect()  # what tests before have left open
    descriptors = open_files()
    fetched = spool.fetched("a", 1000, source.blocks)
    assert list(tmp_path.joinpath("fetched").iterdir()) == []
    spool.release("a")
    del fetched
    gc.collect()
    assert open_files() == descriptors


def test_what_fails_is_not_kept_and_may_be_tried_again() -> None:
    spool = Spool()

    def fail() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError

    for _ in range(2):
        with pytest.raises(ConnectionError):
            spool.fetched("a", 8, fail)
    assert len(spool) == 0
    assert spool.fetched("a", 2, lambda: iter([b"ok"])).read(0, 2) == b"ok"


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("anysense.index.objects.spool.os.write", refuse)
    with pytest.raises(StorageError, match="No space left on device; name a folder with room"):
        Spool(small_bytes=0).fetched("a", 4, lambda: iter([b"abcd"]))
