"""A real service with a model that takes its time, for tests of what clients do meanwhile."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from service_process import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
        time.sleep(float(sys.argv[4]) * len(prepared))
        return super().encode(modality, prepared)

register_encoder("tiny", lambda rest, device: Slow())
with Collection.create(sys.argv[1], ["tiny"]) as collection:
    collection.add([NewItem("red", id="red")])
with Collection.open(sys.argv[1], load=Models().load) as collection:
    serve(collection, port=int(sys.argv[2]), settings=Settings(**json.loads(sys.argv[3])))
"""


@contextmanager
def slow_service(folder: Path, **settings: Any) -> Iterator[int]:
    """The port of a service over a collection of one text, `red`; ended at the end."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/ready"
    arguments = [str(folder / "c.anysense"), str(port), json.dumps(settings), str(SECONDS)]
    with running(SERVICE, *arguments, url=url, log=folder / "log"):
        yield port
