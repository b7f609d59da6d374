from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import run, run_json, sources_of
from tiny_files import write_media

from anysense.index.collection import Collection
from anysense.index.reencoding import encoding
from anysense.server.cli import removal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_media(tmp_path / "media")
    run("build", tmp_path / "media", "-o", tmp_path / "c", "--encoder", "tiny")
    return tmp_path / "c"


def encoders(path: Path) -> list[str]:
    return [encoder["name"] for encoder in run_json("info", path)["encoders"]]


def test_the_models_of_a_collection_are_changed(path: Path) -> None:
    before = sources_of(path)
    result = run("reencode", path, "--encoder", "tiny:other", "--drop", "tiny")
    assert "searched with tiny:other. 5 items encoded, tiny dropped; " in result.stdout
    assert encoders(path) == ["tiny:other"]
    assert set(sources_of(path)) == set(before)
    assert run_json("info", path)["reencoding"] is None


def test_what_is_done_is_told_as_json(path: Path) -> None:
    report = run_json("reencode", path, "--encoder", "tiny:other")
    assert report["encoders"] == ["tiny:other", "tiny"]
    assert (report["encoded"], report["missing"], report["dropped"]) == (5, [], [])
    assert run_json("reencode", path, "--drop", "tiny")["dropped"] == ["tiny"]


def test_a_run_that_was_stopped_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: encoding.Reencoder) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(encoding.Reencoder, "run", interrupted)
        result = run("reencode", path, "--encoder", "tiny:other", status=130)
    assert "is searched as before. Run `anysense reencode" in result.stderr
    assert run_json("info", path)["reencoding"] == {
        "encoders": ["tiny:other"],
        "drop": [],
        "items": 0,
    }
    assert "with tiny:other, 0 of 5 items" in run("info", path).stdout
    assert "--restart" in run("reencode", path, "--encoder", "tiny:text-image", status=2).stderr
    assert encoders(path) == ["tiny"]
    run("reencode", path)
    assert encoders(path) == ["tiny:other", "tiny"]


def test_what_was_begun_can_be_abandoned(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(encoding.Reencoder, "run", lambda self: exec("raise KeyboardInterrupt"))
        run("reencode", path, "--encoder", "tiny:other", status=130)
    run("reencode", path, "--abandon", "--drop", "tiny", status=2)
    run("reencode", path, "--abandon")
    assert run_json("info", path)["reencoding"] is None
    assert encoders(path) == ["tiny"]


def test_items_are_removed_only_after_a_yes(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "media" / "red.png").unlink()
    command = ("reencode", path, "--encoder", "tiny:other", "--drop", "tiny", "--restart")
    refused = run(*command, status=2)
    assert "1 item of" in refused.stderr
    assert "--yes" in refused.stderr
    assert encoders(path) == ["tiny"]
    monkeypatch.setattr(removal, "is_answered", lambda: True)
    assert run(*command, text="n\n", status=2)
    assert run_json("info", path)["items"] == 5
    answered = run(*command, text="y\n", status=3)
    assert "1 item could not be encoded again" in answered.stderr
    assert "its file is gone" in answered.stderr
    assert run_json("info", path)["items"] == 4
    with Collection.open(path) as collection:
        assert collection.verify().problems == []
