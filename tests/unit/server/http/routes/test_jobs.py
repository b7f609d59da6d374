"""Long adds as jobs over HTTP."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from http_client import TestClient, client_of, error_of, ids, png, search, stored, wav

from anysense.index.folder.folder import CollectionFolder
from anysense.server.http.batches import candidates
from anysense.server.http.batches.job import Job as KeptJob
from anysense.server.http.schemas.jobs import Job, JobBody, JobList
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.errors import AnysenseError
    from anysense.index.collection import Collection

LINES = {"content-type": "application/x-ndjson"}


def accepted(response: Any) -> str:
    """The address of the job that an answer is about."""
    assert response.status_code == 202, response.text
    Job.model_validate(response.json(), extra="forbid")
    location: str = response.headers["location"]
    assert location.endswith(f"/jobs/{response.json()['id']}")
    return location


def ended(client: TestClient, location: str, **query: Any) -> dict[str, Any]:
    for _ in range(1000):
        body: dict[str, Any] = client.get(location, params=query).json()
        JobBody.model_validate(body, extra="forbid")
        if body["status"] not in ("queued", "running"):
            return body
        time.sleep(0.02)
    raise AssertionError(body)


def add_later(client: TestClient, items: list[Any]) -> str:
    return accepted(client.post("/v1/items/batch?wait=false", json={"items": items}))


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Writes wait until it is set."""
    opened, write = threading.Event(), CollectionFolder.write

    def wait(folder: CollectionFolder, *args: Any, **kwargs: Any) -> None:
        assert opened.wait(30)
        write(folder, *args, **kwargs)

    monkeypatch.setattr(CollectionFolder, "write", wait)
    yield opened
    opened.set()


def test_a_batch_becomes_a_job(client: TestClient, collection: Collection) -> None:
    items = [{"text": f"word {n}", "id": f"j{n}"} for n in range(5)]
    location = add_later(client, [*items, {"text": "a", "id": ""}])
    job = ended(client, location)
    assert (job["status"], job["total"], job["done"], job["failed"]) == ("done", 6, 6, 1)
    assert job["created_at"] <= job["started_at"] <= job["ended_at"]
    assert [r["id"] for r in job["results"]] == ["j0", "j1", "j2", "j3", "j4", None]
    assert [r["index"] for r in job["results"]] == list(range(6))
    assert job["results"][5]["error"]["param"] == "id"
    assert "j3" in ids(search(client, text="word 3", k=20))
    page = client.get(location, params={"limit": 2, "cursor": 1}).json()
    assert ([r["index"] for r in page["results"]], page["next_cursor"]) == ([1, 2], "3")
    for limit in (0, 1001):  # a page of none would lead to itself
        assert error_of(client.get(location, params={"limit": limit}))["param"] == "limit"
    only = client.get(location, params={"only_failed": True}).json()
    assert ([r["index"] for r in only["results"]], only["next_cursor"]) == ([5], None)
    listed = client.get("/v1/jobs").json()
    JobList.model_validate(listed, extra="forbid")
    assert [job["id"] for job in listed["jobs"]] == [job["id"]]
    folder = collection.path / "jobs" / job["id"]
    assert sorted(p.name for p in folder.iterdir()) == ["job.json", "results.jsonl"]


@pytest.mark.parametrize("prefer", ["respond-async", "wait=5, Respond-Async", "respond-async; x=1"])
def test_one_item_becomes_a_job(client: TestClient, prefer: str) -> None:
    headers = {"prefer": prefer}
    response = client.post("/v1/items", json={"text": "dark", "id": "x"}, headers=headers)
    assert response.headers["preference-applied"] == "respond-async"
    location = accepted(response)
    assert ended(client, location)["results"][0]["status"] == 201
    upload = client.post(
        "/v1/items", files={"file": ("a.wav", wav(500))}, data={"id": "w"}, headers=headers
    )
    assert ended(client, accepted(upload))["results"][0]["id"] == "w"
    assert client.get("/v1/items/w").json()["metadata"] == {"filename": "a.wav"}
    named = client.post("/v1/collections/current/items?wait=false", json={"text": "high"})
    location = accepted(named)
    assert location.startswith("/v1/collections/current/jobs/")
    assert ended(client, location)["done"] == 1
    here = client.post("/v1/items?wait=true", json={"text": "a"}, headers=headers)
    assert here.status_code == 201


