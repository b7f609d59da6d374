"""Jobs of a real server process that is killed in the middle of them."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from service_process import serving_at

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

ITEMS = 1500
LINES = "\n".join(json.dumps({"text": f"red {n}", "id": f"j{n}"}) for n in range(ITEMS))


def job_of(client: httpx.Client, location: str) -> dict[str, Any]:
    body: dict[str, Any] = client.get(location, params={"limit": 1000}).json()
    return body


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_survives_the_end_of_the_process(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "c.anysense"
    with Collection.create(path, ["tiny"]) as collection:
        collection.add([NewItem("red", id="red")])
    with serving_at(path, tmp_path / "log") as (process, url):
        with httpx.Client(base_url=url, timeout=30) as client:
            response = client.post(
                "/v1/items/batch?wait=false",
                content=LINES,
                headers={"content-type": "application/x-ndjson"},
            )
            assert response.status_code == 202
            location = response.headers["location"]
            while (before := job_of(client, location))["done"] < 100:
                time.sleep(0.01)
            assert client.post("/v1/items", json={"text": "dark", "id": "d"}).status_code == 201
        process.send_signal(number)
        process.wait(40)
    safe = [result["id"] for result in before["results"]]
    assert len(safe) < ITEMS
    with Collection.open(path) as collection:
        assert collection.verify().ok
        assert collection.folder.existing([*safe, "d"]) == {*safe, "d"}
    with (
        serving_at(path, tmp_path / "log-2") as (_, url),
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        deadline = time.monotonic() + 120
        while (after := job_of(client, location))["status"] != "done":
            assert time.monotonic() < deadline, after
            time.sleep(0.1)
        assert (after["done"], after["total"], after["failed"]) == (ITEMS, ITEMS, 0)
        assert client.get("/v1/collections/current").json()["items"] == ITEMS + 2
    log = (tmp_path / "log").read_text() + (tmp_path / "log-2").read_text()
    assert "Traceback" not in log
