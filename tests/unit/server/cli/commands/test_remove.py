from __future__ import annotations

from typing import TYPE_CHECKING

from command_line import run, run_json

if TYPE_CHECKING:
    from pathlib import Path


def test_items_are_removed_by_id(built: Path) -> None:
    for name in ("t", "u"):
        run("add", built, "--text", f"a text {name}", "--id", name)
    assert run("remove", built, "t").stdout == "1 item removed.\n"
    assert "has no item 't'" in run("show", built, "t", status=1).stderr
    assert run("remove", built, "nothing", "u", status=1).stdout == "1 item removed.\n"
    assert run_json("info", built)["items"] == 3


def test_each_item_that_is_not_there_is_named(built: Path) -> None:
    refusal = run("remove", built, "t", "u", status=1)
    assert refusal.stdout == ""
    assert [line.split(":")[1] for line in refusal.stderr.splitlines()] == [
        f" {built} has no item 't'",
        f" {built} has no item 'u'",
    ]


def test_items_are_removed_by_a_condition(built: Path) -> None:
    assert run_json("remove", built, "--where", "modality = 'image'") == {"removed": 2}
    assert run_json("info", built)["items"] == 1


def test_removing_by_a_condition_that_nothing_meets_removes_nothing(built: Path) -> None:
    assert run_json("remove", built, "--where", "year > 3000") == {"removed": 0}
    run("remove", built, status=2)
    run("remove", built, "x", "--where", "year > 3000", status=2)
    assert run_json("info", built)["items"] == 3
