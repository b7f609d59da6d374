from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from anysense.embed.encoders.registry import list_models
from anysense.index.building.build import BuildProgress, BuildReport
from anysense.index.collection import Collection
from anysense.server.cli import console, progress, tables
from anysense.server.cli.commands import search as commands_search
from anysense.server.cli.console import count, show_place, show_size, show_time
from anysense.server.cli.root import COMMANDS, cli
from anysense.server.cli.status import INTERRUPTED, NO_READER

if TYPE_CHECKING:
    from collections.abc import Callable


def run(*args: str | Path, status: int = 0, text: str | None = None) -> Result:
    result = CliRunner().invoke(cli, [str(arg) for arg in args], input=text)
    assert result.exit_code == status, result.output
    return result


def run_json(*args: str | Path, status: int = 0) -> Any:
    return json.loads(run(*args, "--json", status=status).stdout)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    for name, colour in (("red", (230, 20, 20)), ("blue", (20, 20, 230))):
        Image.new("RGB", (24, 24), colour).save(folder / f"{name}.png")
    (folder / "note.txt").write_text("a red note")
    return folder


@pytest.fixture
def built(tmp_path: Path, media: Path) -> Path:
    run("build", media, "-o", tmp_path / "c", "--encoder", "tiny")
    return tmp_path / "c"


