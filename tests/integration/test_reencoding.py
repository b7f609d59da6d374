"""Other encoders for a collection: killed at any instant, it is as before or as after, and whole.

And beside processes that search it and write to it, nobody notices but by what is found.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import random
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import reencoding_child
from http_client import png
from live_server import listening
from tiny_files import write_media

from anysense.embed.errors import CollectionLockedError
from anysense.embed.types import Modality
from anysense.index.building.build import build
from anysense.index.collection import Collection
from anysense.index.snapshots.manifest import Manifest
from anysense.index.types import NewItem, Partition

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows"),
]

OPTIONS: dict[str, Any] = {"encoders": ["tiny:other"], "drop": ["tiny"]}
QUERIES = ("red", "blue low", "note 7", "green")
SPACES = ("tiny", "tiny:other")


@pytest.fixture(scope="module")
def processes() -> Any:
    """Processes that start at once, with everything imported."""
    context = multiprocessing.get_context("forkserver")
    preload = ["reencoding_child", "anysense.index.vectors.faiss.store", "sklearn.manifold"]
    context.set_forkserver_preload(preload)
    return context


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_media(tmp_path / "media")
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        build(collection, [tmp_path / "media"])
        collection.add([NewItem(f"note {i} is red", id=f"n{i}") for i in range(25)])
        collection.publish()
    return tmp_path / "c"


def answers(collection: Collection) -> dict[str, dict[str, float]]:
    """The items that each query finds, with their scores to three digits."""
    return {q: {h.id: round(h.score, 3) for h in collection.search(q, k=50)} for q in QUERIES}


def state_of(path: Path) -> tuple[str, dict[str, dict[str, float]]]:
    """By which space a collection is searched, and what it finds; asserts that it is sound."""
    with Collection.open(path) as collection:
        assert collection.verify().problems == []
        [space] = {partition.space for partition in collection.snapshot().partitions}
        assert [s.id for s in collection.spaces] == [space]
        found = answers(collection)
        assert {len(each) for each in found.values()} == {30}
        assert {h.space for h in collection.search("red", k=50)} == {space}
        return space, found


def assert_whole(path: Path, states: dict[str, dict[str, dict[str, float]]]) -> str:
    """Assert that a collection is as before or as after; returns by which space it is searched.

    After the switch the next to write may have to make its words anew: vectors find the same items.
    """
    space, found = state_of(path)
    expected = states[space]
    if found != expected:
        assert space == "tiny:other"
        assert {query: set(hits) for query, hits in found.items()} == {
            query: set(hits) for query, hits in expected.items()
        }
    return space


def assert_ends(path: Path, expected: dict[str, dict[str, float]]) -> None:
    """Assert that the next run ends what was begun, with nothing left over."""
    with Collection.open(path) as collection:
        if collection.encoder_names != ["tiny:other"] or Manifest.read(path).has_hidden:
            under_way = Manifest.read(path).reencoding is not None
            is_switched = collection.encoder_names == ["tiny:other"]
            collection.reencode(**({} if under_way or is_switched else OPTIONS))
        assert answers(collection) == expected
        with collection.folder.catalog.transaction() as connection:
            left = connection.execute("SELECT DISTINCT space_pk FROM segments").fetchall()
        assert len(left) == 1
        collection.compact()
        assert collection.verify().problems == []
    assert not Manifest.read(path).has_hidden


def ended(path: Path, tmp_path: Path) -> dict[str, dict[str, float]]:
    """What is found where nothing was killed."""
    shutil.copytree(path, tmp_path / "ended")
    with Collection.open(tmp_path / "ended") as collection:
        collection.reencode(**OPTIONS)
    return state_of(tmp_path / "ended")[1]


@pytest.mark.parametrize("step", [25, pytest.param(2, marks=pytest.mark.thorough)])
def test_killed_at_each_event_it_is_as_before_or_as_after(
    path: Path, tmp_path: Path, processes: Any, step: int
) -> None:
    states = dict(zip(SPACES, (state_of(path)[1], ended(path, tmp_path)), strict=True))
    seen = dict.fromkeys(SPACES, 0)
    copy = tmp_path / "copy"
    for event in range(1, 10_000, step):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(path, copy)
        mine, theirs = processes.Pipe(duplex=False)
        child = processes.Process(
            target=reencoding_child.die_at_event, args=(copy, OPTIONS, event, theirs)
        )
        child.start()
        theirs.close()
        child.join()
        code = child.exitcode
        child.close()
        mine.close()
        if code == 0:
            break
        assert code == -9
        seen[assert_whole(copy, states)] += 1
        assert_ends(copy, states["tiny:other"])
    assert min(seen.values()) > 1  # it was killed before the switch, and after it
    assert_ends(copy, states["tiny:other"])


@pytest.mark.parametrize("rounds", [10, pytest.param(60, marks=pytest.mark.thorough)])
def test_killed_at_random_instants_it_goes_on(
    path: Path, tmp_path: Path, processes: Any, rounds: int
) -> None:
    states = dict(zip(SPACES, (state_of(path)[1], ended(path, tmp_path)), strict=True))
    rng = random.Random(rounds)
    copy, switched = tmp_path / "copy", 0
    shutil.copytree(path, copy)
    for _ in range(rounds):
        manifest = Manifest.read(copy)
        if [entry.name for entry in manifest.encoders] == ["tiny:other"]:
            switched += 1
            assert_ends(copy, states["tiny:other"])
            shutil.rmtree(copy)
            shutil.copytree(path, copy)
            manifest = Manifest.read(copy)
        mine, theirs = processes.Pipe(duplex=False)
        options = OPTIONS if manifest.reencoding is None else {}
        child = processes.Process(
            target=reencoding_child.reencode_until_killed, args=(copy, options, theirs)
        )
        child.start()
        theirs.close()
        for _ in range(rng.randrange(1, 14)):
            assert mine.poll(60)
            if mine.recv() == "done":
                break
        time.sleep(rng.random() * rng.choice([0.001, 0.01, 0.1]))
        child.kill()
        child.join()
        child.close()
        mine.close()
        assert_whole(copy, states)
    assert switched > 1


def test_others_search_and_write_meanwhile(path: Path, processes: Any) -> None:
    mine, theirs = processes.Pipe(duplex=False)
    child = processes.Process(target=reencoding_child.add_until_killed, args=(path, theirs))
    child.start()
    theirs.close()
    problems: list[object] = []
    spaces: list[str] = []
    is_over = threading.Event()

    def search() -> None:
        with Collection.open(path) as reader:
            while not is_over.is_set():
                try:
                    hits = reader.search("red", k=500, match="vector")
                    used = {hit.space for hit in hits}
                    if len(hits) < 30 or len(used) != 1:
                        problems.append((len(hits), used))
                    spaces.append(hits[0].space)
                except Exception as error:  # noqa: PERF203 - each is told
                    problems.append(error)

    searching = threading.Thread(target=search)
    searching.start()
    assert mine.poll(60)
    try:
        with Collection.open(path) as collection:
            report = collection.reencode(**OPTIONS)
    finally:
        time.sleep(0.5)
        is_over.set()
        searching.join()
        child.kill()
        child.join()
    assert problems == []
    assert (spaces[0], spaces[-1]) == SPACES
    added = set()
    with contextlib.suppress(EOFError):
        while mine.poll():
            added.add(mine.recv())
    assert report.encoded >= 31
    with Collection.open(path) as collection:
        spaces_of = {s.space for name in added for s in collection.snapshot().item(name).segments}
        assert spaces_of == {"tiny:other"}
        assert {p.space for p in collection.snapshot().partitions} == {"tiny:other"}
        assert collection.verify().problems == []


def test_the_lock_is_free_between_batches(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anysense.index.reencoding.encoding.BATCH_ITEMS", 4)
    with Collection.open(path) as collection, Collection.open(path) as other:
        written = []

        def write(doing: str, done: int, total: int) -> None:
            if doing != "wait" and len(written) < 3:
                try:
                    other.folder.note({f"test|{len(written)}": "x"})
                    other.release()
                    written.append(doing)
                except CollectionLockedError:
                    pass

        collection.reencode("tiny:other", progress=write)
    assert len(written) == 3


def test_a_service_goes_on_meanwhile_and_goes_by_the_new_encoders_after_it(path: Path) -> None:
    with (
        Collection.open(path) as served,
        listening(served) as (url, _),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        picture = {"file": ("blue.png", png("blue", 24), "image/png")}
        stored = client.post("/v1/items", files=picture)
        assert stored.status_code == 201
        refused: list[str] = []
        spaces: list[set[str]] = []
        is_over = threading.Event()

        def use() -> None:
            for number in itertools.count():
                if is_over.is_set():
                    return
                late = number % 300  # so that one search finds all of them
                item = {"text": f"a red note {late}", "id": f"late{late}"}
                added = client.post("/v1/items", json=item)
                found = client.post("/v1/search", json={"text": "red", "k": 500, "match": "vector"})
                refused.extend(a.text for a in (added, found) if a.status_code not in (200, 201))
                spaces.append({hit["space"] for hit in found.json().get("hits", ())})

        using = threading.Thread(target=use)
        using.start()
        try:
            with Collection.open(path) as collection:
                report = collection.reencode(**OPTIONS)
        finally:
            time.sleep(1)
            is_over.set()
            using.join()
        assert report.missing == []
        assert refused == []
        assert spaces[0] == {"tiny"}
        assert spaces[-1] == {"tiny:other"}
        assert all(len(each) == 1 for each in spaces)
        facts = client.get("/v1/collections/current").json()
        assert [encoder["name"] for encoder in facts["encoders"]] == ["tiny:other"]
        item = client.get(f"/v1/items/{stored.json()['id']}").json()
        assert {segment["space"] for segment in item["segments"]} == {"tiny:other"}
        found = client.post("/v1/search", json={"text": "a red note 1", "k": 500}).json()["hits"]
        assert {f"late{n}" for n in range(min(len(spaces), 300))} <= {hit["id"] for hit in found}
        assert served.verify().problems == []


@pytest.mark.thorough
def test_from_starter_to_another_kind_and_back(tmp_path: Path) -> None:
    sample = Path(__file__).parents[2] / "server" / "sample"
    for name in ("starter", "tiny"):
        with Collection.create(tmp_path / name, [name]) as collection:
            build(collection, [sample])
    with (
        Collection.open(tmp_path / "starter") as collection,
        Collection.open(tmp_path / "tiny") as tiny_alone,
    ):
        by_starter = scores(collection)
        assert collection.reencode("tiny", drop="starter").missing == []
        assert scores(collection) == pytest.approx(scores(tiny_alone), abs=1e-2)
        assert collection.reencode("starter", drop="tiny").missing == []
        assert scores(collection) == pytest.approx(by_starter, abs=1e-2)
        assert collection.folder.snapshot().partitions.keys() == {
            Partition("starter", modality) for modality in Modality
        }
        assert collection.verify().problems == []


def scores(collection: Collection) -> dict[str, float]:
    """The score of each item for some queries."""
    return {
        f"{query} {hit.id}": hit.score
        for query in ("waves on a beach", "red", "a bird sings")
        for hit in collection.search(query, k=30)
    }
