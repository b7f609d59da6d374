"""What runs in the processes that tests/integration/test_crash.py kills."""

from __future__ import annotations

import os
import random
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import tiny
from specimen import created, record

from anysense.embed.errors import StorageError
from anysense.embed.types import Modality
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

    from anysense.index.catalog.records import ItemRecord

CALLS = (
    "open",
    "os.rename",
    "os.link",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.utime",
    "sqlite3.connect",
)
NAMES = [f"i{i}" for i in range(40)]


def plan(rng: random.Random, step: int) -> tuple[str, Any]:
    """The next thing to do; versions count up, so that a stale answer can be told."""
    kinds = ["write", "remove", "publish", "compact", "note"]
    kind = rng.choices(kinds, [6, 2, 3, 0.5, 1])[0]
    if kind == "write":
        return kind, dict.fromkeys(rng.sample(NAMES, rng.randint(1, 12)), step)
    if kind == "remove":
        return kind, rng.sample(NAMES, rng.randint(1, 6))
    if kind == "note":
        return kind, {f"crash|{name}": str(step) for name in rng.sample(NAMES, 3)}
    return kind, None


def perform(collection: Collection, kind: str, what: Any) -> None:
    if kind == "write":
        collection.write([record(name, version) for name, version in what.items()])
    elif kind == "remove":
        collection.remove(what)
    elif kind == "publish":
        collection.publish()
    elif kind == "note":
        collection.folder.note(what)
    else:
        collection.compact()


def outcome(state: dict[str, int], kind: str, what: Any) -> dict[str, int]:
    """What a collection holds after something was done."""
    if kind == "write":
        return {**state, **what}
    if kind == "remove":
        return {name: version for name, version in state.items() if name not in what}
    return state


def change_until_killed(path: Path, seed: int, pipe: Connection) -> None:
    """Change a collection for ever, and tell before and after each step."""
    tiny.register()
    rng = random.Random(seed)
    with Collection.open(path) as collection:
        for step in range(seed * 1000, seed * 1000 + 1000):
            kind, what = plan(rng, step)
            pipe.send(("begun", kind, what))
            perform(collection, kind, what)
            pipe.send(("done", kind, what))


def change_words_until_killed(path: Path, seed: int, pipe: Connection) -> None:
    """Write and remove texts for ever, and tell before and after each step."""
    tiny.register()
    rng = random.Random(seed)
    with Collection.open(path) as collection:
        for step in range(seed * 1000, seed * 1000 + 1000):
            names = rng.sample(NAMES, rng.randint(1, 6))
            kind = rng.choices(["write", "remove", "compact"], [6, 3, 0.5])[0]
            pipe.send(("begun", kind, names, step))
            if kind == "write":
                collection.write([text_of(name, step) for name in names])
            elif kind == "remove":
                collection.remove(names)
            else:
                collection.compact()
            pipe.send(("done", kind, names, step))


def text_of(name: str, step: int) -> ItemRecord:
    """A text of two passages, with a code of its step."""
    written = record(name, step, segments=2, modality=Modality.TEXT)
    passages = [replace(s, text=f"{s.text} raises ERR_{step}") for s in written.segments]
    return replace(written, segments=passages)


def die_at_event(path: Path, kind: str, what: Any, event: int) -> None:
    """Do one thing, and kill this process at the given one of its calls to the file system."""
    tiny.register()
    collection = None if kind == "create" else Collection.open(path)
    if collection is not None:
        collection.folder.snapshot()
    count = 0

    def hook(name: str, arguments: Any) -> None:
        nonlocal count
        if name in CALLS and str(path) in str(arguments[0]):
            count += 1
            if count == event:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    if collection is None:
        created(path).close()
    else:
        perform(collection, kind, what)
        collection.close()
    count = -1_000_000


def change_until_full(path: Path, room: int, pipe: Connection) -> None:
    """Change a collection whose files may grow by `room` bytes over the largest of them."""
    import resource

    tiny.register()
    rng = random.Random(room)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with Collection.open(path) as collection:
        collection.folder.snapshot()
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        largest = max(file.stat().st_size for file in path.rglob("*") if file.is_file())
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + room, hard))
        refused = fill(collection, rng, pipe)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        pipe.send(("refused", refused, None))
        # With room again, the same process goes on as if nothing had happened.
        step = 10**6
        perform(collection, "write", {"after": step})
        pipe.send(("done", "write", {"after": step}))


def fill(collection: Collection, rng: random.Random, pipe: Connection) -> list[str]:
    """Change a collection until the disk refuses; the messages of the refusals."""
    refused: list[str] = []
    for step in range(1, 400):
        kind, what = plan(rng, step)
        if kind == "write":
            what = {f"{name}-{step}": step for name in NAMES}
        pipe.send(("begun", kind, what))
        try:
            perform(collection, kind, what)
        except StorageError as error:
            refused.append(str(error))
            pipe.send(("undone", kind, what))
            if len(refused) == 5:
                break
        else:
            pipe.send(("done", kind, what))
    return refused


def hold_lock(path: Path, pipe: Connection) -> None:
    tiny.register()
    collection = Collection.open(path)
    collection.write([record("held")])
    pipe.send(os.getpid())
    signal.pause()


def die_while_migrating(path: Path, event: int, every: int) -> None:
    """Change a collection of format 1, and kill this process while SQLite rewrites its tables.

    Args:
        path: the collection.
        event: at the first step of so many that `every` instructions of SQLite make.
        every: how many instructions a step has.
    """
    from anysense.index.catalog import migration

    tiny.register()
    connect, steps = migration.connect, 0

    def step() -> int:
        nonlocal steps
        steps += 1
        if steps == event:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    def watched(catalog: Path, *, writable: bool) -> Any:
        connection = connect(catalog, writable=writable)
        connection.set_progress_handler(step, every)
        return connection

    migration.connect = watched
    with Collection.open(path) as collection:
        collection.write([record("new")])
