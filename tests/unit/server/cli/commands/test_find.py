"""`anysense find`: a folder is searched, and its index is kept."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from command_line import run, run_json
from live_server import listening
from PIL import Image

from anysense.index.collection import Collection
from anysense.server.cli.finding import updating, watch
from anysense.server.cli.finding.cached import CachedCollection, cached_collections, cached_of
from anysense.server.client.running import RunningService, noted
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from click.testing import Result


@pytest.fixture(autouse=True)
def here(own_cache: Path, media: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of media is the current one."""
    monkeypatch.chdir(media)
    return Path(os.path.realpath(media))


@pytest.fixture
def indexed(here: Path) -> Path:
    """The same, after its first search."""
    first()
    return here


def first(*folders: Path) -> Result:
    """A first search, which says with which model."""
    return run("find", "red", *folders, "--encoder", "tiny")


def found(*arguments: str | Path) -> list[str]:
    """The names of the files that are found, by a search for "red"."""
    return [Path(line).name for line in run("find", "red", "-l", *arguments).stdout.splitlines()]


def test_a_folder_is_searched_at_once_and_kept_up_to_date(here: Path) -> None:
    result = first()
    assert "Making an index of" in result.stderr
    assert "3 added" in result.stderr
    assert len(result.stdout.splitlines()) == 3
    again = run("find", "red")
    assert again.stdout == result.stdout
    assert "added" not in again.stderr
    (here / "more.txt").write_text("a red flower")
    (here / "red.png").rename(here / "moved.png")
    (here / "blue.png").unlink()
    changed = run("find", "red", "-l")
    assert "1 added, 1 moved, 1 removed" in changed.stderr
    assert set(changed.stdout.splitlines()) == {"note.txt", "more.txt", "moved.png"}


