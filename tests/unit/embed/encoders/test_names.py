"""Names that are paths of the user's own, and those that are repositories of the hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from anysense.embed.encoders.names import absolute_name, is_repository, user_path


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


def test_a_path_in_a_name_begins_at_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    here = tmp_path.resolve()
    assert absolute_name("text:./mine") == f"text:{here}/mine"
    assert absolute_name("st:~/mine@256") == f"st:{here}/mine@256"
    assert absolute_name("text:./mine@256") == f"text:{here}/mine@256"
    for name in ("starter", "st:acme/model@64", "openclip:ViT-B-32/openai", f"st:{here}/mine"):
        assert absolute_name(name) == name
