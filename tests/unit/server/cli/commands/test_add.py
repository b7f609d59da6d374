from __future__ import annotations

from typing import TYPE_CHECKING

from command_line import run, run_json

if TYPE_CHECKING:
    from pathlib import Path


def test_texts_are_added_with_their_metadata(built: Path) -> None:
    meta = ("--meta", "year=2020", "--meta", "by=me")
    assert run("add", built, "--text", "a blue thing", "--id", "t", *meta).stdout == "t\n"
    item = run_json("show", built, "t")
    assert (item["kind"], item["metadata"]) == ("text", {"year": 2020, "by": "me"})


def test_a_text_may_come_from_a_pipe(built: Path) -> None:
    run("add", built, "--text", "-", "--id", "piped", text="a green thing")
    assert run_json("search", built, "green", "--modality", "text")["hits"][0]["id"] == "piped"


def test_add_says_what_failed(built: Path, media: Path) -> None:
    (media / "bad.png").write_bytes(b"x")
    payload = run_json("add", built, media / "bad.png", media / "red.png", status=3)
    assert (payload["ids"][0], payload["added"], payload["duplicates"]) == (None, 0, 1)
    assert "bad.png" in payload["failed"][0]["source"]
    run("add", built, media / "bad.png", status=1)


def test_what_is_added_twice_keeps_its_metadata(built: Path, media: Path) -> None:
    for thing in ((media / "red.png",), ("--text", "a blue thing")):
        [item_id] = run_json("add", built, *thing, "--meta", "a=1")["ids"]
        again = run_json("add", built, *thing, "--meta", "b=2")
        assert (again["ids"], again["duplicates"]) == ([item_id], 1)
        assert run_json("show", built, item_id)["metadata"] == {"a": 1, "b": 2}


def test_what_is_to_be_added_must_be_clear(built: Path) -> None:
    assert "KEY=VALUE" in run("add", built, "--text", "x", "--meta", "oops", status=2).stderr
    run("add", built, status=2)
    run("add", built, "--text", "a", "--text", "b", "--id", "one", status=2)
    assert run_json("info", built)["items"] == 3


def test_an_added_photo_brings_the_words_beside_it_unless_that_is_not_wanted(
    built: Path, media: Path
) -> None:
    (media / "blue.txt").write_text("a low dark barn")

    def texts(*options: str) -> list[str]:
        [item_id] = run_json("add", built, media / "blue.png", *options)["ids"]
        segments = run_json("show", built, item_id)["segments"]
        return [segment["text"] for segment in segments if segment["origin"] == "caption"]

    assert texts() == ["a low dark barn"]
    assert texts("--no-sidecars") == []


def test_a_text_that_is_the_path_of_a_file_is_hinted_at(built: Path, media: Path) -> None:
    path = media / "red.png"
    message = run("add", built, "--text", path).stderr
    assert (
        message
        == f"{path} is a file, and its name is added as a text: FILE adds the file itself.\n"
    )
