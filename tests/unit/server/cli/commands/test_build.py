from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from command_line import run, run_json
from PIL import Image

from anysense.embed.encoders.cards import profiles
from anysense.server.cli import options, progress, removal
from anysense.server.cli.status import INTERRUPTED

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from anysense.index.building.report import BuildProgress


def test_build_and_build_again(tmp_path: Path, media: Path) -> None:
    where = tmp_path / "c"
    first = run_json("build", media, "-o", where, "--encoder", "tiny")
    assert (first["added"], first["items"], first["quarantined"]) == (3, 3, [])
    assert first["collection"] == os.path.realpath(where)
    again = run("build", media, "-o", where)
    assert "3 items" in again.stdout
    assert "3 unchanged" in again.stdout


def test_a_collection_keeps_what_its_profile_meant(
    tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = tmp_path / "c"
    run_json("build", media, "-o", where, "--encoder", "tiny")
    again = ("build", media, "-o", where, "--profile", "best")
    assert "was built with tiny, not with openclip:" in run(*again, status=2).stderr
    monkeypatch.setattr(profiles, "FORMER", {"best": (("tiny",),)})
    done = run(*again)
    assert "keeps the models that the profile best meant when it was built: tiny." in done.stderr
    assert "3 unchanged" in done.stdout
    assert tuple(profiles.PROFILES) == options.PROFILE_NAMES


def test_build_takes_the_encoding_of_texts(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_bytes("Š".encode("cp1250"))
    (tmp_path / "notes" / "b.txt").write_text("red", "utf-8")
    build = ("build", tmp_path / "notes", "-o", tmp_path / "c", "--encoder", "tiny")
    refused = run(*build, "--encoding", "klingon", status=2)
    assert "is no encoding" in refused.stderr
    assert not (tmp_path / "c").exists()
    assert run_json(*build, "--encoding", "cp1250")["added"] == 2


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
    payload = run_json("build", media, "-o", tmp_path / "c", status=3)
    assert payload["untried"] == 1
    assert [q["path"] for q in payload["quarantined"]] == [os.path.realpath(media / "bad.png")]
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
        def __call__(self, payload: BuildProgress) -> None:
            if payload.done == 2:
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


def test_build_leaves_out_what_no_encoder_takes(tmp_path: Path, media: Path) -> None:
    (media / "song.mp3").write_bytes(b"never read")
    result = run("build", media, "-o", tmp_path / "c", "--encoder", "tiny:text-image")
    assert "1 file left out" in result.stderr


def test_words_beside_files_are_part_of_them_unless_that_is_not_wanted(
    tmp_path: Path, media: Path
) -> None:
    where = tmp_path / "c"
    (media / "blue.txt").write_text("a low dark barn")
    first = run_json("build", media, "-o", where, "--encoder", "tiny")
    assert (first["added"], first["items"]) == (3, 3)
    [best, *_] = run_json("search", where, "dark barn")["hits"]
    assert (best["kind"], best["modality"], best["origin"]) == ("image", "text", "caption")
    assert best["source"] == os.path.realpath(media / "blue.png")
    assert run_json("build", *sorted(media.iterdir()), "-o", where)["unchanged"] == 3
    apart = run_json("build", media, "-o", where, "--no-sidecars")
    assert (apart["added"], apart["updated"], apart["items"]) == (1, 1, 4)
    [best, *_] = run_json("search", where, "dark barn")["hits"]
    assert (best["kind"], best["origin"]) == ("text", "content")
    again = run_json("build", media, "-o", where)
    assert (again["updated"], again["removed"], again["items"]) == (1, 1, 3)


def test_words_inside_files_are_left_out_of_what_is_read_again(tmp_path: Path, media: Path) -> None:
    where = tmp_path / "c"
    with Image.open(media / "blue.png") as picture:
        exif = picture.getexif()
        exif[0x010E] = "a low dark barn"  # its description
        picture.save(media / "blue.png", exif=exif)

    def captions() -> list[str]:
        hits = run_json("search", where, "barn", "--modality", "text")["hits"]
        return [hit["text"] for hit in hits if hit["origin"] == "caption"]

    run("build", media, "-o", where, "--encoder", "tiny")
    assert captions() == ["a low dark barn"]
    assert "3 unchanged" in run("build", media, "-o", where, "--no-sidecars").stdout
    assert captions() == ["a low dark barn"]
    read = run_json("build", media, "-o", where, "--no-sidecars", "--reread")
    assert (read["updated"], read["unchanged"], read["items"]) == (3, 0, 3)
    assert captions() == []
    assert run_json("build", media, "-o", where, "--reread")["updated"] == 3
    assert captions() == ["a low dark barn"]


def test_a_list_that_was_cut_off_is_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, where = tmp_path / "list.csv", tmp_path / "c"
    table.write_text("id,text\n1,red\n2,green\n3,blue\n4,dark\n")
    run("build", table, "-o", where, "--encoder", "tiny")
    table.write_text("id,text\n1,red\n")
    refused = run("build", table, "-o", where, status=2)
    assert "3 of the 4 items that it has given would be removed" in refused.stderr
    assert "Remove them?" not in refused.stderr  # nobody is there to answer
    monkeypatch.setattr(removal, "is_answered", lambda: True)
    assert "Remove them? [y/N]" in run("build", table, "-o", where, status=2, text="\n").stderr
    assert run_json("info", where)["items"] == 4
    assert "3 removed" in run("build", table, "-o", where, text="y\n").stdout
    table.write_text("id,text\n1,red\n2,green\n3,blue\n")
    run("build", table, "-o", where)
    table.write_text("id,text\n1,red\n")
    assert run_json("build", table, "-o", where, "--yes")["removed"] == 2


def test_items_that_may_stand_in_a_broken_row_are_kept_and_counted(tmp_path: Path) -> None:
    table, where = tmp_path / "list.jsonl", tmp_path / "c"
    table.write_text('{"text": "red"}\n{"text": "green"}\n')
    run("build", table, "-o", where, "--encoder", "tiny")
    table.write_text('{"text": "red"}\n{"text": "gre')
    assert run_json("build", table, "-o", where, status=3)["kept"] == 1
    told = run("build", table, "-o", where, status=3).stderr
    assert "1 item kept that may be in what could not be read of a table or tar." in told


def test_what_is_not_looked_at_is_told(tmp_path: Path, media: Path) -> None:
    (media / "letter.psdx").write_bytes(b"x")
    message = run("build", media, "-o", tmp_path / "c", "--encoder", "tiny").stderr
    assert "1 file of a kind that anysense does not read: 1 .psdx" in message
    assert "; --list-unread names it." in message
    for name in ("a.psdx", "a.sketch", "a.blend", "a.zip", "a.fig", "a.ai", "Makefile", "b.psdx"):
        (media / name).write_bytes(b"x")
    (media / "@eaDir").mkdir()
    message = run("build", media, "-o", tmp_path / "c").stderr
    assert "9 files of kinds that anysense does not read: 3 .psdx, 1 " in message
    assert " and 2 more kinds; --list-unread names them.\n" in message
    assert "deleted files, packages and the like left out: @eaDir.\n" in message
    payload = run_json("build", media, "-o", tmp_path / "c")
    assert payload["unread_kinds"][""] == payload["unread_kinds"][".sketch"] == 1
    assert payload["litter"] == {"@eaDir": 1}


def test_what_patterns_leave_out_is_told(tmp_path: Path, media: Path) -> None:
    command = ("build", media, "-o", tmp_path / "c", "--encoder", "tiny")
    told = run(*command, "--exclude", "*d.png").stderr
    assert "left out by --exclude.\n" in told
    (media / ".gitignore").write_text("*.txt\n")
    told = run(*command, "--exclude", "/*d.png").stderr
    assert (
        f"{media}/.gitignore, --exclude; --no-ignore reads what ignore files leave out.\n" in told
    )
    payload = run_json(*command)
    assert payload["ignored"] == {str(media / ".gitignore"): 1}
    assert run_json(*command, "--no-ignore")["ignored"] == {}
    assert "is no pattern of what to leave out" in run(*command, "--exclude", "", status=2).stderr


def test_documents_that_an_extra_reads_are_told(
    tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anysense.embed.media.extras.has_packages", lambda names: False)
    for name in ("a.docx", "b.XLSX", "c.sketch"):
        (media / name).write_bytes(b"x")
    build = ("build", media, "-o", tmp_path / "c", "--encoder", "tiny")
    result = run(*build)
    assert (
        "3 files of kinds that anysense does not read: 1 .docx, 1 .xlsx, 1 .sketch; 2 of them are "
        "read by an extra: pip install 'anysense[documents]'; --list-unread names them."
    ) in result.stderr
    assert "3 added, 3 not read; " in result.stdout
    extras = json.loads(run(*build, "--json").stdout)["extras"]
    assert extras == {
        "documents": {"files": 2, "command": "pip install 'anysense[documents]'"},
    }


def test_files_that_are_not_read_are_listed_without_a_build(tmp_path: Path, media: Path) -> None:
    (media / "inner").mkdir()
    for name in ("a.sketch", "inner/b"):
        (media / name).write_bytes(b"x")
    build = ("build", media, media / "inner", "-o", tmp_path / "c", "--list-unread")
    assert run(*build).stdout.splitlines() == [f"{media}/a.sketch", f"{media}/inner/b"]
    objects = [json.loads(line) for line in run(*build, "--json").stdout.splitlines()]
    assert objects[0] == {
        "path": f"{media}/a.sketch",
        "suffix": ".sketch",
        "extra": None,
        "special": None,
    }
    assert not (tmp_path / "c").exists()


def test_a_source_of_other_kinds_alone_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    for name in ("a.braw", "b.braw"):
        (tmp_path / "films" / name).write_bytes(b"x")
    result = run("build", tmp_path / "films", "-o", tmp_path / "c", status=2)
    assert "holds no file that anysense reads, but 2 .braw; it reads ." in result.stderr
