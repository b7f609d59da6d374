"""A fingerprint changes with whatever a build would see, and with nothing that is hidden."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from anysense.server.cli.finding import fingerprint as module
from anysense.server.cli.finding.fingerprint import fingerprint

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which what was changed a moment ago counts as settled."""
    monkeypatch.setattr(module, "UNSURE_SECONDS", -60.0)
    folder = tmp_path / "around" / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("one")
    (folder / "deep" / "b.txt").write_text("two")
    return folder


def test_it_is_the_same_as_long_as_nothing_changes(folder: Path) -> None:
    first = fingerprint(str(folder))
    assert first is not None
    assert fingerprint(str(folder)) == first
    (folder / ".hidden").write_text("x")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "c.txt").write_text("x")
    (folder / "deep" / "cache").mkdir()
    (folder / "deep" / "cache" / "CACHEDIR.TAG").touch()
    in_cache = fingerprint(str(folder))
    (folder / "deep" / "cache" / "c.txt").write_text("x")
    assert fingerprint(str(folder)) == in_cache
    shutil.rmtree(folder / "deep" / "cache")
    assert fingerprint(str(folder)) == first


def test_it_changes_with_each_change(folder: Path) -> None:
    seen = {fingerprint(str(folder))}
    file = folder / "deep" / "b.txt"

    def changed() -> bool:
        before = len(seen)
        seen.add(fingerprint(str(folder)))
        return len(seen) == before + 1

    file.write_text("longer")
    assert changed()
    state = file.stat()
    file.write_text("shorte")  # of the same length, with the former time
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert changed()
    file.rename(folder / "deep" / "c.txt")
    assert changed()
    (folder / "empty").mkdir()
    assert changed()
    (folder / "link.txt").symlink_to("nowhere")
    assert changed()
    (folder / ".ignore").write_text("*.tmp")
    assert changed()
    (folder.parent / ".gitignore").write_text("*.tmp")
    assert changed()


def test_it_changes_with_what_reads_the_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fingerprint(str(folder))
    monkeypatch.setattr(module, "version", lambda _: "99")
    assert fingerprint(str(folder)) not in (None, first)
    monkeypatch.undo()
    monkeypatch.setattr(module, "UNSURE_SECONDS", -60.0)
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    without = fingerprint(str(folder))
    monkeypatch.setattr(module, "find_spec", lambda _: object())
    assert fingerprint(str(folder)) not in (None, without)


def test_what_has_just_changed_has_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNSURE_SECONDS", 3600.0)
    assert fingerprint(str(folder)) is None


def test_what_cannot_be_listed_has_none(folder: Path) -> None:
    assert fingerprint(str(folder / "gone")) is None