def test_what_has_not_changed_is_not_even_compared(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in indexed.iterdir():
        os.utime(path, (1e9, 1e9))
    monkeypatch.setattr("anysense.server.cli.finding.fingerprint.UNSURE_SECONDS", -60)
    found()  # notes how the folder is now
    monkeypatch.setattr(updating, "build", None)
    assert len(found()) == 3
    (indexed / "more.txt").write_text("a red flower")
    assert run("find", "red", status=1).stderr.startswith("error: TypeError")


def test_paths_are_told_from_the_current_folder(indexed: Path, tmp_path: Path) -> None:
    (indexed / "deep").mkdir()
    (indexed / "deep" / "-red.txt").write_text("a red note deep down")
    paths = run("find", "red", "-l").stdout.splitlines()
    assert set(paths) == {"red.png", "blue.png", "note.txt", "deep/-red.txt"}
    assert run("find", "red", "-0").stdout == "".join(f"{path}\0" for path in paths)
    lines = run("find", "red").stdout.splitlines()
    assert [line.split("\t")[3] for line in lines] == paths
    os.chdir(indexed / "deep")
    assert set(run("find", "red", "-l", "..").stdout.splitlines()) == {
        "./-red.txt",  # which another program would take for an option
        *(str(indexed / name) for name in ("red.png", "blue.png", "note.txt")),
    }


def test_json_tells_the_folders_and_whole_paths(indexed: Path) -> None:
    payload = run_json("find", "red", "--modality", "image")
    assert list(payload) == ["folders", "query", "no_match", "hits"]
    path = cached_of(str(indexed)).path
    assert payload["folders"] == [
        {
            "folder": str(indexed),
            "collection": str(path),
            "is_current": True,
            "service": None,
        }
    ]
    assert payload["hits"][0]["source"] == str(indexed / "red.png")
    assert "not both" in run("find", "red", "--json", "-0", status=2).stderr


def test_it_is_asked_by_files_and_with_what_is_subtracted(indexed: Path) -> None:
    picture = indexed / "red.png"
    for arguments in (
        ["--image", picture],
        ["--image", picture, indexed],
        ["red", "--image", picture, "--not", "blue", "."],
        ["--like", "red.png", "--modality", "text"],
    ):
        assert run_json("find", *arguments)["hits"]
    other = indexed.parent / "other.png"
    Image.new("RGB", (8, 8), (230, 20, 20)).save(other)
    [term] = run_json("find", "--like", other)["query"]  # a file that is none of the folder's
    assert (term["content"], term["modality"]) == (str(other), "image")
    assert "Give a TEXT" in run("find", status=2).stderr
    assert "no item 'gone'" in run("find", "--like", "gone", status=1).stderr


def test_a_mistake_is_told_before_anything_is_encoded(here: Path) -> None:
    for arguments in (["--where", "year >"], ["--offset", "995"], ["-k", "0"]):
        assert run("find", "red", *arguments, status=2).stderr.startswith("error: ")
    (here / "c").mkdir()
    assert "no such folder" in run("find", "red", "waves", status=2).stderr
    assert "is a file" in run("find", "red", "red.png", status=2).stderr
    assert "is empty" in run("find", "red", "", status=2).stderr
    assert "holds no file that anysense reads" in run("find", "red", "c", status=2).stderr
    assert cached_collections() == []
    Collection.create(here / "d", ["tiny"]).close()
    assert "anysense search" in run("find", "red", "d", status=2).stderr


def test_a_folder_in_the_place_of_the_text_is_told(here: Path) -> None:
    for folder in (".", "..", str(here), f"..{os.sep}{here.name}"):
        assert "is a folder: say before it" in run("find", folder, status=2).stderr
    assert cached_collections() == []
    (here / "red").mkdir()
    assert "not for the folder of that name" in run("find", "red").stderr
    assert "of that name" not in run("find", "red", ".").stderr
    for text in ("red flowers " * 500, "~nobody-of-this-name"):
        assert run("find", text).stdout


def test_several_folders_are_one_list(here: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(here, other)
    (other / "more.txt").write_text("a red flower")
    both = first(here, other)
    assert len(both.stdout.splitlines()) == 7
    payload = run_json("find", "red", here, other)
    scores = [hit["score"] for hit in payload["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert [folder["folder"] for folder in payload["folders"]] == [str(here), str(other)]
    whole = [hit["source"] for hit in payload["hits"]]
    pages = [
        hit["source"]
        for offset in ("0", "3")
        for hit in run_json("find", "red", here, other, "-k", "3", "--offset", offset)["hits"]
    ]
    assert pages == whole[:6]
    assert len(found(here, other, "--per-modality-k", "1")) == 2
    assert len(found(here, here)) == 3
    assert len(cached_collections()) == 2


def test_a_folder_inside_another_is_told_once(here: Path) -> None:
    (here / "deep").mkdir()
    (here / "deep" / "rose.txt").write_text("a red rose")
    first(here, here / "deep")
    assert sorted(found(here, here / "deep")) == ["blue.png", "note.txt", "red.png", "rose.txt"]


def test_a_part_of_a_folder_uses_its_index(here: Path) -> None:
    part = here / "deep"
    part.mkdir()
    (part / "rose.txt").write_text("a red rose")
    shutil.copy(here / "red.png", part / "copy.png")  # one item, with two paths
    first()
    (part / "new.txt").write_text("a red new thing")
    (here / "later.txt").write_text("a red thing outside of the part")
    result = run("find", "red", part, "-l")
    assert "1 added" in result.stderr
    assert sorted(Path(line).name for line in result.stdout.splitlines()) == [
        "copy.png", "new.txt", "rose.txt",
    ]  # fmt: skip
    filtered = run("find", "red", part, "-l", "--where", "kind = 'image'").stdout
    assert filtered.splitlines() == ["deep/copy.png"]
    assert [cached.folder for cached in cached_collections()] == [str(here)]
    run("find", "red", part, "--exclude", "new.txt", "--encoder", "tiny")
    assert len(cached_collections()) == 2
    assert sorted(found(part)) == ["copy.png", "rose.txt"]


def test_a_hidden_part_has_an_index_of_its_own(here: Path) -> None:
    first()
    hidden = here / ".hidden"
    hidden.mkdir()
    (hidden / "rose.txt").write_text("a red rose")
    first(hidden)
    assert found(hidden) == ["rose.txt"]
    assert "rose.txt" not in found(here)
    assert len(cached_collections()) == 2


def test_a_home_is_read_only_if_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "note.txt").write_text("a red note")
    refused = run("find", "red", home, status=2)
    assert "is your home folder, with 1 file that anysense reads" in refused.stderr
    assert "holds your home folder" in run("find", "red", tmp_path, status=2).stderr
    assert cached_collections() == []
    monkeypatch.setattr("anysense.server.cli.finding.making.is_answered", lambda: True)
    asked = run("find", "red", home, "--encoder", "tiny", text="n\n", status=2)
    assert "is your home folder" in asked.stderr
    assert cached_collections() == []
    run("find", "red", home, "--encoder", "tiny", text="y\n")
    assert found(home) == ["note.txt"]
    run("collections", "--clear", home)
    run("find", "red", home, "--yes", "--encoder", "tiny")


def test_a_long_work_is_not_begun_unasked(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updating, "UNASKED_SECONDS", 0.0)
    nothing = run("find", "red", "--encoder", "tiny", status=4)
    assert nothing.stdout == ""
    assert f"3 files of {here} are not in its index" in nothing.stderr
    assert "add --yes" in nothing.stderr
    assert cached_collections() == []
    assert len(run("find", "red", "--encoder", "tiny", "--yes").stdout.splitlines()) == 3
    (here / "new.txt").write_text("a red new thing")
    (here / "blue.png").unlink()
    old = run("find", "red", "-l")
    assert old.stdout.splitlines() == ["red.png", "note.txt"] or old.stdout.splitlines() == [
        "note.txt", "red.png",
    ]  # fmt: skip
    assert f"1 file of {here} is not in its index" in old.stderr
    assert "1 hit left out: the file is gone." in old.stderr
    assert sorted(found("--yes")) == ["new.txt", "note.txt", "red.png"]


def test_what_turns_out_to_take_long_is_stopped_and_kept(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(300):
        (here / f"{place}.txt").write_text(f"a red note, number {place}")
    monkeypatch.setattr(updating, "UNASKED_SECONDS", 1e-9)
    monkeypatch.setattr(updating, "expected_seconds", lambda *_: 0.0)
    monkeypatch.setattr(watch, "expected_seconds", lambda *_: 0.0)
    monkeypatch.setattr(watch, "MEASURE_SECONDS", 0.0)
    result = run("find", "red", "--encoder", "tiny", "--json")
    assert f"of {here} are not in its index" in result.stderr
    assert not json.loads(result.stdout)["folders"][0]["is_current"]
    with Collection.open(cached_of(str(here)).path) as collection:
        assert 0 < collection.info()["items"] < 303
    assert "added" in run("find", "red", "--yes").stderr
    assert "are not in its index" not in run("find", "red").stderr


def test_the_index_may_be_left_as_it_is(here: Path) -> None:
    nothing = run("find", "red", "-n", status=4)
    assert "has no index yet" in nothing.stderr
    first()
    (here / "new.txt").write_text("a red new thing")
    (here / "blue.png").unlink()
    assert sorted(found("-n")) == ["note.txt", "red.png"]
    assert sorted(found()) == ["new.txt", "note.txt", "red.png"]


def test_an_index_that_cannot_be_used_is_made_anew(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cached_of(str(indexed)).path
    monkeypatch.setattr("anysense.server.cli.finding.making.STARTER", ("tiny",))

    def spoil() -> None:
        for file in path.glob("catalog.sqlite*"):
            file.unlink()
        (path / "catalog.sqlite").write_bytes(b"no catalog")

    spoil()
    assert run("find", "red", "-n", status=1).stderr.startswith("error: ")
    again = run("find", "red", "-l")
    assert f"It was made from {indexed}, and is made anew." in again.stderr
    assert len(again.stdout.splitlines()) == 3
    shutil.rmtree(path)  # the cache was cleared
    assert len(found()) == 3


def test_a_cache_that_is_cleared_meanwhile_is_made_anew(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anysense.server.cli.finding.fingerprint.UNSURE_SECONDS", -60)
    monkeypatch.setattr("anysense.server.cli.finding.making.STARTER", ("tiny",))
    found()
    is_cleared = [False]

    def clear(cached: CachedCollection) -> None:
        if not is_cleared[0]:
            is_cleared[0] = True
            shutil.rmtree(cached.path)

    monkeypatch.setattr(CachedCollection, "note_use", clear)
    again = run("find", "red", "-l")
    assert "is made anew" in again.stderr
    assert len(again.stdout.splitlines()) == 3


def test_other_models_than_it_has_are_refused(indexed: Path) -> None:
    refused = run("find", "red", "--encoder", "starter", status=2)
    assert f"The index of {indexed} was made with tiny, not with starter" in refused.stderr
    refused = run("find", "red", "--encoder", "tiny", "--profile", "best", status=2)
    assert "not both" in refused.stderr


def test_what_is_left_out_is_kept_for_the_next_time(indexed: Path) -> None:
    (indexed / ".gitignore").write_text("blue.png\n")
    assert sorted(found()) == ["note.txt", "red.png"]
    assert sorted(found("--no-ignore")) == ["blue.png", "note.txt", "red.png"]
    assert sorted(found()) == ["blue.png", "note.txt", "red.png"]
    assert found("--exclude", "*.png") == ["note.txt"]
    assert found() == ["note.txt"]
    assert sorted(found("--exclude", "no*.txt")) == ["blue.png", "red.png"]


def test_an_empty_folder_is_not_taken_for_one_without_files(indexed: Path) -> None:
    aside = indexed.parent / "aside"
    aside.mkdir()
    for path in list(indexed.iterdir()):
        path.rename(aside / path.name)
    emptied = run("find", "red", indexed, status=2)
    assert "if a disk is not mounted, mount it" in emptied.stderr
    for path in aside.iterdir():
        path.rename(indexed / path.name)
    assert len(found()) == 3


def test_while_another_process_indexes_what_is_there_is_searched(indexed: Path) -> None:
    (indexed / "new.txt").write_text("a red new thing")
    lock = cached_of(str(indexed)).update_lock()
    with lock:
        busy = run("find", "red", "-l")
    assert "is being indexed by another process" in busy.stderr
    assert len(busy.stdout.splitlines()) == 3
    with Collection.open(cached_of(str(indexed)).path) as collection:
        collection.folder.assign_files([])  # takes the right to write
        with collection.folder.writing():
            written = run("find", "red", "-l")
    assert "is being written to" in written.stderr
    assert len(written.stdout.splitlines()) == 3
    assert "new.txt" in found()


def test_where_nothing_is_there_yet_another_process_is_waited_for(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = cached_of(str(here))
    cached.make_home()
    lock = cached.update_lock()
    lock.acquire()
    told: list[str] = []

    def note(message: str) -> None:
        told.append(message)
        if message.startswith("Waiting for another process"):
            lock.release()  # it has ended, without having made anything

    monkeypatch.setattr(updating.console, "note", note)
    assert len(first().stdout.splitlines()) == 3
    assert told[0] == f"Waiting for another process, which makes an index of {here}."


def test_what_another_process_is_making_anew_is_not_removed(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = cached_of(str(indexed))
    whole = indexed.parent / "whole"
    shutil.copytree(cached.path, whole)
    for file in cached.path.glob("catalog.sqlite*"):
        file.unlink()
    (cached.path / "catalog.sqlite").write_bytes(b"no catalog")
    (cached.path / "half").touch()
    lock = cached.update_lock()

    def note(message: str) -> None:
        if message.endswith("is made anew."):
            lock.acquire()  # the other one has found the same a moment before
        if message.startswith("Waiting for another process"):
            assert (cached.path / "half").exists()
            shutil.rmtree(cached.path)
            shutil.copytree(whole, cached.path)
            lock.release()

    monkeypatch.setattr(updating.console, "note", note)
    assert len(found()) == 3


def service_for(indexed: Path, url: str, **more: Any) -> RunningService:
    collections = {"current": cached_of(str(indexed)).path}
    return RunningService(url, os.getpid(), collections, **{"needs_key": False, **more})


def test_a_service_is_asked_if_one_has_the_folder(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = run_json("find", "red")
    settings = Settings(warm_up=False)
    with (
        Collection.open(cached_of(str(indexed)).path) as collection,
        listening(collection, settings) as (url, _),
        noted(service_for(indexed, url)),
    ):
        served = run_json("find", "red")
        assert served["folders"][0]["service"] == url
        assert served["hits"] == local["hits"]
        (indexed / "new.txt").write_text("a red new thing")
        assert "new.txt" in found()  # the service sees what was just written
        assert "new.txt" in found("--image", "red.png")
        refused = run("find", "--like", local["hits"][0]["id"], "--match", "words", status=2)
        assert "A search by words needs a text" in refused.stderr  # by both, told once
        monkeypatch.setattr("anysense.server.cli.finding.asking.service_of", lambda _: None)
        assert run_json("find", "red")["folders"][0]["service"] is None


def test_a_service_that_does_not_answer_is_no_hindrance(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with noted(service_for(indexed, "http://127.0.0.1:1")):
        payload = run_json("find", "red")
    assert payload["folders"][0]["service"] is None
    assert payload["hits"]


def test_a_service_with_keys_is_asked_with_the_key_of_the_environment(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(warm_up=False, api_key="a-key")  # type: ignore[arg-type]
    with (
        Collection.open(cached_of(str(indexed)).path) as collection,
        listening(collection, settings) as (url, _),
        noted(service_for(indexed, url, needs_key=True)),
    ):
        monkeypatch.delenv("ANYSENSE_API_KEY", raising=False)
        assert run_json("find", "red")["folders"][0]["service"] is None
        monkeypatch.setenv("ANYSENSE_API_KEY", "a-key")
        assert run_json("find", "red")["folders"][0]["service"] == url
        monkeypatch.setenv("ANYSENSE_API_KEY", "another-key")
        payload = run_json("find", "red")
        assert payload["folders"][0]["service"] is None
        assert payload["hits"]


def test_pictures_are_shown_whoever_has_found_them(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anysense.server.cli.console.stdout_is_terminal", lambda: True)
    shown = run("find", "red", "--preview", "--modality", "image").stdout
    assert shown.count("red.png") == 2, "in the list, and above its picture"


def test_the_page_is_opened_where_a_service_runs(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("click.launch", opened.append)
    no_service = run("find", "red", "--open", status=1)
    assert f"`anysense serve {indexed}`" in no_service.stderr
    with noted(service_for(indexed, "http://127.0.0.1:1")):
        run("find", "red", "--not", "blue", "--open", "--modality", "image")
        assert (
            "--where does not go with --open"
            in run("find", "red", "--open", "--where", "id = 'x'", status=2).stderr
        )
        assert "names one" not in run("find", "red", ".", "--open").stderr
        too_long = run("find", "red " * 5000, "--open", status=2)
        assert "too long for an address" in too_long.stderr
    assert len(opened) == 2
    assert opened[0] == "http://127.0.0.1:1/?c=current&q=red&q=blue&w=1%2C-1&in=image"


def test_the_page_is_opened_by_a_file(indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("click.launch", opened.append)
    with (
        Collection.open(cached_of(str(indexed)).path) as collection,
        listening(collection, Settings(warm_up=False)) as (url, _),
        noted(service_for(indexed, url)),
    ):
        run("find", "--image", "red.png", "--like", "note.txt", "--not", "blue", "--open")
        [link] = opened
        query = parse_qs(urlsplit(link).query)
        upload, modality, name = query["up"][0].split(",")
        assert (modality, name) == ("image", "red.png")
        assert httpx.get(f"{url}/v1/queries/{upload}").content == Path("red.png").read_bytes()
        assert query["w"] == ["1,1,-1"]
        assert len(query["like"]) == 1
