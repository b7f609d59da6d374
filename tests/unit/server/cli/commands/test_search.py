from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from command_line import hits_of, run, run_json, sources_of
from media_files import page, pdf
from PIL import Image
from video_files import Scene, film, tones

from anysense.server.cli.searching import NO_MATCH
from anysense.server.client.running import RunningService, noted

if TYPE_CHECKING:
    import pytest


def test_search_prints_lines_json_or_paths(built: Path, media: Path) -> None:
    lines = run("search", built, "red", "-k", "3").stdout.splitlines()
    assert len(lines) == 3
    assert all(len(line.split("\t")) in (4, 5) for line in lines)
    payload = run_json("search", built, "red", "--modality", "image")
    assert list(payload) == ["collection", "query", "no_match", "hits"]
    assert payload["query"] == [{"content": "red", "modality": "text", "weight": 1.0}]
    assert [hit["source"] for hit in payload["hits"]] == [
        os.path.realpath(media / "red.png"),
        os.path.realpath(media / "blue.png"),
    ]
    assert set(payload["hits"][0]) == {
        "id", "kind", "modality", "score", "raw_score", "route", "source", "space", "start",
        "end", "unit", "page", "box", "origin", "heading", "text",
        "metadata", "segments", "moments",
    }  # fmt: skip
    paths = run("search", built, "red", "--modality", "image", "-f").stdout.splitlines()
    assert paths == [hit["source"] for hit in payload["hits"]]
    assert run("search", built, "red", "--modality", "image", "-l").stdout.splitlines() == paths
    ended = run("search", built, "red", "--modality", "image", "-0").stdout
    assert ended == "".join(f"{path}\0" for path in paths)


def test_search_says_where_in_a_document_something_is(built: Path, media: Path) -> None:
    red = b"1 0 0 rg 20 20 572 752 re f"
    (media / "lamp.pdf").write_bytes(pdf([page("a dark word"), red]))
    for shade in range(30):  # what does not match, so that something can match well
        Image.new("RGB", (24, 24), (20, 200 + shade, 20)).save(media / f"green-{shade}.png")
        (media / f"note-{shade}.txt").write_text(f"a green note, number {shade}")
    run("build", media, "-o", built)
    only = ("--where", "kind = 'document'")
    [hit] = run_json("search", built, "red", *only)["hits"]
    assert (hit["kind"], hit["modality"], hit["page"]) == ("document", "image", 2)
    [line] = run("search", built, "red", *only).stdout.splitlines()
    assert line.split("\t")[1:4] == ["image", "page 2", os.path.realpath(media / "lamp.pdf")]
    [line] = run("search", built, "dark", *only, "--modality", "text").stdout.splitlines()
    assert line.split("\t")[1:3] == ["text", "page 1, 0-11"]
    [hit] = run_json("search", built, "dark red", *only)["hits"]
    [further] = [s for s in hit["segments"] if s["modality"] != hit["modality"]]
    [line] = run("search", built, "dark red", *only).stdout.splitlines()
    places = {"image": "page 2", "text": "page 1, 0-11"}
    assert line.split("\t")[2] == places[hit["modality"]]
    also = line.split("\t")[5]
    assert also.startswith(f"{further['modality']} {places[further['modality']]}")


def test_search_combines_and_subtracts(built: Path, media: Path) -> None:
    payload = run_json("search", built, "red", "--image", media / "blue.png", "--not", "green")
    assert [(t["modality"], t["weight"]) for t in payload["query"]] == [
        ("text", 1.0),
        ("image", 1.0),
        ("text", -1.0),
    ]
    assert payload["hits"]
    red = run_json("search", built, "red", "--modality", "image")["hits"][0]["id"]
    like = run_json("search", built, "--like", red, "--modality", "image")
    assert red not in [hit["id"] for hit in like["hits"]]
    assert "Give a TEXT" in run("search", built, "--not", "red", status=2).stderr
    several = run("search", built, "waves", "on", "a beach", status=2)
    assert several.stderr.startswith('error: Put a text of several words in quotes: "waves on a')
    assert "not both" in run("search", built, "x", "--json", "--files", status=2).stderr


