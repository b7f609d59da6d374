from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from command_line import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anysense.index.collection import Collection
    from anysense.server.http.settings import Settings


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        ("127.0.0.1", 8000, "http://127.0.0.1:8000 (the API: http://127.0.0.1:8000/docs)"),
        (
            "0.0.0.0",
            81,
            "http://localhost:81 (the API: http://localhost:81/docs), and at every other address "
            "of this machine",
        ),
        ("::1", 8000, "http://[::1]:8000 (the API: http://[::1]:8000/docs)"),
        ("127.0.0.1", 0, "http://127.0.0.1:4321 (the API: http://127.0.0.1:4321/docs)"),
    ],
)
def test_serve_says_where_and_what_it_serves(
    built: Path, monkeypatch: pytest.MonkeyPatch, host: str, port: int, address: str
) -> None:
    from anysense.server.http import serving

    served: list[Any] = []

    def serve(
        collections: dict[str, Collection],
        *,
        settings: Settings,
        on_start: Callable[[int], None],
        ends_process: bool,
    ) -> None:
        assert ends_process
        served.append((list(collections), settings.host, settings.port))
        on_start(port or 4321)

    monkeypatch.setattr(serving, "serve", serve)
    result = run("serve", built, "--host", host, "--port", str(port), "--insecure")
    last = result.stderr.splitlines()[-1]
    assert last == f"Serving {built}, 3 items (2 image, 1 text), with a page at {address}"
    assert served == [(["c"], host, port)]
    assert f"Anyone who reaches {host} can" in result.stderr
    without = run("serve", built, "--host", host, "--port", str(port), "--insecure", "--no-page")
    assert without.stderr.splitlines()[-1].endswith(f"(2 image, 1 text), at {address}")


def test_nothing_is_said_to_be_served_at_a_port_that_is_taken(built: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = run("serve", built, "--port", str(taken.getsockname()[1]), status=1)
    assert "Serving" not in refused.stderr
    assert "error: The service cannot listen at 127.0.0.1, port " in refused.stderr
    nowhere = run("serve", built, "--host", "a..b", "--port", "0", status=1)
    assert nowhere.stderr.splitlines()[-1].startswith("error: The service cannot listen at a..b")
