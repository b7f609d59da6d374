"""Builds whose items Ray's actors encode, some of which are killed: in a network of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import ray_child
from part_files import records_in
from tiny_files import write_media

from anysense.index.building.build import build
from anysense.index.collection import Collection

pytestmark = [pytest.mark.integration, pytest.mark.thorough]
pytest.importorskip("ray")

SUPPORT = Path(ray_child.__file__).parent
ALONE = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$0" "$@"']
"""Runs a command where there is no network but loopback. Only root may, and it is not needed: Ray
listens on loopback alone."""


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    write_media(folder)
    for number in range(60):
        (folder / f"{number:02}.txt").write_text(f"red {'low ' * (number % 7)} note {number}")
    return folder


@pytest.fixture
def plain(tmp_path: Path, media: Path) -> dict[str, Any]:
    """What a build without Ray makes of the media."""
    ray_child.register()
    with Collection.create(tmp_path / "plain", ("deadly",)) as collection:
        build(collection, [media])
        return held(collection)


def held(collection: Collection) -> dict[str, Any]:
    """The items in the order in which they were added, to the bit."""
    return {
        record.id: (record.source, [(s.place, s.vector.tobytes()) for s in record.segments])
        for record in records_in(collection)
    }


def built(folder: Path) -> dict[str, Any]:
    ray_child.register()
    with Collection.open(folder / "collection") as collection:
        assert collection.verify().problems == []
        return held(collection)


def run(folder: Path, media: Path, actors: int = 2) -> Any:
    can_be_alone = os.geteuid() == 0 and shutil.which("unshare") and shutil.which("ip")
    command = [sys.executable, SUPPORT / "ray_child.py", folder, media, str(actors)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(SUPPORT), os.environ.get("PYTHONPATH", "")]),
    }
    done = subprocess.run(
        [*(ALONE if can_be_alone else []), *map(str, command)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_with_an_actor_killed_all_is_as_a_build_makes_it(
    tmp_path: Path, media: Path, plain: dict[str, Any]
) -> None:
    (media / "31.txt").write_text(f"red once {tmp_path / 'killed'}")
    with Collection.open(tmp_path / "plain") as collection:
        (tmp_path / "killed").touch()  # not this process
        build(collection, [media])
        (tmp_path / "killed").unlink()
        plain = held(collection)
    first = run(tmp_path, media)
    assert (tmp_path / "killed").exists()
    assert (first["added"], first["quarantined"]) == (65, [])
    assert built(tmp_path) == plain
    assert "parts" not in first["parts"]
    again = run(tmp_path, media)
    assert (again["unchanged"], again["segments"]) == (65, 0)
    assert {**again["info"], "bytes": 0} == {**first["info"], "bytes": 0}  # without a log now


def test_what_kills_its_actor_each_time_is_quarantined_and_the_rest_is_built(
    tmp_path: Path, media: Path, plain: dict[str, Any]
) -> None:
    (media / "99.txt").write_text("a poison note")
    done = run(tmp_path, media, actors=1)
    [[path, reason]] = done["quarantined"]
    assert path.endswith("99.txt")
    assert "ended the process that read it" in reason
    assert done["added"] == 65
    assert built(tmp_path) == plain
