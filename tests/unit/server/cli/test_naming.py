"""Items as a user names them, and why there may be none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from command_line import run, run_json

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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
    assert run_json("show", built, "red.png")["kind"] == "text"
    (media / "same.png").unlink()
    assert run_json("remove", built, "same.png", media / "red.png", red) == {"removed": 1}
    assert (media / "red.png").exists()


def test_a_field_that_no_item_has_is_told(built: Path) -> None:
    def errors_of(*args: str | Path) -> str:
        return run(*args).stderr

    names = "none but id, source, kind and modality"
    alone = f"no item has a field yeer; the fields that there are: {names}"
    assert errors_of("search", built, "red", "--where", "yeer > 3") == f"Nothing found: {alone}.\n"
    run("add", built, "--text", "a", "--meta", "year=2020", "--meta", 'camera={"model": "X"}')
    where = "not (year = 2021 or yeer = 3) and camera.modle = 'X' and source ^= '/' and yeer = 4"
    why = "no item has a field yeer or camera.modle; the fields that there are: camera, year"
    assert errors_of("search", built, "red", "--where", where) == f"Nothing found: {why}.\n"
    assert errors_of("search", built, "red", "--where", where, "-f") == f"Nothing found: {why}.\n"
    assert (
        errors_of("search", built, "red", "--where", where, "--json") == f"Nothing found: {why}.\n"
    )
    assert errors_of("remove", built, "--where", where) == f"Nothing to remove: {why}.\n"
    holds = errors_of("remove", built, "--where", "year = 2021 and camera.model = 'X'")
    assert holds == "Nothing to remove: --where holds for no item.\n"
