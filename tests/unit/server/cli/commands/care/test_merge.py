from __future__ import annotations

from typing import TYPE_CHECKING

from command_line import run, run_json, sources_of

if TYPE_CHECKING:
    from pathlib import Path


def test_two_collections_become_one(tmp_path: Path, media: Path) -> None:
    run("build", media / "red.png", "-o", tmp_path / "a", "--encoder", "tiny")
    run("build", media / "blue.png", media / "note.txt", "-o", tmp_path / "b", "--encoder", "tiny")
    said = run("merge", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "both").stdout
    assert "3 items. 3 added" in said
    assert {source.rsplit("/", 1)[1] for source in sources_of(tmp_path / "both")} >= {
        "red.png",
        "note.txt",
    }
    again = run_json("merge", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "both")
    assert (again["items"], again["unchanged"], again["added"]) == (3, 3, 0)


def test_a_damaged_part_makes_the_exit_status_3(tmp_path: Path, built: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    result = run("merge", built, tmp_path / "a.parquet", "-o", tmp_path / "both", status=3)
    assert "1 part left out" in result.stderr
    assert "cut short" in result.stderr


def test_what_is_not_there_is_said_and_makes_no_collection(tmp_path: Path) -> None:
    result = run("merge", tmp_path / "nothing", "-o", tmp_path / "both", status=2)
    assert "neither a part nor a collection" in result.stderr
    assert not (tmp_path / "both").exists()
    run("merge", tmp_path / "nothing", "-o", "", status=2)
