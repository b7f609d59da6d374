"""Nothing acknowledged is lost, and no answer is wrong, whatever happens to process and disk.

After each accident, opening the collection again either succeeds, with every acknowledged item
found by its own vector and no other, or fails with one sentence that says what to do.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import crash_child
import format1
import pytest
from specimen import assert_holds, created, record

from anysense.embed.errors import AnysenseError, CollectionLockedError, CollectionNotFoundError
from anysense.index.catalog.schema import CATALOG, FORMAT
from anysense.index.collection import Collection
from anysense.index.snapshots.manifest import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows"),
]

FIRST = dict.fromkeys(crash_child.NAMES, 0)
SENTENCES = ("restore", "delete", "build", "anysense", "try again")


@pytest.fixture(scope="module")
def processes() -> Any:
    """Processes that start at once, with everything imported."""
    context = multiprocessing.get_context("forkserver")
    preload = ["crash_child", "anysense.index.vectors.faiss.store", "sklearn.manifold"]
    context.set_forkserver_preload(preload)
    return context


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with created(tmp_path / "c") as collection:
        collection.write([record(name) for name in FIRST])
        collection.publish()
    return tmp_path / "c"


def heard(pipe: Any) -> list[Any]:
    """Everything that a process said before it ended."""
    messages = []
    with contextlib.suppress(EOFError):
        while pipe.poll():
            messages.append(pipe.recv())
    return messages


def possible_states(before: dict[str, int], messages: list[Any]) -> list[dict[str, int]]:
    """What may be there: all that was acknowledged, with or without what was under way."""
    state, pending = before, None
    for kind, *action in messages:
        if kind == "begun":
            pending = action
        elif kind in ("done", "undone"):
            state = crash_child.outcome(state, *action) if kind == "done" else state
            pending = None
    return [state] if pending is None else [state, crash_child.outcome(state, *pending)]


def assert_one_of(path: Path, states: list[dict[str, int]]) -> dict[str, int]:
    """Assert that a collection holds one of some states, and tell which."""
    with Collection.open(path) as collection:
        snapshot = collection.folder.snapshot()
        with snapshot.catalog.transaction() as connection:
            names = {row[0] for row in connection.execute("SELECT id FROM items")}
        version = {name: snapshot.item(name).metadata["version"] for name in names}
        assert version in states
        assert_holds(collection, version)
    return version


# Killing


@pytest.mark.parametrize("rounds", [15, pytest.param(80, marks=pytest.mark.thorough)])
def test_killing_at_random_instants_loses_nothing(path: Path, processes: Any, rounds: int) -> None:
    rng = random.Random(rounds)
    state, steps = FIRST, 0
    for seed in range(1, rounds + 1):
        mine, theirs = processes.Pipe(duplex=False)
        child = processes.Process(target=crash_child.change_until_killed, args=(path, seed, theirs))
        child.start()
        theirs.close()
        messages = []
        for _ in range(rng.randrange(1, 12)):
            assert mine.poll(60)
            messages.append(mine.recv())
        time.sleep(rng.random() * rng.choice([0.001, 0.01, 0.05]))
        child.kill()
        child.join()
        messages += heard(mine)
        mine.close()
        child.close()
        state = assert_one_of(path, possible_states(state, messages))
        steps += len(messages) // 2
    assert steps > 2 * rounds  # they were killed at work, not before it
    with Collection.open(path) as collection:
        assert collection.publish() > 0
        assert collection.verify().problems == []


@pytest.mark.parametrize("rounds", [6, pytest.param(40, marks=pytest.mark.thorough)])
def test_killing_at_random_instants_keeps_words_with_their_rows(
    path: Path, processes: Any, rounds: int
) -> None:
    rng = random.Random(rounds)
    for seed in range(1, rounds + 1):
        mine, theirs = processes.Pipe(duplex=False)
        child = processes.Process(
            target=crash_child.change_words_until_killed, args=(path, seed, theirs)
        )
        child.start()
        theirs.close()
        messages = []
        for _ in range(rng.randrange(1, 20)):
            assert mine.poll(60)
            messages.append(mine.recv())
        time.sleep(rng.random() * rng.choice([0.001, 0.01, 0.05]))
        child.kill()
        child.join()
        messages += heard(mine)
        written = [m[3] for m in messages if m[:2] == ("done", "write")]
        mine.close()
        child.close()
        with Collection.open(path) as collection:
            assert collection.verify().problems == []
            for step in written:
                hits = collection.search(f"ERR_{step}", match="words", k=50)
                holders = {hit.id for hit in hits if hit.text and f"ERR_{step}" in hit.text}
                assert holders == {
                    name
                    for name in crash_child.NAMES
                    if collection.folder.existing([name])
                    and collection.snapshot().item(name).metadata["version"] == step
                }


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    ["publish", "write", "create", pytest.param("compact", marks=pytest.mark.thorough)],
)
def test_killing_at_each_call_to_the_file_system(path: Path, processes: Any, kind: str) -> None:
    """At every file that is opened, renamed, made or removed on the way, one process dies."""
    with Collection.open(path) as collection:
        collection.write([record("new")], remove=["i0"])
    state = {**FIRST, "new": 0}
    del state["i0"]
    what = {"i1": 7, "other": 7} if kind == "write" else None
    died, event = 0, 0
    while True:
        event += 1
        copy = path.with_name(f"{kind}{event}")
        if kind != "create":
            shutil.copytree(path, copy)
        child = processes.Process(target=crash_child.die_at_event, args=(copy, kind, what, event))
        child.start()
        child.join()
        code = child.exitcode
        child.close()
        if kind == "create":
            if not Collection.exists(copy):
                with pytest.raises(CollectionNotFoundError):
                    Collection.open(copy)
                created(copy).close()
            assert_one_of(copy, [{}])
        else:
            assert_one_of(copy, [state, crash_child.outcome(state, kind, what)])
            with Collection.open(copy) as collection:
                collection.write([record("later")])
                collection.publish()
                assert collection.verify().problems == []
        shutil.rmtree(copy)
        if code == 0:
            break
        died += 1
        assert code == -9
    assert died >= {"publish": 12, "compact": 12, "write": 6, "create": 8}[kind]


def test_second_writer_is_told_who_is_first_and_takes_over_when_it_dies(
    path: Path, processes: Any
) -> None:
    mine, theirs = processes.Pipe(duplex=False)
    child = processes.Process(target=crash_child.hold_lock, args=(path, theirs))
    child.start()
    pid = mine.recv()
    with Collection.open(path) as collection:
        with pytest.raises(CollectionLockedError, match=f"written to by process {pid}: wait"):
            collection.write([record("mine")])
        assert_holds(collection, {**FIRST, "held": 0})
        child.kill()
        child.join()
        collection.write([record("mine")])
        assert_holds(collection, {**FIRST, "held": 0, "mine": 0})
    mine.close()
    theirs.close()
    child.close()


# Damage


def make(path: Path, state: str) -> dict[str, int]:
    """A collection in some state, left by a process that ended or was killed."""
    code = f"""
