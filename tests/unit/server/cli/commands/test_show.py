from __future__ import annotations

from typing import TYPE_CHECKING

from command_line import run, run_json

if TYPE_CHECKING:
    from pathlib import Path


def test_an_item_is_shown_with_its_metadata_and_segments(built: Path) -> None:
    run("add", built, "--text", "a blue thing", "--id", "t", "--meta", "year=2020")
    item = run_json("show", built, "t")
    assert (item["id"], item["kind"], item["metadata"]) == ("t", "text", {"year": 2020})
    assert [segment["text"] for segment in item["segments"]] == ["a blue thing"]
    lines = run("show", built, "t").stdout.splitlines()
    assert "metadata year  2020" in lines
    assert lines[-1].split("\t")[1:] == ["tiny", "text", "0-12", "a blue thing"]


def test_there_is_nothing_to_show_of_an_item_that_is_not_there(built: Path) -> None:
    assert f"{built} has no item 't'" in run("show", built, "t", status=1).stderr


def test_passages_are_shown_after_their_headings(built: Path, tmp_path: Path) -> None:
    note = tmp_path / "a.md"
    note.write_text("# Colours\n\n## Of lamps\n\na red one\n")
    run("add", built, note)
    lines = run("show", built, note.resolve()).stdout.splitlines()
    assert lines[-1].split("\t")[3:] == ["24-33", "Colours > Of lamps: a red one"]
    lines = run("search", built, "red lamps", "--where", f"source = '{note.resolve()}'").stdout
    assert "\tColours > Of lamps: a red one\n" in lines
