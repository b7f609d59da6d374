"""What the command line calls collections."""

from __future__ import annotations

from pathlib import Path

import pytest

from anysense.embed.errors import UsageError
from anysense.server.cli.served import named_paths, threads_of_each


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["my.anysense"], {"my": "my.anysense"}),
        (["x/photos.anysense", "notes"], {"photos": "x/photos.anysense", "notes": "notes"}),
        (["a=photos.anysense", "b.2=x/y=z"], {"a": "photos.anysense", "b.2": "x/y=z"}),
        (["Fotos von 2020.anysense"], {"Fotos-von-2020": "Fotos von 2020.anysense"}),
        (["写真.anysense"], {"collection": "写真.anysense"}),
        (["current.anysense"], {"collection": "current.anysense"}),
        (["./x/a=b"], {"a-b": "./x/a=b"}),
    ],
)
def test_names(arguments: list[str], names: dict[str, str]) -> None:
    named = named_paths(arguments)
    assert named == {name: Path(path) for name, path in names.items()}
    assert list(named) == list(names)


def test_a_folder_whose_name_has_the_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a=b").mkdir()
    assert named_paths(["a=b"]) == {"a-b": Path("a=b")}
    assert named_paths(["."]) == {tmp_path.name[:64]: Path()}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["current=x"], "cannot be the name"),
        (["=x"], "cannot be the name"),
        (["a b=x"], "cannot be the name"),
        (["-a=x"], "cannot be the name"),
        (["ä=x"], "cannot be the name"),
        (["a="], "names no path"),
        (["a=x", "a=y"], "Two collections are named 'a'"),
        (["x/c.anysense", "y/c.anysense"], "Two collections are named 'c'"),
        (["a=x", "b=./x"], "'a' and 'b' are the same collection"),
    ],
)
def test_names_that_are_refused(arguments: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        named_paths(arguments)


def test_processes_that_search_share_the_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anysense.server.cli.served.usable_processors", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert threads_of_each(None, workers=1) is None
    assert threads_of_each(None, workers=3) == 2
    assert threads_of_each(None, workers=20) == 1
    assert threads_of_each(5, workers=3) == 5
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert threads_of_each(None, workers=3) is None
