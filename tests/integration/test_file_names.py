"""Names of files that are not ASCII, in a process that takes names for ASCII."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from scripts import SUPPORT
from tiny_files import write_media

from anysense.index.building.build import build
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are UTF-8 there"),
]

NO_UTF8 = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
COMMAND = "import tiny; tiny.register(); from anysense.server.cli.root import main; main()"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    write_media(folder)
    (folder / "note.txt").rename(folder / "grün.txt")
    return folder


@pytest.fixture
def path(tmp_path: Path, photos: Path) -> Path:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        assert build(collection, [photos]).added == 5
    return tmp_path / "c"


@pytest.fixture
def run_in_ascii() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Runs a command where names are taken for ASCII."""
    paths = os.pathsep.join(filter(None, [str(SUPPORT), os.environ.get("PYTHONPATH")]))

    def run(*arguments: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-c", COMMAND, *map(str, arguments)],
            env={**os.environ, **NO_UTF8, "PYTHONPATH": paths},
            timeout=120,
            capture_output=True,
            check=False,
        )

    return run


def test_a_build_there_removes_nothing(
    path: Path, photos: Path, run_in_ascii: Callable[..., subprocess.CompletedProcess[bytes]]
) -> None:
    refused = run_in_ascii("build", photos, "-o", path)
    assert refused.returncode == 2
    message = refused.stderr.decode()
    assert message.startswith(f"error: {photos}/grün.txt cannot be told from other names here")
    assert message.endswith("set PYTHONUTF8=1 in the environment.\n")
    # Nor is it taken for gone by a build that meets a copy of it elsewhere.
    other = photos.with_name("other")
    other.mkdir()
    (other / "copy.txt").write_bytes((photos / "grün.txt").read_bytes())
    assert run_in_ascii("build", other, "-o", path).returncode == 0
    with Collection.open(path) as collection:
        report = build(collection, [photos])
        assert (report.unchanged, report.added, report.removed) == (5, 0, 0)


def test_what_is_there_is_found_and_printed(
    path: Path, photos: Path, run_in_ascii: Callable[..., subprocess.CompletedProcess[bytes]]
) -> None:
    files = run_in_ascii("search", path, "green note", "--modality", "text", "-f")
    assert os.fsencode(photos / "grün.txt") in files.stdout.splitlines()
    for command in (("search", path, "green"), ("info", path), ("verify", path)):
        done = run_in_ascii(*command)
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "c", "grün"),
        ("add", "c", "photos/grün.txt"),
        ("add", "c", "--text", "grün"),
        ("build", "photos/grün.txt", "-o", "d"),
        ("build", "gr*ün", "-o", "d"),
        ("build", "names.csv", "-o", "d"),
    ],
)
def test_words_and_names_that_are_not_what_was_typed_are_refused(
    path: Path,
    arguments: tuple[str, ...],
    run_in_ascii: Callable[..., subprocess.CompletedProcess[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(path.parent)
    (path.parent / "names.csv").write_text("path\nphotos/grün.txt\n", encoding="utf-8")
    done = run_in_ascii(*arguments)
    assert done.returncode == 2
    assert "set PYTHONUTF8=1" in done.stderr.decode()
    assert not (path.parent / "d").exists()


def test_a_folder_of_such_a_name_is_refused(
    path: Path,
    run_in_ascii: Callable[..., subprocess.CompletedProcess[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = path.parent / "Zoë"
    folder.mkdir()
    (folder / "rows.csv").write_text("id,text\na,red\n")
    monkeypatch.chdir(folder)
    for source in ("rows.csv", ".", "*.csv"):
        assert run_in_ascii("build", source, "-o", path).returncode == 2
    with Collection.open(path) as collection:
        assert collection.info()["items"] == 5
