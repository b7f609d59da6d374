from __future__ import annotations

import os
from pathlib import Path

import pytest
from source_files import names, touch, write_table

from anysense.embed.types import Modality
from anysense.index.building.sources.scan import FileScan
from anysense.index.types import NewItem


def test_rows_of_a_table_are_items(tmp_path: Path) -> None:
    touch(tmp_path / "img/a.jpg")
    rows = write_table(
        tmp_path,
        {"path": "img/a.jpg", "id": 7, "modality": "image", "year": 1, "metadata": {"by": "me"}},
        {"text": "a note", "id": "n", "lang": "en"},
        {"text": "without an id"},
        {"file_name": "img/../img/a.jpg"},
    )
    run = FileScan([rows]).run()
    real = os.path.realpath(tmp_path)
    first, note, third = (entry.item for entry in run.entries)
    assert first == NewItem(
        Path(f"{real}/img/a.jpg"),
        "7",
        f"{real}/img/a.jpg",
        Modality.IMAGE,
        {"by": "me", "year": 1},
    )
    assert note == NewItem("a note", "n", f"{real}/rows.jsonl#n", Modality.TEXT, {"lang": "en"})
    assert third is not None
    assert third.source is not None
    assert third.source.startswith(f"{real}/rows.jsonl#")
    assert [p.reason for p in run.problems] == ["the same item as in row 1"]


def test_a_file_that_a_table_names_in_vain_is_told_with_the_folder(tmp_path: Path) -> None:
    touch(tmp_path / "ok.txt")
    paths = ["no.txt", "../no.txt", "/no/where.txt", f"{tmp_path}/no.txt", "..", "ok.txt"]
    run = FileScan([write_table(tmp_path, *({"path": path} for path in paths))]).run()
    assert names(run, tmp_path) == ["ok.txt"]
    real = os.path.realpath(tmp_path)
    root = f"no such file in {real}, where its paths start; --root names another folder"
    assert [p.reason for p in run.problems] == [
        f"no.txt: {root}",
        f"../no.txt: {root}",
        "/no/where.txt: no such file",
        f"{tmp_path}/no.txt: no such file",
        f"..: outside {real}; if that is meant, name a folder above both with --root, "
        "where all paths of the rows start then",
    ]


def test_a_table_stays_under_its_folder(tmp_path: Path) -> None:
    data, outside = tmp_path / "data", tmp_path / "outside"
    touch(data / "ok.txt", outside / "secret.txt")
    (data / "link.txt").symlink_to(outside / "secret.txt")
    rows = write_table(
        data,
        {"path": "../outside/secret.txt"},
        {"path": str(outside / "secret.txt")},
        {"path": "link.txt"},
        {"path": "http://example.org/a.jpg"},
        {"path": "a\0b"},
        {"path": str(data / "ok.txt")},
    )
    run = FileScan([rows]).run()
    assert names(run, data) == ["ok.txt"]
    assert [p.path.rpartition(":")[2] for p in run.problems] == ["1", "2", "3", "4", "5"]
    wider = FileScan([rows], root=tmp_path).run()
    assert os.path.realpath(outside / "secret.txt") in [entry.path for entry in wider.entries]


def test_rows_that_cannot_be_used_are_told_and_the_others_go_on(tmp_path: Path) -> None:
    touch(tmp_path / "a.txt")
    (tmp_path / "folder").mkdir()
    rows = write_table(
        tmp_path,
        {"note": "nothing to index"},
        {"path": 5},
        {"path": "missing.txt"},
        {"path": "folder"},
        {"text": "x", "modality": "smell"},
        {"text": "one", "id": "same"},
        {"text": "two", "id": "same"},
        {"path": "a.txt"},
    )
    run = FileScan([rows]).run()
    assert [p.path.rpartition(":")[2] for p in run.problems] == ["1", "2", "3", "4", "5", "7"]
    assert len(run.entries) == 2


@pytest.mark.parametrize("odd", [" ", "a\nb", "x" * 513, " x"])
def test_an_id_of_a_table_is_as_an_id_may_be(tmp_path: Path, odd: str) -> None:
    rows = [{"text": "one", "id": odd}, {"text": "two", "id": "fine"}]
    run = FileScan([write_table(tmp_path, *rows)]).run()
    assert [entry.item.id for entry in run.entries if entry.item is not None] == ["fine"]
    assert "an id is 1 to 512 printable characters" in run.problems[0].reason


def test_paths_are_found_however_they_are_written(tmp_path: Path) -> None:
    touch(tmp_path / "a b/c.txt", tmp_path / "d.txt", tmp_path / "e.txt", tmp_path / " f.txt")
    real = os.path.realpath(tmp_path)
    rows = write_table(
        tmp_path,
        {"path": f"file://{real}/a%20b/c.txt"},
        {"path": " d.txt "},
        {"path": " f.txt"},
        {"path": "x\\..\\e.txt"},
        {"path": "..\\..\\etc\\hosts"},
        {"path": "file:///etc/hosts"},
        {"path": "https://ada:hunter2@host/d.txt"},
        {"path": "file://elsewhere/d.txt"},
    )
    run = FileScan([rows]).run()
    expected = ["a b/c.txt", "d.txt", " f.txt"]
    assert names(run, tmp_path) == [*expected, "e.txt"] if os.sep == "/" else expected
    reasons = [problem.reason for problem in run.problems]
    assert "outside" in reasons[-3]
    assert "hunter2" not in "".join(reasons)
    assert reasons[-2].startswith("https://host/: addresses are not fetched")
    assert "addresses are not fetched" in reasons[-1]


def test_ids_that_are_numbers(tmp_path: Path) -> None:
    ids = [1.0, 2, -0.0, "3.0", 1.5, 2.0**60, [4]]
    table = write_table(tmp_path, *({"text": f"t{at}", "id": one} for at, one in enumerate(ids)))
    run = FileScan([table]).run()
    items = [entry.item for entry in run.entries]
    assert [item.id for item in items if item is not None] == ["1", "2", "0", "3.0"]
    assert [problem.path.rpartition(":")[2] for problem in run.problems] == ["5", "6", "7"]
    assert run.problems[0].reason == "its id is 1.5, which is neither a text nor a whole number"


def test_a_row_without_what_it_needs_says_what_it_has(tmp_path: Path) -> None:
    run = FileScan([write_table(tmp_path, {"Path": "a", "n": 1}, {"text": "b"})]).run()
    assert [p.reason for p in run.problems] == [
        "the row has neither a path nor a text, but Path, n"
    ]


def test_texts_beside_the_names_of_files_are_read_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [{"image": f"{at}.jpg", "text": f"t{at}"} for at in range(3)]
    run = FileScan([write_table(tmp_path, *rows)]).run()
    assert len(run.entries) == 3
    [warning] = caplog.messages
    assert "its texts are read, not the files that its column image names" in warning
