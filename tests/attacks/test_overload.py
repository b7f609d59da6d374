"""More clients than there is room for: they are told so at once, and nobody else waits for them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from slow_service import slow_service

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration
LIMITS = {
    "search_threads": 2,
    "queued_searches": 4,
    "read_threads": 2,
    "queued_adds": 2,
    "write_threads": 1,
}


@pytest.mark.parametrize(
    ("address", "body"),
    [("/v1/search", {"text": "red " * 20 * 40}), ("/v1/items", {"text": "x " * 400})],
)
def test_too_many_are_refused_at_once(tmp_path: Path, address: str, body: dict[str, Any]) -> None:
    with slow_service(tmp_path, **LIMITS) as port, ThreadPoolExecutor(24) as pool:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:

            def post(_: int) -> tuple[httpx.Response, float]:
                start = time.monotonic()
                return client.post(address, json=body), time.monotonic() - start

            posted = [pool.submit(post, number) for number in range(24)]
            time.sleep(0.2)
            start = time.monotonic()
            assert client.get("/v1/items/red").status_code == 200
            assert time.monotonic() - start < 1
            answers = [future.result() for future in posted]
        refused = [(answer, seconds) for answer, seconds in answers if answer.status_code == 429]
        assert {answer.status_code for answer, _ in answers} <= {200, 201, 429}
        assert len(refused) >= 24 - 2 - 4
        for answer, seconds in refused:
            assert answer.json()["error"]["code"] == "busy"
            assert int(answer.headers["retry-after"]) >= 1
            assert seconds < 1
