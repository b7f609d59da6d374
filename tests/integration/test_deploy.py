"""What lies in deploy/: options that there are, a unit that systemd takes, whole backups."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import tiny
from http_client import png
from service_process import serving_at

from anysense.index.collection import Collection
from anysense.index.types import NewItem
from anysense.server.http.configuration import option_names
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration
DEPLOY = Path(__file__).parents[2] / "deploy"
OPTIONS = {option for name in Settings.model_fields for option in option_names(name)}


@pytest.mark.parametrize(
    ("name", "begin"),
    [("anysense.service", "anysense serve"), ("Dockerfile", 'CMD ["serve"'), ("nginx.conf", "#")],
)
def test_options_that_are_named_are_there(name: str, begin: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text[text.index(begin) :]))
    assert named
    assert named <= OPTIONS


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_unit_is_one(tmp_path: Path) -> None:
    unit = (DEPLOY / "anysense.service").read_text(encoding="utf-8")
    path = tmp_path / "anysense.service"
    path.write_text(unit.replace("/opt/anysense/bin/anysense", "/bin/true"))
    verify = ["systemd-analyze", "verify", "--man=no", str(path)]
    outcome = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert "anysense.service" not in outcome.stderr, outcome.stderr
    seconds = int(re.findall(r"TimeoutStopSec=(\d+)", unit)[0])
    assert seconds > Settings().shutdown_timeout + 5  # what processes get beside it


def back_up(collection: Path, target: Path) -> None:
    subprocess.run(
        [sys.executable, str(DEPLOY / "backup.py"), str(collection), str(target)], check=True
    )


def writes(url: str, is_over: threading.Event) -> Iterator[str]:
    """Uploads of pictures, one after the other; the id of each."""
    number = 0
    while not is_over.is_set():
        number += 1
        data = {"id": f"item-{number:04}"}
        files = {"file": (f"{number}.png", png((number % 256, number // 256, 7)))}
        added = httpx.post(f"{url}/v1/items", data=data, files=files, timeout=60)
        assert added.status_code == 201, added.text
        yield data["id"]


@pytest.mark.slow
def test_a_backup_of_a_collection_that_is_served_is_whole(tmp_path: Path) -> None:
    tiny.register()
    path = tmp_path / "c.anysense"
    with Collection.create(path, ["tiny"]) as collection:
        collection.add([NewItem("red", id="red")])
        collection.publish()
    is_over, acknowledged = threading.Event(), []
    with serving_at(path, tmp_path / "log") as (_, url):

        def write() -> None:
            acknowledged.extend(writes(url, is_over))

        thread = threading.Thread(target=write)
        thread.start()
        for number in range(5):
            back_up(path, tmp_path / f"backup-{number}")
        is_over.set()
        thread.join()
        back_up(path, tmp_path / "backup-5")
    sizes = []
    for number in range(6):
        with Collection.open(tmp_path / f"backup-{number}") as copy:
            report = copy.verify()
            assert not report.problems, report
            sizes.append(copy.info()["items"])
    assert sizes == sorted(sizes)
    assert sizes[-1] == len(acknowledged) + 1
    with serving_at(tmp_path / "backup-4", tmp_path / "log") as (_, url):
        hits = httpx.post(f"{url}/v1/search", json={"text": "red", "k": 1000}).json()["hits"]
        assert len(hits) == sizes[4]
        for item_id in [hit["id"] for hit in hits if hit["id"] != "red"]:
            assert httpx.get(f"{url}/v1/items/{item_id}/media").status_code == 200
        assert httpx.post(f"{url}/v1/items", json={"text": "blue"}).status_code == 201


def test_a_backup_that_fails_says_so_in_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, str(DEPLOY / "backup.py"), str(tmp_path / "nothing")]
    outcome = subprocess.run(
        [*command, str(tmp_path / "b")], capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 1
    assert "is not backed up" in outcome.stderr
    assert "Traceback" not in outcome.stderr
