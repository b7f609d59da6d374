"""What is being built, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.index.building.build import build
from anysense.index.folder.progress import ProgressNote
from anysense.server.http.schemas.progress import ProgressBody

if TYPE_CHECKING:
    from http_client import TestClient

    from anysense.index.building.report import BuildProgress
    from anysense.index.collection import Collection


def test_a_build_is_told_while_it_runs(client: TestClient, collection: Collection) -> None:
    assert client.get("/v1/progress").json() == {"builds": []}
    folder = collection.path.parent / "more"
    folder.mkdir()
    (folder / "note.txt").write_text("a red note")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    told: dict[str, list[Any]] = {}

    def look(step: BuildProgress) -> None:
        told.setdefault(step.phase, []).append(client.get("/v1/progress").json()["builds"])

    build(collection, [folder], progress=look)
    assert told["scan"] == [[]]
    [first] = told["load"][0]
    assert (first["what"], first["done"], first["total"]) == ("build", 0, 2)
    [last] = told["encode"][-1]
    assert (last["done"], last["total"], last["failed"]) == (2, 2, 1)
    assert told["publish"] == [[]]  # which has a note of its own, once there is something to tell
    ProgressBody.model_validate({"builds": told["encode"][-1]}, extra="forbid")
    assert client.get("/v1/progress").json() == {"builds": []}


def test_other_processes_and_methods(client: TestClient, collection: Collection) -> None:
    with ProgressNote(collection.path) as note:
        note.tell("reencode", 5, 9)
        [told] = client.get("/v1/collections/current/progress").json()["builds"]
        assert (told["what"], told["done"], told["total"]) == ("reencode", 5, 9)
    assert client.head("/v1/progress").content == b""
    assert client.delete("/v1/progress").headers["allow"] == "GET, HEAD"
