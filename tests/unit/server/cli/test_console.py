"""What is printed: for people, for scripts, and never for the terminal to obey."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import run

from anysense.index.collection import Collection
from anysense.server.cli import console
from anysense.server.cli.console import count, show_size

if TYPE_CHECKING:
    from pathlib import Path


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