import os, pathlib, tiny
from specimen import Collection, created, record
tiny.register()
collection = created(pathlib.Path({str(path)!r}))
collection.write([record(f"a{{i}}") for i in range(60)])
collection.publish()
collection.write([record(f"b{{i}}", 1, files=[f"/{{i}}"]) for i in range(40)], remove=["a3", "a4"])
if {state!r} == "published":
    collection.publish()
if {state!r} == "killed":
    for i in range(30):
        collection.write([record(f"c{{i}}", 2)])
if {state!r} == "half checkpointed":
    reader = Collection.open(collection.path)
    with reader.folder.snapshot().catalog.transaction() as connection:
        connection.execute("SELECT count(*) FROM items").fetchone()
        for i in range(30):
            collection.write([record(f"c{{i}}", 2)])
        with collection.folder.writing() as writer:
            writer.checkpoint()
        os.kill(os.getpid(), 9)
if {state!r} == "killed":
    os.kill(os.getpid(), 9)
collection.close()
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    killed = state in ("killed", "half checkpointed")
    assert done.returncode == (-9 if killed else 0)
    holds = {f"a{i}": 0 for i in range(60) if i not in (3, 4)}
    holds |= {f"b{i}": 1 for i in range(40)}
    return holds | {f"c{i}": 2 for i in range(30 if killed else 0)}


