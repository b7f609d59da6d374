"""What `build` says of options for Ray that do not go together, before anything is done."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from command_line import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--ray-actors", "2"], "go with --ray"),
        (["--parts", "x"], "go with --ray"),
        (["--ray", "local", "--watch"], "not both"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    tmp_path: Path, media: Path, options: list[str], words: str
) -> None:
    result = run("build", media, "-o", tmp_path / "c", "--encoder", "tiny", *options, status=2)
    assert words in result.stderr
    assert not (tmp_path / "c").exists()


def test_without_ray_the_extra_is_named(
    tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    arguments = ("build", media, "-o", tmp_path / "c", "--encoder", "tiny", "--ray", "local")
    assert "pip install 'anysense[ray]'" in run(*arguments, status=2).stderr