def test_lines_and_forms_become_jobs(client: TestClient, collection: Collection) -> None:
    lines = '{"text": "a", "id": "l"}\n\n[1]\n{"text": "b"}'
    response = client.post("/v1/items/batch?wait=false", content=lines, headers=LINES)
    assert [r["status"] for r in ended(client, accepted(response))["results"]] == [201, 422, 201]
    files = [("file", (f"{c}.png", png(c, 9))) for c in ("red", "blue")]
    fields = {"metadata": json.dumps({"red.png": {"n": 1}})}
    response = client.post("/v1/items/batch?wait=false", files=files, data=fields)
    job = ended(client, accepted(response))
    assert [r["status"] for r in job["results"]] == [201, 201]
    first = client.get(f"/v1/items/{job['results'][0]['id']}").json()
    assert first["metadata"] == {"filename": "red.png", "n": 1}
    assert len(stored(collection)) == 2
    nothing = client.post("/v1/items/batch?wait=false", content="\n", headers=LINES)
    assert nothing.status_code == 422
    assert [p.name for p in (collection.path / "jobs").glob(".incoming-*")] == []


def test_a_job_that_is_said_to_be_done_comes_with_all_its_results(
    client: TestClient, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = add_later(client, [{"text": "a"}])
    read = KeptJob.results

    def read_and_wait(job: KeptJob, *args: Any, **kwargs: Any) -> Any:
        results = read(job, *args, **kwargs)
        gate.set()
        while not job.is_over:
            time.sleep(0.01)
        return results

    with monkeypatch.context() as patch:
        patch.setattr(KeptJob, "results", read_and_wait)
        body = client.get(location).json()
    assert (body["status"], body["results"]) in (("queued", []), ("running", []))
    assert ended(client, location)["results"][0]["status"] == 201


def test_a_job_is_cancelled_where_it_is(
    client: TestClient, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "CHUNK_ITEMS", 2)
    running = add_later(client, [{"text": f"word {n}", "id": f"r{n}"} for n in range(20)])
    waiting = add_later(client, [{"text": "other", "id": "w"}])
    assert client.delete(waiting).json()["status"] == "cancelled"
    threading.Timer(0.3, gate.set).start()
    assert client.post(f"{running}/cancel").json()["status"] == "cancelled"
    job = ended(client, running)
    assert job["done"] == len(job["results"]) < 20
    for n in range(20):  # what has a result is there, and nothing else
        assert client.get(f"/v1/items/r{n}").status_code == (200 if n < job["done"] else 404)
    assert client.get("/v1/items/w").status_code == 404
    again = client.post(f"{running}/cancel")
    assert (again.status_code, again.json()["status"]) == (200, "cancelled")
    assert client.delete(running).status_code == 200
    gone = client.get(running)
    assert (gone.status_code, error_of(gone)["code"]) == (404, "job_not_found")
    assert client.delete(running).status_code == 404


def test_jobs_are_bounded_in_number_and_in_bytes(
    collection: Collection, gate: threading.Event
) -> None:
    with client_of(collection, Settings(jobs=2, job_bytes=2000)) as client:
        jobs = [add_later(client, [{"text": f"word {n}"}]) for n in range(2)]
        full = client.post("/v1/items?wait=false", json={"text": "a"})
        assert (full.status_code, error_of(full)["code"]) == (429, "too_many_jobs")
        assert int(full.headers["retry-after"]) >= 1
        assert client.delete(jobs[1]).status_code == 200
        large = client.post("/v1/items?wait=false", json={"text": "a" * 3000})
        assert (large.status_code, error_of(large)["code"]) == (429, "too_many_jobs")
        gate.set()
        ended(client, jobs[0])
        ended(client, add_later(client, [{"text": "word"}]))


def test_ended_jobs_are_kept_for_a_while(collection: Collection) -> None:
    with client_of(collection, Settings(jobs_kept=2)) as client:
        locations = [add_later(client, [{"text": f"word {n}"}]) for n in range(4)]
        ended(client, locations[-1])
        assert len(client.get("/v1/jobs").json()["jobs"]) == 2
    with client_of(collection, Settings(job_seconds=0.0)) as client:
        assert client.get("/v1/jobs").json()["jobs"] == []
        assert list((collection.path / "jobs").glob("job-*")) == []


def test_a_job_goes_on_where_another_process_has_ended(
    collection: Collection, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "CHUNK_ITEMS", 2)
    items = [{"text": f"word {n}", "id": f"r{n}"} for n in range(6)]
    with client_of(collection) as client:
        location = add_later(client, items)
        threading.Timer(0.2, gate.set).start()
        client.app.state.service.stop()
    folder = collection.path / "jobs" / location.rpartition("/")[2]
    left = json.loads((folder / "job.json").read_text())
    assert left["status"] in ("queued", "running")
    with (folder / "results.jsonl").open("a") as results:
        results.write('{"id": "r')  # as a process that ends while it writes
    with client_of(collection) as client:
        job = ended(client, location)
        assert [r["id"] for r in job["results"]] == [f"r{n}" for n in range(6)]
        assert job["status"] == "done"


def test_a_job_that_ends_the_process_is_given_up(collection: Collection) -> None:
    with client_of(collection) as client:
        location = add_later(client, [{"text": "word"}])
        ended(client, location)
    folder = collection.path / "jobs" / location.rpartition("/")[2]
    state = json.loads((folder / "job.json").read_text())
    state |= {"status": "running", "ended_at": None, "starts": 3}
    (folder / "job.json").write_text(json.dumps(state))
    (folder / "results.jsonl").unlink()
    (folder / "items.jsonl").write_text('{"text": "word"}\n')
    damaged = Path(folder.parent / "job-damaged")
    damaged.mkdir()
    (folder.parent / ".incoming-1").mkdir()
    with client_of(collection) as client:
        job = ended(client, location)
        assert (job["status"], job["done"]) == ("failed", 0)
        assert "3 times" in job["error"]["message"]
        assert client.get("/v1/jobs/job-damaged").status_code == 404
        assert client.get("/v1/jobs/..%2f..").status_code == 404
    assert damaged.exists()
    assert not (folder.parent / ".incoming-1").exists()


def test_a_second_service_leaves_the_jobs_to_the_first(collection: Collection) -> None:
    with client_of(collection) as client:
        ended(client, add_later(client, [{"text": "word"}]))
        with client_of(type(collection).open(collection.path)) as other:
            refused = other.post("/v1/items?wait=false", json={"text": "a"})
            assert refused.status_code == 503
            assert error_of(refused)["code"] == "collection_locked"


def test_a_job_that_meets_the_end_of_the_service_is_done_by_the_next(
    collection: Collection,
) -> None:
    with client_of(collection) as client:
        client.app.state.service.collection().writer.stop()  # type: ignore[attr-defined]
        location = add_later(client, [{"text": "word", "id": "w"}])
    with client_of(collection) as client:
        assert ended(client, location)["status"] == "done"
        assert client.get("/v1/items/w").status_code == 200


@pytest.mark.parametrize("patience", [0.0, 10.0])
def test_a_job_whose_items_are_being_read_at_the_end_of_the_service_is_done_by_the_next(
    collection: Collection, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    begun, read = threading.Event(), candidates.candidate_of_line

    def read_slowly(line: bytes) -> candidates.Candidate | AnysenseError:
        begun.set()
        time.sleep(0.5)
        return read(line)

    with monkeypatch.context() as patch:
        patch.setattr(candidates, "candidate_of_line", read_slowly)
        patch.setattr("anysense.server.http.service.service.Service.patience", lambda _: patience)
        with client_of(collection) as client:
            location = add_later(client, [{"text": "word", "id": "w"}])
            assert begun.wait(10)
    with client_of(collection) as client:
        assert ended(client, location)["status"] == "done"
        assert client.get("/v1/items/w").status_code == 200


def test_a_job_waits_for_another_process_that_writes(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anysense.server.http.batches.jobs.PAUSE_SECONDS", 0.1)
    collection.release()
    path = collection.path
    with type(collection).open(path) as other, client_of(collection) as client:
        other.folder.note({"test|a": "b"})  # takes the lock
        location = add_later(client, [{"text": "word", "id": "w"}])
        while client.get(location).json()["error"] is None:
            time.sleep(0.02)
        job = client.get(location).json()
        assert (job["status"], job["error"]["code"]) == ("running", "collection_locked")
        other.release()
        job = ended(client, location)
        assert (job["status"], job["error"]) == ("done", None)


def test_others_add_while_a_job_runs(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "CHUNK_ITEMS", 2)
    location = add_later(client, [{"text": f"word {n}"} for n in range(400)])
    assert client.post("/v1/items", json={"text": "mine", "id": "mine"}).status_code == 201
    assert client.get(location).json()["status"] == "running"
    client.delete(location)


def test_a_job_that_was_refused_is_not_done_by_the_next_service(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its name already when the disk refuses."""

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with client_of(collection) as client:
        monkeypatch.setattr("anysense.server.http.batches.jobs.fsync_folder", fail)
        refused = client.post("/v1/items?wait=false", json={"text": "word", "id": "w"})
        assert (refused.status_code, error_of(refused)["code"]) == (507, "storage")
        assert [*(collection.path / "jobs").glob("*-*")] == []
        assert client.get("/v1/jobs").json()["jobs"] == []
