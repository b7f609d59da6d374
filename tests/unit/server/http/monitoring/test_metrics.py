"""What /metrics tells, and that its labels stay few whatever clients send."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from http_client import TestClient, add_file, client_of, png, search
from prometheus_client.parser import text_string_to_metric_families

from anysense.embed.errors import StorageError
from anysense.server.http.monitoring.metrics import Metrics

if TYPE_CHECKING:
    import pytest

    from anysense.index.collection import Collection


def samples(client: TestClient) -> dict[tuple[str, tuple[str, ...]], float]:
    """The values of all metrics, by name and the values of their labels."""
    page = client.get("/metrics")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_the_template_of_their_route(client: TestClient) -> None:
    search(client, text="red")
    client.post("/v1/collections/current/search", json={"text": "red"})
    client.get("/v1/items/red")
    client.get("/v1/items/nothing")
    client.put("/v1/search")
    client.get("/nowhere")
    counts = {
        labels: value
        for (name, labels), value in samples(client).items()
        if name == "anysense_request_duration_seconds_count"
    }
    assert counts == {
        ("POST", "/v1/search", "200"): 1,
        ("POST", "/v1/collections/{collection}/search", "200"): 1,
        ("GET", "/v1/items/{item_id}", "200"): 1,
        ("GET", "/v1/items/{item_id}", "404"): 1,
        ("PUT", "unmatched", "405"): 1,
        ("GET", "unmatched", "404"): 1,
    }


def test_no_label_grows_with_what_clients_send(client: TestClient) -> None:
    for i in range(20):
        client.get(f"/v1/items/id-{i}")
        client.get(f"/v1/collections/name-{i}/items")
        client.get(f"/v1/collections/name-{i}")
        client.get(f"/path-{i}", headers={"host": f"host-{i}.example"})
        client.request(f"METHOD{i}", f"/v1/items/id-{i}")
        client.get("/v1/items/v1/items/1")
    text = client.get("/metrics").text
    assert not re.search(r"(id|name|path|host)-\d|METHOD", text)
    routes = set(re.findall(r'route="([^"]*)"', text))
    assert routes == {
        "/v1/items/{item_id}",
        "/v1/collections/{collection}",
        "/v1/collections/{collection}/items",
        "unmatched",
    }


def test_each_stage_of_a_search_is_timed(client: TestClient) -> None:
    search(client, text="red")
    values = samples(client)
    for stage in ("parse", "queue", "encode", "index"):
        assert values["anysense_stage_duration_seconds_count", (stage,)] == 1
        assert values["anysense_stage_in_progress", (stage,)] == 0


def test_what_is_refused_is_counted_by_its_code(client: TestClient) -> None:
    client.get("/v1/items/nothing")
    client.get("/health", headers={"host": "other.example"})
    client.post("/v1/search", json={"text": "red", "k": 0})
    client.post(
        "/v1/search", content=b"x" * 40_000_000, headers={"content-type": "application/json"}
    )
    values = samples(client)
    for code in ("item_not_found", "wrong_host", "invalid_value", "body_too_large"):
        assert values["anysense_rejections_total", (code,)] == 1


def test_a_collection_is_counted(client: TestClient) -> None:
    add_file(client, png("blue", 9), "a.png")
    values = samples(client)
    name = ("current",)
    assert values["anysense_items", name] == 9
    assert values["anysense_segments", name] == 9
    assert values["anysense_unpublished_segments", name] == 9
    assert values["anysense_publishing", name] == 0
    assert values["anysense_collection_readable", name] == 1
    assert values["anysense_requests_in_flight", ()] == 1  # this one
    assert values["process_resident_memory_bytes", ()] > 10_000_000
    assert values["process_start_time_seconds", ()] > 1_600_000_000


def test_a_collection_that_cannot_be_read_hides_no_other_metric(
    client: TestClient, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise StorageError("The disk is gone.")

    monkeypatch.setattr(collection.folder, "snapshot", broken)
    values = samples(client)
    assert values["anysense_collection_readable", ("current",)] == 0
    assert ("anysense_items", ("current",)) not in values
    assert ("process_resident_memory_bytes", ()) in values


def test_two_services_in_one_process_count_apart(collection: Collection) -> None:
    with client_of(collection) as one, client_of(collection) as other:
        search(one, text="red")
        key = ("anysense_request_duration_seconds_count", ("POST", "/v1/search", "200"))
        assert samples(one)[key] == 1
        assert key not in samples(other)


def test_encoders_tell_their_batches_and_queues() -> None:
    metrics = Metrics()
    waiting = [3]
    metrics.watch_queue("queries", lambda: waiting[0])
    metrics.observe_wait("queries", 0.002)
    metrics.observe_batch("starter", "text", 8, 0.03)
    metrics.reject("queue_full")
    text = metrics.page()[0].decode()
    assert 'anysense_queue_depth{queue="queries"} 3.0' in text
    assert 'anysense_queue_wait_seconds_count{queue="queries"} 1.0' in text
    assert 'anysense_batch_size_bucket{encoder="starter",le="8.0",modality="text"} 1.0' in text
    assert 'anysense_batch_duration_seconds_sum{encoder="starter",modality="text"} 0.03' in text
    assert 'anysense_rejections_total{reason="queue_full"} 1.0' in text
    waiting[0] = 0
    assert 'anysense_queue_depth{queue="queries"} 0.0' in metrics.page()[0].decode()


def test_openmetrics_is_given_to_whoever_asks_for_it(client: TestClient) -> None:
    page = client.get("/metrics", headers={"accept": "application/openmetrics-text"})
    assert page.headers["content-type"].startswith("application/openmetrics-text")
    assert page.text.endswith("# EOF\n")


def test_the_page_of_documentation_names_every_metric() -> None:
    page = (Path(__file__).parents[5] / "docs" / "operating.md").read_text(encoding="utf-8")
    names = re.findall(r"^# TYPE (anysense_\w+)", Metrics().page()[0].decode(), re.MULTILINE)
    assert len(names) >= 9
    assert [name for name in names if f"`{name}`" not in page] == []
