"""The wheel by itself: what a user gets who installs it, away from the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT],
        check=True,
    )
    return next(folder.glob("anysense-*.whl"))


def test_wheel_holds_every_file_and_the_licences(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    files = {
        path.relative_to(ROOT).as_posix()
        for layer in ("embed", "index", "server")
        for path in (ROOT / layer).rglob("*")
        # Types of the page's library are for the checks of the page alone.
        if path.is_file() and path.suffix != ".pyc" and not path.name.endswith(".d.ts")
    }
    assert len(files) > 300
    homes = {"/server/_root/": "/", "/server/adapters/": "/adapters/"}
    for file in files:
        name = f"anysense/{file}"
        for folder, home in homes.items():
            name = name.replace(folder, home)
        assert name in names
    assert {Path(n).name for n in names if ".dist-info/licenses/" in n} >= {"LICENSE", "NOTICE"}
    assert wheel.stat().st_size < 40e6


def test_demo_runs_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    run = [sys.executable, "-m", "anysense"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    subprocess.run(
        [*run, "demo", "-o", "demo"], cwd=tmp_path, env=environment, check=True, capture_output=True
    )
    search = subprocess.run(
        [*run, "search", "demo", "a dog", "--json"],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
    )
    hits = json.loads(search.stdout)["hits"]
    assert {hit["modality"] for hit in hits} == {"text", "image", "audio"}
    assert all(str(tmp_path) in hit["source"] for hit in hits)
