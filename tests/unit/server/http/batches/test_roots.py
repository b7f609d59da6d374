"""The folders that files are added from: what the attacks on them do not try."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from anysense.server.http.batches import roots
from anysense.server.http.batches.roots import Roots
from anysense.server.http.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_path_is_looked_for_in_one_folder_after_the_other(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").write_text(name)
    folders = Roots([str(tmp_path / "one"), str(tmp_path / "two")])
    with folders.open("two.txt") as file:
        copy, record = file.copy_to(tmp_path / "copy")
    assert copy == tmp_path / "copy.txt"
    assert copy.read_text() == "two"
    assert (record.path, record.size) == (str(tmp_path / "two" / "two.txt"), 3)


def test_a_folder_may_be_named_by_a_link_to_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("a")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    folders = Roots([str(tmp_path / "link")])
    for path in ("a.txt", str(tmp_path / "link" / "a.txt"), str(tmp_path / "real" / "a.txt")):
        with folders.open(path) as file:
            assert file.path == str(tmp_path / "real" / "a.txt")


def test_a_system_without_what_makes_it_safe_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roots, "HAS_DESCENT", False)
    with pytest.raises(RequestError, match="on this system"), Roots([str(tmp_path)]).open("a.txt"):
        pass


def test_folders_and_globs_leave_out_what_a_build_leaves_out(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "node_modules/c.txt", "drafts/d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".gitignore").write_text("b.txt\ndrafts/\n")
    folders = Roots([str(tmp_path)])
    for path in (".", "**/*.txt"):
        assert folders.expand(path) == [str(tmp_path / "a.txt")]
    assert folders.expand("b.txt") == ["b.txt"], "it is named"
    assert folders.expand("drafts") == [str(tmp_path / "drafts/d.txt")]


def test_a_glob_that_is_no_file_is_told_how_it_is_added(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "[b].txt").write_text("b")
    folders = Roots([str(tmp_path)])
    for path, said in (
        ("*.txt", r"may be read from; what a glob matches is added by a job, with wait=false\."),
        ("b.txt", r"may be read from\.$"),
    ):
        with pytest.raises(RequestError, match=said), folders.open(path):
            pass
    with folders.open("[b].txt") as file:
        assert file.file.read() == b"b"
