"""Where the cache is, and that it may be missing, damaged or out of reach."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from anysense.embed.cache import user_cache, write_aside


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("ANYSENSE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("platform", "folder"),
    [("linux", ".cache"), ("darwin", "Library/Caches"), ("win32", "AppData/Local")],
)
def test_each_system_has_its_place(
    home: Path, monkeypatch: pytest.MonkeyPatch, platform: str, folder: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert user_cache() == home / folder / "anysense"
    assert user_cache("a", "b.npy") == home / folder / "anysense" / "a" / "b.npy"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "caches"))
    assert user_cache("a") == home / "caches" / "anysense" / "a"
    monkeypatch.setenv("ANYSENSE_CACHE", str(home / "mine"))
    assert user_cache("a") == home / "mine" / "a"
    assert list(home.iterdir()) == []


def test_windows_says_where_local_data_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(home / "local"))
    assert user_cache("a") == home / "local" / "anysense" / "a"


def test_an_empty_variable_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("ANYSENSE_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert user_cache() == home / ".cache" / "anysense"


def test_what_is_written_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.bin"
    for content in (b"one", b"two"):
        assert write_aside(path, lambda file, content=content: file.write(content))
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_a_place_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert not write_aside(tmp_path / "file" / "below", lambda file: file.write(b"one"))


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_half_a_file_is_never_left(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"whole")

    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise error("no space")

    if error is OSError:
        assert not write_aside(path, fail)
    else:
        with pytest.raises(error):
            write_aside(path, fail)
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_writers_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = [bytes([n]) * 100_000 for n in range(8)]
    writers = [
        threading.Thread(target=write_aside, args=(path, lambda file, c=c: file.write(c)))
        for c in contents
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_home_nothing_is_kept_and_nothing_fails(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    path = user_cache("a", "b.npy")
    assert not path.exists()
    assert not write_aside(path, lambda file: file.write(b"x"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "caches"))
    assert user_cache("a") == home / "caches" / "anysense" / "a"
