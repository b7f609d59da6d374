"""What is printed: for people, for scripts, and never for the terminal to obey."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import run, run_json
from tar_files import write_tar

from anysense.embed.errors import MediaError
from anysense.index.collection import Collection
from anysense.index.types import NewItem
from anysense.server.cli import console
from anysense.server.cli.console import count, show_size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (show_size(999), "999 B"),
        (show_size(3_400_000), "3.4 MB"),
        (show_size(2e12), "2.0 TB"),
        (count(1, "file"), "1 file"),
        (count(2000, "file"), "2,000 files"),
    ],
)
def test_numbers_are_said_for_people(text: str, expected: str) -> None:
    assert text == expected


def test_paths_are_raw_for_scripts_and_clean_in_a_terminal(
    built: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (media / "evil\x1b[2J.txt").write_text("a red hat")
    (media / "evil\x1b[3J.png").write_bytes(b"x")
    run("build", media, "-o", built, status=3)
    listing = (("search", built, "red", "-f"), ("info", built, "--quarantined"))
    for args in listing:
        assert "\x1b" in run(*args).stdout
    monkeypatch.setattr(console, "stdout_is_terminal", lambda: True)
    for args in listing:
        assert "\x1b" not in run(*args).stdout


def test_control_characters_do_not_reach_the_terminal(built: Path, media: Path) -> None:
    run("add", built, "--text", "red \x1b[2J evil\x07 text", "--id", "evil")
    for args in (("search", built, "red"), ("show", built, "evil")):
        assert not set(run(*args).stdout) & {"\x1b", "\x07"}
    (media / "evil\x1b[2J.png").write_bytes(b"x")
    assert "\x1b" not in run("build", media, "-o", built, status=3).stderr
    assert "\x1b" not in run("search", built, "--image", "no\x1b[2J.png", status=2).stderr
    run("add", built, "--text", "blue", "--id", "odd")
    with Collection.open(built) as collection:
        collection.describe({"odd": {"a\x1b[2J": 1}})
    assert "\x1b" not in run("show", built, "odd").stdout


def test_a_very_long_name_is_shortened_for_people_and_whole_for_programs(tmp_path: Path) -> None:
    name = "\u00e9" * 1_000 + " " + "b" * 1_000 + ".png"
    write_tar(tmp_path / "a.tar", {name: b"no picture", f"{name}.json": "{", "b.txt": "red"})
    build = ("build", tmp_path / "a.tar", "-o", tmp_path / "c", "--encoder", "tiny")
    told = run(*build, status=3).stderr
    assert "bbb.png: is named like a .png file, but" in told
    assert "!/\u00e9\u00e9\u00e9" in told
    assert "\u2026" in told
    assert max(map(len, told.splitlines())) < 600
    [problem] = run_json(*build, status=3)["quarantined"]
    assert problem["path"].endswith(f"!/{name}")
    error = str(MediaError(name, "is odd"))
    assert (len(error), error[:2], error[-11:]) == (308, "\u00e9\u00e9", "png: is odd")
    assert MediaError(name, "is odd").source == name
    assert len(run("build", name, "-o", tmp_path / "d", status=2).stderr) < 2_200


def test_hits_of_very_long_names_are_short_in_tables(built: Path) -> None:
    name = "x" * 9_000
    with Collection.open(built) as collection:
        collection.add([NewItem("a red hat", source=name, id="odd")])
    told = run("search", built, "a red hat", "-k", "1").stdout
    assert "x\u2026x" in told
    assert len(told) < 600
    assert len(run("show", built, "odd").stdout) < 1_000
    assert run_json("search", built, "a red hat", "-k", "1")["hits"][0]["source"] == name


def test_warnings_are_told_as_notes_are(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.Logger("any")
    logger.addHandler(console.WarningHandler())
    logger.info("not told")
    logger.warning("%s: its words are left out, %d of them", Path("/\x1b[2J" + "y" * 90_000), 3)
    logger.warning("100 %")
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("/ [2Jyyy")
    assert first.endswith("yyy: its words are left out, 3 of them")
    assert len(first) < 400
    assert second == "100 %"


def test_a_process_tells_warnings_by_it(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").symlink_to(tmp_path / "else")
    (tmp_path / "\x1b[2J").mkdir()
    (tmp_path / "\x1b[2J" / ".ignore").symlink_to(tmp_path / "else")
    (tmp_path / "a.sketch").write_bytes(b"x")
    command = [sys.executable, "-m", "anysense", "build", tmp_path, "-o", tmp_path / "c"]
    done = subprocess.run([*command, "--list-unread"], capture_output=True, check=True)
    assert done.stderr.count(b"leaves nothing out: it is a link") == 2
    assert b"\x1b" not in done.stderr
