from __future__ import annotations

from typing import TYPE_CHECKING

from command_line import run, run_json

if TYPE_CHECKING:
    from pathlib import Path


def test_an_empty_expression_is_refused_and_not_taken_for_none(built: Path) -> None:
    for command in (("search", built, "red"), ("remove", built)):
        assert "it is empty" in run(*command, "--where", " ", status=2).stderr
    assert run_json("info", built)["items"] == 3