def damages(size: int, rng: random.Random, flips: int) -> Iterator[Callable[[Path], None]]:
    """Ways to damage a file of some size."""

    def truncate(length: int) -> Callable[[Path], None]:
        return lambda file: os.truncate(file, length)

    def flip(bits: list[int]) -> Callable[[Path], None]:
        def damage(file: Path) -> None:
            data = bytearray(file.read_bytes())
            for bit in bits:
                data[bit // 8] ^= 1 << bit % 8
            file.write_bytes(data)

        return damage

    yield lambda file: file.unlink()
    for length in {0, 1, size // 2, size - 1, rng.randrange(size + 1)} - {-1, size}:
        yield truncate(length)
    for _ in range(flips if size else 0):
        # A third of them in the first bytes, where most of the meaning is.
        within = 8 * min(size, 200 if rng.random() < 0.33 else size)
        yield flip([rng.randrange(within) for _ in range(rng.choice([1, 1, 1, 8]))])
    if size:
        start = rng.randrange(size)
        yield flip([8 * at + rng.randrange(8) for at in range(start, min(size, start + 512))])


@pytest.mark.parametrize("flips", [8, pytest.param(40, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("state", ["published", "unpublished", "killed", "half checkpointed"])
def test_damage_to_any_file_is_repaired_or_told(
    tmp_path: Path, state: str, flips: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "anysense")
    original, copy = tmp_path / "original", tmp_path / "copy"
    holds = make(original, state)
    rng = random.Random(flips)
    files = sorted(file.relative_to(original) for file in original.rglob("*") if file.is_file())
    assert {CATALOG, MANIFEST} < {file.name for file in files}
    repaired = set()
    for file in files:
        for number, damage in enumerate(damages((original / file).stat().st_size, rng, flips)):
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(original, copy)
            damage(copy / file)
            expected = dict(holds)
            try:
                with Collection.open(copy) as collection:
                    if number % 2:  # half of the time a writer comes first
                        collection.write([record("new", 9)])
                        expected["new"] = 9
                    assert_holds(collection, expected)
            except AnysenseError as error:
                message = str(error)
                assert any(words in message for words in SENTENCES), message
                # Only the catalog and its log cannot be made again from something else.
                assert file.name in (CATALOG, f"{CATALOG}-wal"), (file, message)
            else:
                repaired.add(file.name)
    assert repaired >= {MANIFEST, "segments.faiss", "ACKNOWLEDGED", "VERIFIED", "LOCK"}


# Full disks


@pytest.mark.parametrize("room", [0, 20_000, 200_000, 1_000_000])
def test_files_that_may_not_grow_lose_nothing(path: Path, processes: Any, room: int) -> None:
    mine, theirs = processes.Pipe(duplex=False)
    child = processes.Process(target=crash_child.change_until_full, args=(path, room, theirs))
    child.start()
    theirs.close()
    messages = []
    with contextlib.suppress(EOFError):
        while True:
            messages.append(mine.recv())
    child.join()
    assert child.exitcode == 0
    refused = next(message[1] for message in messages if message[0] == "refused")
    assert refused
    assert all("the disk refused" in text and "has space" in text for text in refused)
    states = possible_states(FIRST, [m for m in messages if m[0] != "refused"])
    assert_one_of(path, states)
    with Collection.open(path) as collection:
        collection.publish()
        assert collection.verify().problems == []
    mine.close()
    child.close()


def test_full_disk_loses_nothing(tmp_path: Path) -> None:
    """A file system of four megabytes, filled to the last byte, then with some room again."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("only root may mount a file system")
    try:
        (disk / "ballast").write_bytes(bytes(100_000))
        holds = dict(FIRST)
        with created(disk / "c") as collection:
            collection.write([record(name) for name in FIRST])
            collection.publish()
            for step in range(1, 200):
                try:
                    names = [f"s{step}-{i}" for i in range(100)]
                    collection.write([record(name, step) for name in names])
                    holds |= dict.fromkeys(names, step)
                    if step % 5 == 0:
                        collection.publish()
                except AnysenseError as error:  # noqa: PERF203
                    said = "No space left" if "the index" in str(error) else "the disk refused"
                    assert said in str(error)  # noqa: PT017
                    break
            else:
                raise AssertionError("the disk never got full")
            assert_holds(collection, holds)
            with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
            assert_holds(collection, holds)
        with Collection.open(disk / "c") as collection:  # read with not a byte to spare
            assert_holds(collection, holds)
        (disk / "filler").unlink()
        (disk / "ballast").unlink()
        with Collection.open(disk / "c") as collection:
            collection.remove(["i0"])
            del holds["i0"]
            assert_holds(collection, holds)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# From an earlier format to that of today


@pytest.mark.parametrize("stride", [37, pytest.param(5, marks=pytest.mark.thorough)])
def test_killing_while_the_format_changes_loses_nothing(
    tmp_path: Path, processes: Any, stride: int
) -> None:
    """At every so many instructions of SQLite on the way, one process dies."""
    died, event = 0, 1
    while True:
        path = format1.unpack(tmp_path / str(event))
        child = processes.Process(target=crash_child.die_while_migrating, args=(path, event, 50))
        child.start()
        child.join()
        was_killed = child.exitcode != 0
        child.close()
        with Collection.open(path) as collection:
            names = {"new"} if not was_killed else set()
            format1.assert_as_before(collection, without=names)
            assert collection.verify().problems == []
            collection.write([record("after")])  # goes on from there, and ends in that of today
            format1.assert_as_before(collection, without={"after", *names})
            assert collection.info()["format"] == FORMAT
            assert collection.verify().problems == []
        shutil.rmtree(path)
        if not was_killed:
            break
        died, event = died + 1, event + stride
    assert died > 3  # it was killed at work


@pytest.mark.slow
def test_killing_at_each_call_to_the_file_system_while_the_format_changes(
    tmp_path: Path, processes: Any
) -> None:
    died, event = 0, 1
    while True:
        path = format1.unpack(tmp_path / str(event))
        args = (path, "write", {"new": 0}, event)
        child = processes.Process(target=crash_child.die_at_event, args=args)
        child.start()
        child.join()
        was_killed = child.exitcode != 0
        child.close()
        with Collection.open(path) as collection:
            format1.assert_as_before(collection, without={"new"})
            collection.write([record("after")])
            format1.assert_as_before(collection, without={"new", "after"})
            assert collection.verify().problems == []
        shutil.rmtree(path)
        if not was_killed:
            break
        died, event = died + 1, event + 1
    assert died > 10
