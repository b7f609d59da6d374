"""Servers and builds on one collection are killed at random; nothing acknowledged is lost."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import tiny
from http_client import png
from service_process import anysense, serving_at

from anysense.embed.errors import ItemNotFoundError
from anysense.index.collection import Collection

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROUNDS = 4
CLIENTS = 4


@dataclass
class Told:
    """What servers have acknowledged: the bytes of each item, None for one that was deleted.

    An id whose last request got no answer may be either way, and is in `unsure`.
    """

    items: dict[str, bytes | None] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)


def work(urls: list[str], client: int, seed: int, told: Told, is_over: threading.Event) -> None:
    """Add, upload, replace and delete items whose ids no other client uses."""
    rng = random.Random(seed)
    with httpx.Client(timeout=30) as http:
        while not is_over.is_set():
            name = f"c{client}-{rng.randrange(30)}"
            items = f"{rng.choice(urls)}/v1/items"
            content = png(f"#{rng.randrange(1 << 24):06x}")
            action = rng.choice(["text", "file", "file", "delete"])
            told.unsure.add(name)
            try:
                if action == "text":
                    content = f"red {rng.random()}".encode()
                    body = {"text": content.decode(), "id": name}
                    answer = http.post(items, json=body)
                elif action == "file":
                    files = {"file": ("a.png", content)}
                    answer = http.post(items, files=files, data={"id": name})
                else:
                    answer = http.delete(f"{items}/{name}")
            except httpx.TransportError:  # that server was killed; the other may go on
                time.sleep(0.02)
                continue
            assert answer.status_code in (200, 201, 404, 503), answer.text
            if answer.status_code in (200, 201):
                told.items[name] = None if action == "delete" else content
                told.unsure.discard(name)
            elif answer.status_code == 404:
                assert told.items.get(name) is None or name in told.unsure
                told.items[name] = None
                told.unsure.discard(name)


def build_again_and_again(path: Path, source: Path, is_over: threading.Event) -> None:
    """A build beside the servers, which may find the collection locked."""
    number = 0
    while not is_over.is_set():
        (source / f"{number}.txt").write_text(f"blue {number}")
        number += 1
        done = anysense("build", str(source), "-o", str(path))
        assert done.returncode == 0 or "is being written to" in done.stderr, done.stderr
        assert "Traceback" not in done.stderr


def check(path: Path, told: Told) -> None:
    with Collection.open(path) as collection:
        report = collection.verify()
        assert report.problems == []
        for name, content in told.items.items():
            if name in told.unsure:
                continue
            if content is None:
                with pytest.raises(ItemNotFoundError):
                    collection.folder.catalog.item(name)
                continue
            item = collection.folder.catalog.item(name)
            if content.startswith(b"red"):
                assert [segment.text for segment in item.segments] == [content.decode()]
            else:
                assert Path(item.source).read_bytes() == content, name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tiny.register()
    path = tmp_path / "c.anysense"
    with Collection.create(path, ["tiny"]):
        pass
    return path


@pytest.mark.parametrize("servers", [1, pytest.param(2, marks=pytest.mark.thorough)])
def test_nothing_acknowledged_is_lost(path: Path, tmp_path: Path, servers: int) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    source = tmp_path / "source"
    source.mkdir()
    told = [Told() for _ in range(CLIENTS)]
    for number in range(ROUNDS):
        run_until_killed(path, source, servers, rng, told, tmp_path / f"log{number}")
        for each in told:
            check(path, each)
    assert sum(len(each.items) for each in told) > 10


def run_until_killed(
    path: Path, source: Path, servers: int, rng: random.Random, told: list[Told], log: Path
) -> None:
    """One round: clients and a build at work, until every server has been killed."""
    is_over = threading.Event()
    first = serving_at(path, log)
    second = serving_at(path, log.with_suffix(".second"))
    with first as (process, url):
        others = [second.__enter__()] if servers == 2 else []
        urls = [url, *(other[1] for other in others)]
        threads = [
            threading.Thread(target=work, args=(urls, i, rng.random(), each, is_over))
            for i, each in enumerate(told)
        ]
        if servers == 2:
            arguments = (path, source, is_over)
            threads.append(threading.Thread(target=build_again_and_again, args=arguments))
        for thread in threads:
            thread.start()
        for victim in [process, *(other[0] for other in others)]:
            time.sleep(rng.uniform(0.5, 3))
            victim.kill()
            victim.wait(10)
        is_over.set()
        for thread in threads:
            thread.join(60)
    assert "Traceback" not in log.read_text()
