"""What runs in the processes that tests/integration/test_reencoding.py kills."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import tiny
from crash_child import CALLS

from anysense.index.collection import Collection
from anysense.index.reencoding import encoding
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path


def make_small_steps() -> None:
    """Encode and delete so little at a time that there are many instants to be killed at."""
    from anysense.index.publishing import switching

    tiny.register()
    encoding.BATCH_ITEMS = 4
    switching.SWEPT_AT_ONCE = 7


def die_at_event(path: Path, options: dict[str, Any], event: int, pipe: Connection) -> None:
    """Give a collection other encoders, and kill this process at a call to the file system."""
    make_small_steps()
    with Collection.open(path) as collection:
        collection.snapshot()
        count = 0

        def hook(name: str, arguments: Any) -> None:
            nonlocal count
            if name in CALLS and str(path) in str(arguments[0]):
                count += 1
                if count == event:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        collection.reencode(**options)
    count = -1_000_000
    pipe.send("done")


def reencode_until_killed(path: Path, options: dict[str, Any], pipe: Connection) -> None:
    """Give a collection other encoders, and tell each step."""
    make_small_steps()
    with Collection.open(path) as collection:
        pipe.send("begun")
        collection.reencode(**options, progress=lambda doing, *_: pipe.send(doing))
        pipe.send("done")


def add_until_killed(path: Path, pipe: Connection) -> None:
    """Add notes while another process encodes, each when the one before is safe."""
    tiny.register()
    with Collection.open(path) as collection:
        for number in range(10_000):
            name = f"added{number}"
            collection.add([NewItem(f"a red note {number}", id=name)])
            collection.release()
            pipe.send(name)
            time.sleep(0.01)
