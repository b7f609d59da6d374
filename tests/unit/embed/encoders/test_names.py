"""Names that are paths of the user's own, and those that are repositories of the hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from anysense.embed.encoders.names import is_repository, user_path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("/data/w.pt", Path("/data/w.pt")),
        ("./w.pt", Path("w.pt")),
        ("../model", Path("../model")),
        ("~/model", Path.home() / "model"),
    ],
)
def test_paths(name: str, path: Path) -> None:
    assert user_path(name) == path.resolve()
    assert not is_repository(name)


@pytest.mark.parametrize("name", ["", "model", "owner/name", "a/b/c", "owner/", ".hidden/model"])
def test_names_that_are_no_paths(name: str) -> None:
    assert user_path(name) is None
    assert is_repository(name) is (name in ("owner/name", ".hidden/model"))
