"""A real service with a model that takes its time, for tests of what clients do meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 0.02
"""That the model takes for each input."""

SERVICE = """
import json, sys, time, tiny
from anysense.embed.encoders.registry import register_encoder
from anysense.index.collection import Collection
from anysense.index.types import NewItem
from anysense.server.http.service.models import Models
from anysense.server.http.serving import serve
from anysense.server.http.settings import Settings

class Slow(tiny.TinyEncoder):
    def encode(self, modality, prepared):
        time.sleep(float(sys.argv[3]) * len(prepared))
        return super().encode(modality, prepared)

register_encoder("tiny", lambda rest, device: Slow())
with Collection.create(sys.argv[1], ["tiny"]) as collection:
    collection.add([NewItem("red", id="red")])
with Collection.open(sys.argv[1], load=Models().load) as collection:
    serve(collection, port=0, settings=Settings(**json.loads(sys.argv[2])),
          on_start=lambda port: print(port, flush=True))
"""


@contextmanager
def slow_service(folder: Path, **settings: Any) -> Iterator[int]:
    """The port of a service over a collection of one text, `red`; ended at the end."""
    paths = [str(Path(__file__).parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    arguments = [str(folder / "c.anysense"), json.dumps(settings), str(SECONDS)]
    command = [sys.executable, "-c", SERVICE, *arguments]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, env=environment, text=True
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (folder / "log").read_text()
        port = int(line)
        deadline = time.monotonic() + 120
        while httpx.get(f"http://127.0.0.1:{port}/ready").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.communicate()
