from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from anysense.server.http.monitoring.metrics import Metrics
from anysense.server.http.workers.pages import merged_page


def page_of(requests: int) -> str:
    metrics = Metrics()
    for _ in range(requests):
        metrics.observe_request("GET", "/v1/items", 200, 0.1)
        metrics.reject("busy")
    return metrics.page()[0].decode()


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text; version=1.0.0"])
def test_a_page_of_several_processes_says_whose_each_figure_is(accept: str) -> None:
    page, kind = merged_page({"reader-1": page_of(2), "writer": page_of(1)}, accept)
    text = page.decode()
    assert kind.startswith("application/openmetrics-text" if accept else "text/plain")
    for name, count in (("reader-1", "2.0"), ("writer", "1.0")):
        assert f'anysense_rejections_total{{reason="busy",worker="{name}"}} {count}' in text
    assert text.count("# TYPE anysense_request_duration_seconds histogram") == 1


def test_it_can_be_read_again() -> None:
    page, _ = merged_page({"reader-1": page_of(1), "writer": page_of(1)}, "")
    families = {one.name: one for one in text_string_to_metric_families(page.decode())}
    workers = {s.labels["worker"] for s in families["anysense_request_duration_seconds"].samples}
    assert workers == {"reader-1", "writer"}
