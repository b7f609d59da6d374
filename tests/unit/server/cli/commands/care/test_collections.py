"""`anysense collections`, and serving what it lists."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from command_line import run, run_json

from anysense.embed.errors import UsageError
from anysense.index.collection import Collection
from anysense.server.cli.finding.cached import cached_of
from anysense.server.cli.served import described, named_paths
from anysense.server.client.running import RunningService, noted


@pytest.fixture(autouse=True)
def _own(own_cache: Path) -> None:
    """No other index is there."""


@pytest.fixture
def folder(media: Path) -> Path:
    """A folder that was searched."""
    run("find", "red", media, "--encoder", "tiny")
    return Path(os.path.realpath(media))


def path_of(folder: Path) -> Path:
    return cached_of(str(folder)).path


def test_indexes_are_listed(folder: Path) -> None:
    payload = run_json("collections")
    [fact] = payload["collections"]
    assert (fact["folder"], fact["items"], fact["is_there"]) == (str(folder), 3, True)
    assert fact["collection"] == str(path_of(folder))
    assert fact["service"] is None
    assert fact["used_at"] > "2026"
    assert payload["bytes"] == fact["bytes"] > 10_000
    assert run_json("collections", folder) == payload
    header, line = run("collections").stdout.splitlines()
    assert header.split("\t") == ["folder", "items", "size", "last used", "state"]
    assert line.split("\t")[:2] == [str(folder), "3"]
    assert "There is no index of" in run("collections", folder.parent, status=2).stderr


def test_what_is_wrong_or_in_use_is_told(folder: Path) -> None:
    service = RunningService("http://127.0.0.1:1", os.getpid(), {"c": path_of(folder)}, False)
    with noted(service):
        assert "served at http://127.0.0.1:1" in run("collections").stdout
        kept = run("collections", "--clear", folder, status=1)
        assert "is served at http://127.0.0.1:1: stop that first" in kept.stderr
        assert path_of(folder).is_dir()
        run("collections", "--clear", folder, "--yes")
        assert not path_of(folder).is_dir()


def test_an_index_that_cannot_be_read_is_listed_and_removed(folder: Path) -> None:
    for file in path_of(folder).iterdir():
        if file.is_file():
            file.unlink()
    shutil.rmtree(folder)
    [fact] = run_json("collections")["collections"]
    assert (fact["items"], fact["is_there"]) == (None, False)
    assert "the folder is not there, cannot be read" in run("collections").stdout
    run("collections", "--clear", folder)
    assert run_json("collections") == {"collections": [], "bytes": 0}
    assert run("collections").stderr.startswith("There are none")


def test_indexes_are_removed(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    run("find", "red", other, "--encoder", "tiny")
    assert "Removed the index of" in run("collections", "--clear", other).stdout
    assert [fact["folder"] for fact in run_json("collections")["collections"]] == [str(folder)]
    assert "There is nothing to remove." in run("collections", "--clear-missing").stderr
    asked = run("collections", "--clear", status=2)
    assert "would remove 1 index: name the folders, or add --yes" in asked.stderr
    folder.rename(tmp_path / "moved")
    assert "add --yes" in run("collections", "--clear-missing", status=2).stderr
    run("collections", "--clear-missing", "--yes")
    assert run_json("collections")["collections"] == []
    assert "not both" in run("collections", "--clear", "--clear-missing", status=2).stderr


def test_an_index_that_is_written_is_not_removed(folder: Path) -> None:
    with cached_of(str(folder)).update_lock():
        refused = run("collections", "--clear", folder, status=1)
    assert "being brought up to date by another process" in refused.stderr
    with Collection.open(path_of(folder)) as collection, collection.folder.writing():
        assert "is being written to" in run("collections", "--clear", folder, status=1).stderr
    assert len(run("find", "red", folder, "-l").stdout.splitlines()) == 3


def test_a_question_is_asked_in_a_terminal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anysense.server.cli.removal.is_answered", lambda: True)
    kept = run("collections", "--clear", text="n\n", status=2)
    assert str(folder) in kept.stderr
    assert path_of(folder).is_dir()
    run("collections", "--clear", text="y\n")
    assert not path_of(folder).is_dir()


def test_a_folder_stands_for_its_index_where_one_is_served(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert named_paths([str(folder)]) == {"media": path_of(folder)}
    assert named_paths([f"photos={folder}"]) == {"photos": path_of(folder)}
    assert described(path_of(folder)) == str(folder)
    with pytest.raises(UsageError, match="are the same collection"):
        named_paths([f"a={folder}", f"b={path_of(folder)}"])
    Collection.create(folder.parent / "own", ["tiny"]).close()
    assert named_paths([str(folder.parent / "own")]) == {"own": folder.parent / "own"}
    assert described(folder.parent / "own") == str(folder.parent / "own")