def subprocess_run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False
    )


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from anysense.server.cli.root import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "heavy = {'torch', 'faiss', 'numpy', 'rich', 'fastapi', 'PIL', 'pyarrow', 'sqlite3'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess_run(code)
    assert done.returncode == 0, done.stderr
    assert "build" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_the_root_says_of_each_command_what_it_says_itself(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.short_help == COMMANDS[name]
    for flag in ("-h", "--help"):
        assert "Usage: anysense" in run(name, flag).stdout


def test_usage_errors_are_one_sentence_and_status_2(tmp_path: Path) -> None:
    for args in (
        ["biuld"],
        ["build", "-o", "c"],
        ["search"],
        ["search", str(tmp_path), "x", "-k", "0"],
        ["search", str(tmp_path), "x", "--modality", "smell"],
        ["build", ".", "-o", "c", "--device", "tpu"],
        ["build", ".", "-o", "c", "--encoder", "tiny", "--profile", "best"],
    ):
        result = run(*args, status=2)
        assert result.stdout == ""
        assert result.stderr.startswith("error: ")
        assert result.stderr.splitlines()[0].endswith((".", "?"))
        assert "Traceback" not in result.stderr


def test_errors_are_one_sentence_and_status_1(tmp_path: Path) -> None:
    result = run("info", tmp_path / "none", status=1)
    assert result.stderr.startswith(f"error: No collection at {tmp_path / 'none'}")
    assert result.stderr.count("\n") == 1


def test_a_bug_is_called_a_bug_and_shows_its_traceback_on_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(ctx: click.Context, name: str) -> None:
        raise RuntimeError("something\nunexpected")

    monkeypatch.setattr(cli, "get_command", broken)
    result = run("info", "c", status=1)
    assert result.stderr.splitlines()[0] == "error: RuntimeError: something unexpected."
    assert "bug" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in run("--debug", "info", "c", status=1).stderr


def test_stopping_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(ctx: click.Context, name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "get_command", stopped)
    assert "Traceback" not in run("info", "c", status=INTERRUPTED).stderr


def test_build_and_build_again(tmp_path: Path, media: Path) -> None:
    where = tmp_path / "c"
    first = run_json("build", media, "-o", where, "--encoder", "tiny")
    assert (first["added"], first["items"], first["quarantined"]) == (3, 3, [])
    assert first["collection"] == os.path.realpath(where)
    again = run("build", media, "-o", where)
    assert "3 items" in again.stdout
    assert "3 unchanged" in again.stdout


def test_build_is_partial_if_a_file_cannot_be_read(tmp_path: Path, media: Path) -> None:
    (media / "bad.png").write_bytes(b"x")
    result = run("build", media, "-o", tmp_path / "c", "--encoder", "tiny", status=3)
    assert "1 file could not be read" in result.stderr
    assert "It is tried again when it changes" in result.stderr
    assert "bad.png" in result.stderr
    again = run("build", media, "-o", tmp_path / "c", status=3).stderr
    assert "1 file could not be read (1 unchanged since an earlier build):" in again
    retried = run("build", media, "-o", tmp_path / "c", "--retry-failed", status=3).stderr
    assert "1 file could not be read:" in retried
    told = run_json("build", media, "-o", tmp_path / "c", status=3)
    assert told["untried"] == 1
    assert [q["path"] for q in told["quarantined"]] == [os.path.realpath(media / "bad.png")]
    listed = run("info", tmp_path / "c", "--quarantined").stdout
    assert listed.startswith(os.path.realpath(media / "bad.png") + "\t")
    assert run_json("info", tmp_path / "c")["quarantined"] == 1
    assert "1 (--quarantined lists them)" in run("info", tmp_path / "c").stdout


def test_a_refused_build_leaves_nothing_behind(tmp_path: Path, media: Path) -> None:
    where = tmp_path / "c"
    (tmp_path / "empty").mkdir()
    for args, status in (
        ([tmp_path / "missing"], 2),
        ([tmp_path / "empty"], 2),
        ([media, "--encoder", "no-such-encoder"], 1),
        ([media, "--metadata", media / "note.txt"], 2),
    ):
        result = run("build", *args, "-o", where, status=status)
        assert result.stderr.splitlines()[-1].startswith("error: ")
        assert not where.exists()


def test_a_stopped_build_says_what_it_has(
    tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopping(progress.BuildBar):
        def __call__(self, told: BuildProgress) -> None:
            if told.done == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(progress, "BuildBar", Stopping)
    where = tmp_path / "c"
    stopped = run("build", media, "-o", where, "--encoder", "tiny", status=INTERRUPTED)
    assert stopped.stdout == ""
    assert stopped.stderr == (
        f"Stopped: {where} holds 2 items. Run the same command again to go on from here.\n"
    )
    monkeypatch.undo()
    assert "1 added, 2 unchanged" in run("build", media, "-o", where).stdout


def test_build_refuses_other_encoders_and_other_folders(built: Path, media: Path) -> None:
    result = run("build", media, "-o", built, "--encoder", "tiny:text-image", status=2)
    assert "was built with tiny" in result.stderr
    run("build", media, "-o", built, "--encoder", "tiny")
    result = run("build", media, "-o", media, "--encoder", "tiny", status=1)
    assert "holds other files" in result.stderr
    assert not list(media.glob("*.sqlite"))


def test_search_prints_lines_json_or_paths(built: Path, media: Path) -> None:
    lines = run("search", built, "red", "-k", "3").stdout.splitlines()
    assert len(lines) == 3
    assert all(len(line.split("\t")) in (4, 5) for line in lines)
    told = run_json("search", built, "red", "--modality", "image")
    assert list(told) == ["collection", "query", "no_match", "hits"]
    assert told["query"] == [{"content": "red", "modality": "text", "weight": 1.0}]
    assert [hit["source"] for hit in told["hits"]] == [
        os.path.realpath(media / "red.png"),
        os.path.realpath(media / "blue.png"),
    ]
    assert set(told["hits"][0]) == {
        "id", "modality", "score", "raw_score", "route", "source", "space", "start", "end",
        "text", "metadata",
    }  # fmt: skip
    paths = run("search", built, "red", "--modality", "image", "-f").stdout.splitlines()
    assert paths == [hit["source"] for hit in told["hits"]]


def test_search_combines_and_subtracts(built: Path, media: Path) -> None:
    told = run_json("search", built, "red", "--image", media / "blue.png", "--not", "green")
    assert [(t["modality"], t["weight"]) for t in told["query"]] == [
        ("text", 1.0),
        ("image", 1.0),
        ("text", -1.0),
    ]
    assert told["hits"]
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
        (["--offset", "3"], "Nothing found after the first 3."),
    ):
        assert run("search", built, "red", *args).stderr == f"{why}\n"
    run("remove", built, "--where", "modality != 'audio'")
    told = run("search", built, "red").stderr
    assert told == "Nothing found: the collection is empty.\n"


def test_a_field_that_no_item_has_is_told(built: Path) -> None:
    def told(*args: str | Path) -> str:
        return run(*args).stderr

    alone = "no item has a field yeer; the fields that there are: none but id, source and modality"
    assert told("search", built, "red", "--where", "yeer > 3") == f"Nothing found: {alone}.\n"
    run("add", built, "--text", "a", "--meta", "year=2020", "--meta", 'camera={"model": "X"}')
    where = "not (year = 2021 or yeer = 3) and camera.modle = 'X' and source ^= '/' and yeer = 4"
    why = "no item has a field yeer or camera.modle; the fields that there are: camera, year"
    assert told("search", built, "red", "--where", where) == f"Nothing found: {why}.\n"
    assert told("search", built, "red", "--where", where, "-f") == f"Nothing found: {why}.\n"
    assert told("search", built, "red", "--where", where, "--json") == f"Nothing found: {why}.\n"
    assert told("remove", built, "--where", where) == f"Nothing to remove: {why}.\n"
    holds = told("remove", built, "--where", "year = 2021 and camera.model = 'X'")
    assert holds == "Nothing to remove: --where holds for no item.\n"


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


def test_search_options_reach_the_search(built: Path, media: Path) -> None:
    for shade in range(4):
        Image.new("RGB", (24, 24), (225 + shade, 20, 20)).save(media / f"rosy-{shade}.png")
    run("build", media, "-o", built)
    whole = sources(built)
    assert len(whole) == 7
    assert [*sources(built, "-k", "3"), *sources(built, "--offset", "3")] == whole
    assert len(sources(built, "--per-modality-k", "1")) == 2
    kinds = [hit["modality"] for hit in hits_of(built, "--fusion", "round_robin", "-k", "4")]
    assert kinds[:2] in (["text", "image"], ["image", "text"])
    assert kinds[2:] == ["image", "image"]  # there is one text
    assert len(sources(built, "--collapse", "0.99")) == 3
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


def hits_of(built: Path, *options: str) -> list[dict[str, Any]]:
    hits: list[dict[str, Any]] = run_json("search", built, "red", *options)["hits"]
    return hits


def sources(built: Path, *options: str) -> list[str]:
    return [hit["source"] for hit in hits_of(built, *options)]


def test_search_says_if_chance_would_find_as_much(tmp_path: Path) -> None:
    folder, where = tmp_path / "notes", tmp_path / "c"
    folder.mkdir()
    for i in range(30):
        word = ("green", "blue", "low", "high")[i % 4] if i else "red"
        (folder / f"{i}.txt").write_text(f"a {word} thing, number {i}")
    run("build", folder, "-o", where, "--encoder", "tiny")
    for query, is_match in (("red", True), ("hello", False)):
        assert run_json("search", where, query)["no_match"] == (not is_match)
        shown = run("search", where, query)
        said = "" if is_match else commands_search.NO_MATCH + "\n"
        assert shown.stderr == said
        assert len(shown.stdout.splitlines()) == 10
    assert run_json("search", where, "hello", "--min-score", "50")["no_match"] is True
    assert "Nothing found" in run("search", where, "hello", "--min-score", "50").stderr


def test_a_bad_filter_and_a_bad_query_file_are_sentences(built: Path, media: Path) -> None:
    assert run("search", built, "x", "--where", "year >", status=2).stderr.startswith("error: ")
    (media / "bad.png").write_bytes(b"x")
    result = run("search", built, "--image", media / "bad.png", status=1)
    assert "bad.png" in result.stderr


def test_add_show_and_remove(built: Path, media: Path) -> None:
    added = run(
        "add",
        built,
        "--text",
        "a blue thing",
        "--id",
        "t",
        "--meta",
        "year=2020",
        "--meta",
        "by=me",
    )
    assert added.stdout == "t\n"
    shown = run_json("show", built, "t")
    assert shown["metadata"] == {"year": 2020, "by": "me"}
    assert shown["modality"] == "text"
    assert "year" in run("show", built, "t").stdout
    run("add", built, "--text", "-", "--id", "piped", text="a green thing")
    assert run_json("search", built, "green", "--modality", "text")["hits"][0]["id"] == "piped"
    assert run("remove", built, "t").stdout == "1 item removed.\n"
    assert "has no item 't'" in run("show", built, "t", status=1).stderr
    gone = run("remove", built, "t", "u", status=1)
    assert gone.stdout == ""
    assert [line.split(":")[1] for line in gone.stderr.splitlines()] == [
        f" {built} has no item 't'",
        f" {built} has no item 'u'",
    ]
    assert run("remove", built, "u", "piped", status=1).stdout == "1 item removed.\n"
    assert run_json("remove", built, "--where", "modality = 'image'") == {"removed": 2}
    assert run_json("info", built)["items"] == 1


def test_an_item_may_be_named_by_its_path(
    built: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (media / "same.png").write_bytes((media / "red.png").read_bytes())
    run("build", media, "-o", built)
    red = run_json("search", built, "red", "--modality", "image")["hits"][0]["id"]
    monkeypatch.chdir(media)
    for name in (red, "red.png", "same.png", media / "red.png"):
        assert run_json("show", built, name)["id"] == red
    assert run_json("search", built, "--like", "same.png")["query"][0]["like"] == red
    run("add", built, "--text", "an item whose id is a file's name", "--id", "red.png")
    assert run_json("show", built, "red.png")["modality"] == "text"
    (media / "same.png").unlink()
    assert run_json("remove", built, "same.png", media / "red.png", red) == {"removed": 1}
    assert (media / "red.png").exists()


def test_an_empty_expression_is_refused_and_not_taken_for_none(built: Path) -> None:
    for command in (("search", built, "red"), ("remove", built)):
        assert "it is empty" in run(*command, "--where", " ", status=2).stderr
    assert run_json("info", built)["items"] == 3


def test_what_was_perhaps_meant_is_asked() -> None:
    assert "No such command 'serach'; did you mean 'search'?" in run("serach", status=2).stderr
    assert "No such option '--imge'; did you mean '--image'?" in (
        run("search", "c", "--imge", "x", status=2).stderr
    )
    assert run("xyzzy", status=2).stderr.startswith("error: No such command 'xyzzy'.\n")


def test_a_reader_that_has_enough_is_no_error() -> None:
    code = "from anysense.server.cli.root import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()  # before anything is written
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == NO_READER


STOPPED = """
import os, signal, sys, time
from anysense.server.cli.interrupt import stopping_in_order
with stopping_in_order():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    except KeyboardInterrupt:
        print("in order", flush=True)
    if sys.argv[1:]:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
"""


@pytest.mark.parametrize(("again", "status"), [([], 0), (["again"], -signal.SIGINT)])
def test_a_second_interrupt_ends_the_process_at_once(again: list[str], status: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STOPPED, *again],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == status
    assert done.stdout == "in order\n"
    assert done.stderr.startswith("Stopping: ")
    assert done.stderr.count("\n") == 1


def test_add_tells_what_failed(built: Path, media: Path) -> None:
    (media / "bad.png").write_bytes(b"x")
    told = run_json("add", built, media / "bad.png", media / "red.png", status=3)
    assert (told["ids"][0], told["added"], told["updated"]) == (None, 0, 1)
    assert "bad.png" in told["failed"][0]["source"]
    run("add", built, media / "bad.png", status=1)
    assert "KEY=VALUE" in run("add", built, "--text", "x", "--meta", "oops", status=2).stderr
    run("add", built, status=2)
    run("add", built, "--text", "a", "--text", "b", "--id", "one", status=2)


def test_info_verify_and_compact(built: Path) -> None:
    told = run_json("info", built)
    assert {
        "items", "items_by_modality", "segments", "quarantined", "bytes", "encoders",
        "partitions", "generation", "target_recall", "measured_recall",
    } <= set(told)  # fmt: skip
    assert told["items_by_modality"]["image"] == 2
    assert "tiny" in run("info", built).stdout
    assert run_json("verify", built)["ok"] is True
    assert "as it was written" in run("verify", built).stdout
    run("remove", built, "--where", "modality = 'image'")
    run("compact", built)
    assert run_json("compact", built)["bytes"] > 0
    assert run_json("info", built)["items"] == 1


def test_verify_tells_damage(built: Path) -> None:
    [index] = [p for p in built.glob("gen-*/*") if p.suffix == ".faiss"] or [None]
    assert index is not None, sorted(built.rglob("*"))
    data = bytearray(index.read_bytes())
    data[len(data) // 2] ^= 1
    index.write_bytes(bytes(data))
    assert run_json("verify", built, status=1)["ok"] is False


def test_build_leaves_out_what_no_encoder_takes(tmp_path: Path, media: Path) -> None:
    (media / "song.mp3").write_bytes(b"never read")
    result = run("build", media, "-o", tmp_path / "c", "--encoder", "tiny:text-image")
    assert "1 file left out" in result.stderr


def test_a_terminal_gets_tables(
    built: Path, media: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tables, "stdout_is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.chdir(tmp_path)
    long = media / f"{'very' * 20} [bold]red photo.png"
    Image.new("RGB", (24, 24), (200, 40, 20)).save(long)
    run("build", media, "-o", built)
    shown = run("search", built, "red").stdout
    assert shown.splitlines()[0].split() == ["score", "kind", "where", "source", "text"]
    assert "media/red.png" in shown
    assert "…" in shown
    assert "[bold]red photo.png" in shown  # shown as it is, and its end rather than its start
    assert all(len(line) <= 60 for line in shown.splitlines())


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


def test_progress_is_told_in_lines_outside_of_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 5.0, 11.0, 12.0, 30.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    report = BuildReport(duplicates=2)
    with progress.BuildBar() as bar:
        for done in (1, 50, 110, 120, 300):
            bar(BuildProgress("encode", done, 600, report))
    assert capsys.readouterr().err.splitlines() == [
        "110 of 600 files, 10.0 files/s, 0:49 left, 2 duplicates",
        "300 of 600 files, 10.0 files/s, 0:30 left, 2 duplicates",
    ]
    clock = iter([0.0, 11.0, 22.0])
    with progress.BuildBar() as bar:
        for segments in (16, 32, 48):
            bar(BuildProgress("encode", 0, 1, BuildReport(segments=segments)))
    assert capsys.readouterr().err.splitlines() == [
        "0 of 1 file, 32 segments",
        "0 of 1 file, 48 segments",
    ]


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is shown from now on, as if stderr were a terminal that is drawn at once."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "REDRAW_SECONDS", 0.0)
    return shown


def test_progress_is_a_bar_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = on_a_terminal(monkeypatch)
    with progress.BuildBar() as bar:
        bar(BuildProgress("scan", 0, 0, BuildReport()))
        bar(BuildProgress("load", 0, 7, BuildReport()))
        bar(BuildProgress("encode", 3, 7, BuildReport(moved=1)))
        bar(BuildProgress("publish", 7, 7, BuildReport()))
    assert "looking" in shown.getvalue()
    assert "loading models" in shown.getvalue()
    assert "7/7" in shown.getvalue()
    assert shown.getvalue().endswith("\x1b[2K")  # the bar wipes itself when it is done


@pytest.mark.parametrize(
    ("host", "port", "told"),
    [
        ("127.0.0.1", 8000, "http://127.0.0.1:8000 (the API: http://127.0.0.1:8000/docs)"),
        ("0.0.0.0", 81, "http://localhost:81 (the API: http://localhost:81/docs)"),
        ("::1", 8000, "http://[::1]:8000 (the API: http://[::1]:8000/docs)"),
        ("127.0.0.1", 0, "http://127.0.0.1:4321 (the API: http://127.0.0.1:4321/docs)"),
    ],
)
def test_serve_says_where_and_what_it_serves(
    built: Path, monkeypatch: pytest.MonkeyPatch, host: str, port: int, told: str
) -> None:
    from anysense.server.http import app

    served: list[Any] = []

    def serve(collection: Collection, *, on_start: Callable[[int], None], **options: Any) -> None:
        served.append(options)
        on_start(port or 4321)

    monkeypatch.setattr(app, "serve", serve)
    result = run("serve", built, "--host", host, "--port", str(port))
    last = result.stderr.splitlines()[-1]
    assert last == f"Serving {built}, 3 items (2 image, 1 text), at {told}"
    assert served == [{"host": host, "port": port}]
    assert ("Anyone who reaches" in result.stderr) == (host == "0.0.0.0")


def test_nothing_is_said_to_be_served_at_a_port_that_is_taken(built: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = run("serve", built, "--port", str(taken.getsockname()[1]), status=1)
    assert "Serving" not in refused.stderr
    assert "error: The service cannot listen at 127.0.0.1, port " in refused.stderr
    nowhere = run("serve", built, "--host", "a..b", "--port", "0", status=1)
    assert nowhere.stderr.splitlines()[-1].startswith("error: The service cannot listen at a..b")


def test_a_count_is_told_in_lines_or_as_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 5.0, 11.0, 12.0, 30.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.CountBar("asking", "query", "queries") as bar:
        for done in (1, 50, 60, 100):
            bar(done, 200)
    assert capsys.readouterr().err.splitlines() == [
        "asking: 50 of 200 queries, 0:33 left",
        "asking: 100 of 200 queries, 0:30 left",
    ]
    monkeypatch.undo()

    shown = on_a_terminal(monkeypatch)
    with progress.CountBar("asking", "query", "queries") as bar:
        bar(3, 7)
    assert "asking" in shown.getvalue()
    assert "3/7" in shown.getvalue()


def test_a_count_of_something_else_starts_its_clock_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 11.0, 22.0, 30.0, 33.0, 45.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.CountBar("encoding", "caption") as bar:
        for doing, done in (("one", 10), ("one", 20), ("two", 10), ("two", 40), ("two", 50)):
            bar(done, 100, doing)
    assert capsys.readouterr().err.splitlines() == [
        "one: 10 of 100 captions",
        "one: 20 of 100 captions, 0:44 left",
        "two: 40 of 100 captions, 0:04 left",
        "two: 50 of 100 captions, 0:15 left",
    ]


def test_models_lists_the_documented_models() -> None:
    told = run_json("models")
    assert [card["name"] for card in told["models"]] == [card.name for card in list_models()]
    assert run_json("models", "list") == told
    lines = run("models").stdout.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [c.name for c in list_models()]
    assert "its weights are here" in lines[1]  # those of starter
    # As when it is asked to build with one.
    refused = run("models", "pull", "no-such-model", status=1).stderr
    assert refused.startswith("error: There is no encoder 'no-such-model'")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (show_time(0), "0:00"),
        (show_time(83.7), "1:23"),
        (show_time(3723), "1:02:03"),
        (show_place("audio", 10.0, 20.0), "0:10-0:20"),
        (show_place("audio", 0.0, 0.4), "0:00-0:01"),
        (show_place("text", 0, 12345), "0-12,345"),
        (show_place("image", None, None), ""),
        (show_size(999), "999 B"),
        (show_size(3_400_000), "3.4 MB"),
        (show_size(2e12), "2.0 TB"),
        (count(1, "file"), "1 file"),
        (count(2000, "file"), "2,000 files"),
    ],
)
def test_numbers_are_said_for_people(told: str, expected: str) -> None:
    assert told == expected


def test_eval_tells_what_its_figures_leave_out(built: Path, media: Path) -> None:
    def told(*relevant: list[str]) -> list[str]:
        lines = [json.dumps({"query": {"text": "red"}, "relevant": names}) for names in relevant]
        (media / "pairs.jsonl").write_text("\n".join(lines))
        result = run("eval", built, "--pairs", media / "pairs.jsonl")
        return [line for line in result.stderr.splitlines() if "left out" in line.lower()]

    assert told(["red.png"], ["note.txt"]) == []
    assert told(["red.png", "gone.png"], ["note.txt", "gone.png", "lost"]) == [
        "Left out of the figures: 2 relevant items not in the collection, such as gone.png."
    ]
    assert told(["red.png"], ["lost"]) == [
        "Left out of the figures: 1 relevant item not in the collection, such as lost.",
        "1 query left out: nothing that is relevant to it is in the collection.",
    ]


def test_a_page_ends_at_the_thousandth_hit(built: Path) -> None:
    run("search", built, "red", "-k", "1", "--offset", "999")
    refused = run("search", built, "red", "-k", "2", "--offset", "999", status=2)
    assert "at most 1000 together" in refused.stderr
    help_text = " ".join(run("search", "--help").stdout.split())
    assert "N and -k are at most 1,000 together." in help_text


def test_the_help_page_is_as_the_commands_say() -> None:
    from anysense.server.cli.help import help_page

    page = Path(__file__).parents[4] / "docs" / "cli.md"
    assert page.read_text() == help_page(), "run `python -m anysense.server.cli.help > docs/cli.md`"


def test_the_version_is_told() -> None:
    assert run("--version").stdout.startswith("anysense")


def test_the_demo_is_kept_where_caches_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from anysense.server.cli.commands.demo import (
        AUDIO_QUERY,
        IMAGE_QUERY,
        default_output,
        sample_folder,
    )

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_output() == tmp_path / "anysense" / "demo"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_output() == tmp_path / ".cache" / "anysense" / "demo"
    assert (sample_folder() / IMAGE_QUERY).is_file()
    assert (sample_folder() / AUDIO_QUERY).is_file()


@pytest.mark.parametrize("kept", [False, True])
def test_a_demo_that_cannot_be_used_any_more_is_built_again_unless_it_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    from anysense.server.cli.commands import demo as commands_demo

    notes = tmp_path / "sample" / "notes"
    notes.mkdir(parents=True)
    (notes / "owl.txt").write_text("Owls hunt by ear.")
    monkeypatch.setattr(commands_demo, "sample_folder", lambda: tmp_path / "sample")
    monkeypatch.setattr(commands_demo, "search_with_each", lambda *_: None)
    monkeypatch.setattr(commands_demo, "default_output", lambda: tmp_path / "demo")
    chosen = ["-o", tmp_path / "demo"] if kept else []
    run("demo", *chosen)
    (tmp_path / "demo" / "catalog.sqlite").write_bytes(b"no catalog")
    again = run("demo", *chosen, status=1 if kept else 0)
    assert ("catalog.sqlite is damaged" in again.output) is kept
    assert ("building it again" in again.output) is not kept
    if not kept:
        assert run_json("info", tmp_path / "demo")["items"] == 1


def test_a_demo_of_another_installation_is_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anysense.server.cli.commands import demo as commands_demo

    files = {"notes/owl.txt": "Owls hunt by ear.", "photos/hens.txt": "Hens.", "sounds/d.txt": "D."}
    monkeypatch.setattr(commands_demo, "default_output", lambda: tmp_path / "demo")
    monkeypatch.setattr(commands_demo, "IMAGE_QUERY", "photos/hens.txt")
    monkeypatch.setattr(commands_demo, "AUDIO_QUERY", "sounds/d.txt")
    for name in ("one", "two"):
        for file, text in files.items():
            (tmp_path / name / file).parent.mkdir(parents=True)
            (tmp_path / name / file).write_text(text)
        monkeypatch.setattr(commands_demo, "sample_folder", lambda name=name: tmp_path / name)
        told = run("demo")
        assert str(tmp_path / name / "notes" / "owl.txt") in told.stdout
        assert ("building it again" in told.stderr) is (name == "two")
        assert "building it again" not in run("demo").stderr


def test_removing_by_a_condition_that_nothing_meets_removes_nothing(built: Path) -> None:
    assert run_json("remove", built, "--where", "year > 3000") == {"removed": 0}
    run("remove", built, status=2)
    run("remove", built, "x", "--where", "year > 3000", status=2)
    assert run_json("info", built)["items"] == 3