def test_search_says_when_it_finds_nothing(built: Path) -> None:
    result = run("search", built, "red", "--min-score", "1e6")
    assert result.stdout == ""
    assert "Nothing found" in result.stderr
    assert run_json("search", built, "red", "--min-score", "1e6")["hits"] == []
    for args, why in (
        (["--min-score", "50"], "Nothing found with a score of 50 or more."),
        (["--where", "id = 'x'"], "Nothing found: --where holds for no item."),
        (["--modality", "audio"], "Nothing found: the collection has no audio."),
        (
            ["--kind", "video", "--kind", "audio"],
            "Nothing found: the collection has no item of kind video or audio.",
        ),
        (["--offset", "3"], "Nothing found after the first 3."),
    ):
        assert run("search", built, "red", *args).stderr == f"{why}\n"
    run("remove", built, "--where", "modality != 'audio'")
    payload = run("search", built, "red").stderr
    assert payload == "Nothing found: the collection is empty.\n"


def test_a_text_that_is_the_path_of_a_file_is_hinted_at(
    built: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(media)
    (media / "owl.mp3").write_bytes(b"")
    (media / "red").write_text("no suffix, so that the word is more likely meant")
    for name, option in (("red.png", "image"), ("owl.mp3", "audio"), ("note.txt", "like")):
        searched = run("search", built, name)
        assert f"{name} is a file, and its name is searched as words: --{option} {name} " in (
            searched.stderr
        )
        assert len(searched.stdout.splitlines()) == 3
    message = run("search", built, "red", "--not", "red.png").stderr
    assert "red.png is a file, and its name is subtracted as words.\n" in message
    for text in ("red", "gone.png", f"{'x' * 5000}.png", "a\0.png"):
        assert "is a file" not in run("search", built, text).stderr


def test_only_hits_that_are_files_have_paths(built: Path, media: Path) -> None:
    rows = media / "rows.jsonl"
    rows.write_text('{"text": "a red row"}\n{"path": "red.png", "id": "r"}\n')
    (media / "rows.jsonl#not-a-row.txt").write_text("a red file")
    run("build", media, rows, "-o", built)
    run("add", built, "--text", "a red text", "--id", "t")
    listed = run("search", built, "red", "-f")
    assert {Path(line).name for line in listed.stdout.splitlines()} == {
        "red.png",
        "blue.png",
        "note.txt",
        "rows.jsonl#not-a-row.txt",
    }
    assert "2 hits without a file left out.\n" in listed.stderr


def test_texts_and_names_are_found_by_their_words(built: Path) -> None:
    options = ("--match", "words", "-k", "1")
    [hit] = run_json("search", built, "blue.png", *options)["hits"]
    assert (hit["source"].rpartition("/")[2], hit["route"]) == ("blue.png", "words")
    assert {hit["route"] for hit in hits_of(built, "--match", "vector")} == {"native"}
    nothing = run("search", built, "zebra", "--match", "words")
    assert nothing.stderr == "Nothing found: no text and no name has its words.\n"
    result = run("search", built, "red", "--match", "magic", status=2)
    assert result.stderr.startswith("error: ")
    like = hits_of(built)[0]["id"]
    result = run("search", built, "--like", like, "--match", "words", status=2)
    assert "A search by words needs a text" in result.stderr


def test_search_options_reach_the_search(built: Path, media: Path) -> None:
    for shade in range(4):
        Image.new("RGB", (24, 24), (225 + shade, 20, 20)).save(media / f"rosy-{shade}.png")
    run("build", media, "-o", built)
    whole = sources_of(built)
    assert len(whole) == 7
    assert [*sources_of(built, "-k", "3"), *sources_of(built, "--offset", "3")] == whole
    assert len(sources_of(built, "--per-modality-k", "1")) == 2
    of_text = hits_of(built, "--kind", "text", "--kind", "audio")
    assert [hit["kind"] for hit in of_text] == ["text"]
    modalities = [hit["modality"] for hit in hits_of(built, "--fusion", "round_robin", "-k", "4")]
    assert modalities[:2] in (["text", "image"], ["image", "text"])
    assert modalities[2:] == ["image", "image"]  # there is one text
    assert len(sources_of(built, "--collapse", "0.99")) == 3
    for option in (
        ("--per-modality-k", "0"),
        ("--offset", "-1"),
        ("--offset", "995"),
        ("--collapse", "0"),
        ("--collapse", "1.1"),
        ("--fusion", "magic"),
    ):
        result = run("search", built, "red", *option, status=2)
        assert result.stderr.startswith("error: ")


def test_search_says_if_chance_would_find_as_much(tmp_path: Path) -> None:
    folder, where = tmp_path / "notes", tmp_path / "c"
    folder.mkdir()
    for i in range(30):
        word = ("green", "blue", "low", "high")[i % 4] if i else "red"
        (folder / f"{i}.txt").write_text(f"a {word} thing, number {i}")
    run("build", folder, "-o", where, "--encoder", "tiny")
    for query, is_match in (("red", True), ("hello", False)):
        assert run_json("search", where, query)["no_match"] == (not is_match)
        result = run("search", where, query)
        message = "" if is_match else NO_MATCH + "\n"
        assert result.stderr == message
        assert len(result.stdout.splitlines()) == 10
    assert run_json("search", where, "hello", "--min-score", "50")["no_match"] is True
    assert "Nothing found" in run("search", where, "hello", "--min-score", "50").stderr


def test_a_bad_filter_and_a_bad_query_file_are_sentences(built: Path, media: Path) -> None:
    assert run("search", built, "x", "--where", "year >", status=2).stderr.startswith("error: ")
    (media / "bad.png").write_bytes(b"x")
    result = run("search", built, "--image", media / "bad.png", status=1)
    assert "bad.png" in result.stderr


def test_a_page_ends_at_the_thousandth_hit(built: Path) -> None:
    run("search", built, "red", "-k", "1", "--offset", "999")
    refused = run("search", built, "red", "-k", "2", "--offset", "999", status=2)
    assert "at most 1000 together" in refused.stderr
    help_text = " ".join(run("search", "--help").stdout.split())
    assert "N and -k are at most 1,000 together." in help_text


def test_search_opens_the_page_of_a_service_that_has_the_collection(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("click.launch", opened.append)
    told = run("search", built, "red", "--open", status=1).stderr
    assert f"start one with `anysense serve {built}`" in told
    service = RunningService("http://127.0.0.1:8123", os.getpid(), {"things": built}, False)
    with noted(service):
        told = run("search", built, "red ink", "--not", "blue", "--open", "--modality", "image")
        assert told.stdout == ""
    assert opened == ["http://127.0.0.1:8123/?c=things&q=red+ink&q=blue&w=1%2C-1&in=image"]


def test_a_video_asks_by_its_frames_and_its_sound(built: Path, tmp_path: Path) -> None:
    red = Image.new("RGB", (320, 180), (220, 20, 20))
    path = tmp_path / "film.mp4"
    path.write_bytes(film([Scene(red, 3.0, tones((110, 3.0)))]))
    payload = run_json("search", built, "--video", path, "--modality", "image")
    assert payload["query"] == [{"content": str(path), "modality": None, "weight": 1.0}]
    assert [os.path.basename(hit["source"]) for hit in payload["hits"]] == ["red.png", "blue.png"]  # noqa: PTH119
    assert payload["hits"][0]["raw_score"] > 0.95
    assert f"--video {path} searches by what it shows" in run("search", built, str(path)).stderr


def test_a_video_of_two_scenes_finds_what_each_shows(built: Path, tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (320, 180), c) for c in ((220, 20, 20), (20, 20, 220))]
    path = tmp_path / "film.mp4"
    path.write_bytes(film([Scene(picture, 3.0) for picture in pictures]))
    payload = run_json("search", built, "--video", path, "--modality", "image")
    found = {os.path.basename(hit["source"]): hit for hit in payload["hits"]}  # noqa: PTH119
    for name in ("red.png", "blue.png"):
        assert found[name]["raw_score"] > 0.95
