"""The file of keys: what is in it, and who may write it."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

import pytest

from anysense.embed.errors import StorageError, UsageError
from anysense.server.http.access.key_file import changing_keys, check_name, read_keys
from anysense.server.http.access.keys import SCOPES, new_key, new_secret

HASH = f"{'0' * 32}:{'0' * 64}"


def add(path: Path, name: str, secret: str = "s") -> None:
    with changing_keys(path) as keys:
        keys.append(new_key(name, SCOPES, secret))


def test_what_is_written_is_read_and_the_secret_is_not_in_it(tmp_path: Path) -> None:
    path, secret = tmp_path / "keys", new_secret()
    add(path, "ada", secret)
    add(path, "bob")
    assert [key.name for key in read_keys(path)] == ["ada", "bob"]
    assert read_keys(path)[0].fits(secret)
    assert secret not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_comments_and_empty_lines_are_left(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# a comment\n\n  ada\tread   {HASH}  \n")
    (key,) = read_keys(path)
    assert (key.name, key.scopes) == ("ada", {"read"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("ada", "line 1: it is not a key"),
        (f"ada read {HASH}0", "line 1: it is not a key"),
        (f"ada admin {HASH}", "line 1: the scopes of a key"),
        (f"ada read,read {HASH}", "line 1: the scopes of a key"),
        (f"ada , {HASH}", "line 1: the scopes of a key"),
        (f"ada read {HASH}\nada write {HASH}", "line 2: there are two keys named ada"),
        ("\0\xff", "line 1: it is not a key"),
        ("#" * 2_000_000, "it is no file of keys"),
        ("".join(f"k{i} read {HASH}\n" for i in range(1001)), "over 1,000 keys"),
    ],
)
def test_what_is_no_key_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(UsageError) as refused:
        read_keys(path)
    assert said in str(refused.value)
    assert HASH not in str(refused.value)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o777])
def test_a_file_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys"
    add(path, "ada")
    path.chmod(mode)
    with pytest.raises(UsageError, match="Other users can write keys"):
        read_keys(path)


def test_a_file_that_others_can_read_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys"
    add(path, "ada")
    path.chmod(0o444)
    with caplog.at_level(logging.WARNING):
        assert len(read_keys(path)) == 1
    assert "Other users can read" in caplog.text


def test_a_file_that_is_none_is_refused_and_stays(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError, match=r"cannot be read|is no file"):
            read_keys(path)
    with pytest.raises(UsageError):
        add(tmp_path, "ada")
    with pytest.raises(StorageError, match="no such folder"):
        add(tmp_path / "none" / "keys", "ada")
    assert list(tmp_path.iterdir()) == []
    note = tmp_path / "note"
    note.write_text("A note, no keys.")
    with pytest.raises(UsageError):
        add(note, "ada")
    assert note.read_text() == "A note, no keys."


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(UsageError, match="is no file of keys"):
            read_keys(path)


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    add(path, "ada")
    before = path.read_bytes()

    def fail() -> None:
        with changing_keys(path) as keys:
            keys.clear()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == before


def test_keys_that_are_made_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    threads = [threading.Thread(target=add, args=(path, f"k{i}")) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key.name for key in read_keys(path)} == {f"k{i}" for i in range(16)}


def test_a_link_to_the_file_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "keys")
    add(tmp_path / "link", "ada")
    assert (tmp_path / "link").is_symlink()
    assert len(read_keys(tmp_path / "keys")) == 1


def test_names() -> None:
    for name in ("ada", "ci-2", "ada@team.example", "0"):
        check_name(name)
    for name in ("", " ", "a b", "#a", "-a", "a\n", "ä", "a" * 65, "a:b", "a/b"):
        with pytest.raises(UsageError):
            check_name(name)
