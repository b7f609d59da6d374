"""Builds beside a service of several processes while clients write: each has its turn."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest
import tiny
from service_process import SCRIPT, anysense, serving, wait_until_loaded

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="sockets of Unix"),
]
IDLE_SECONDS = 5.0
"""After which the service gives back the right to write, as it does by itself."""
FILES = 30
LOCKED = "is being written to"


def write_for_a_while(
    url: str, name: str, may_pause: threading.Event, is_over: threading.Event, kept: list[str]
) -> None:
    """Add items, and at times, once that is allowed, pause for longer than the lock is kept."""
    number = 0
    with httpx.Client(base_url=url, timeout=60) as client:
        while not is_over.is_set():
            number += 1
            item_id = f"{name}-{number}"
            answer = client.post("/v1/items", json={"text": f"red {number}", "id": item_id})
            if answer.status_code == 201:
                kept.append(item_id)
            else:
                assert (answer.status_code, answer.json()["error"]["code"]) == (
                    503,
                    "collection_locked",
                )
                assert answer.headers["retry-after"] == "1"
            is_pause = may_pause.is_set() and number % 20 == 0
            is_over.wait(2 * IDLE_SECONDS if is_pause else 0.02)


def test_a_build_has_its_turn_and_every_process_finds_what_it_adds(tmp_path: Path) -> None:
    tiny.register()
    path, source, log = tmp_path / "c.anysense", tmp_path / "source", tmp_path / "log"
    with Collection.create(path, ["tiny"]) as collection:
        collection.add([NewItem("red", id="red")])
    source.mkdir()
    for number in range(FILES):
        (source / f"{number}.txt").write_text(f"green {number}")
    arguments = (path, "--workers", "2")
    with serving(*arguments, log=log, program=SCRIPT) as (_, port):
        url = f"http://127.0.0.1:{port}"
        wait_until_loaded(url, log)
        kept: list[list[str]] = [[], []]
        may_pause, is_over = threading.Event(), threading.Event()
        threads = [
            threading.Thread(
                target=write_for_a_while, args=(url, f"c{n}", may_pause, is_over, kept[n])
            )
            for n in range(2)
        ]
        for thread in threads:
            thread.start()
        while not all(kept):
            time.sleep(0.05)
        refusals, deadline = 0, time.monotonic() + 240
        try:
            while (done := anysense("build", str(source), "-o", str(path))).returncode:
                assert LOCKED in done.stderr
                assert "Traceback" not in done.stderr
                assert time.monotonic() < deadline
                refusals += 1
                may_pause.set()
                time.sleep(0.2)
            for _ in range(8):  # each by a connection of its own, so by any process
                body = {"text": "green", "k": 200}
                hits = httpx.post(f"{url}/v1/search", json=body, timeout=60).json()["hits"]
                assert len([hit for hit in hits if hit["text"].startswith("green")]) == FILES
            before = [len(each) for each in kept]
            while any(len(each) == old for each, old in zip(kept, before, strict=True)):
                assert time.monotonic() < deadline  # clients write again after it
                time.sleep(0.1)
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
        assert refusals > 0  # it came while somebody wrote
        acknowledged = {item_id for each in kept for item_id in each}
        for item_id in sorted(acknowledged):
            assert httpx.get(f"{url}/v1/items/{item_id}", timeout=60).status_code == 200
    assert "Traceback" not in log.read_text()
    with Collection.open(path) as collection:
        report = collection.verify()
        assert (report.problems, report.notes) == ([], [])
        assert collection.info()["items"] == 1 + FILES + len(acknowledged)
