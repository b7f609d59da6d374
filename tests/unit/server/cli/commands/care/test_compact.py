from __future__ import annotations

from typing import TYPE_CHECKING

from command_line import run, run_json

if TYPE_CHECKING:
    from pathlib import Path


def test_the_space_of_what_was_removed_is_given_back(built: Path) -> None:
    run("remove", built, "--where", "modality = 'image'")
    assert run("compact", built).stdout.startswith(f"{built}: ")
    payload = run_json("compact", built)
    assert set(payload) == {"bytes_before", "bytes"}
    assert payload["bytes"] > 0
    assert run_json("info", built)["items"] == 1
