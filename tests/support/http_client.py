"""What the tests of the HTTP service share: small media, and a client of a small collection."""

from __future__ import annotations

import base64
import io
import math
import struct
import time
import warnings
import wave
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

with warnings.catch_warnings():
    # Which of its two HTTP libraries Starlette would rather test with is not ours to settle.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from anysense.server.http.app import create_app
from anysense.server.http.schemas.search import SearchBody

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.collection import Collection
    from anysense.server.http.settings import Settings

__all__ = [
    "DEEP",
    "TestClient",
    "add_file",
    "client_of",
    "data_uri",
    "error_of",
    "ids",
    "png",
    "search",
    "stored",
    "wav",
]

ERROR_FIELDS = {"message", "type", "code", "param", "request_id"}


def png(colour: str, size: int = 8) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(out, "PNG")
    return out.getvalue()


def wav(hertz: float, seconds: float = 0.5, rate: int = 8000) -> bytes:
    """A sine tone."""
    samples = [
        round(20000 * math.sin(2 * math.pi * hertz * i / rate)) for i in range(int(seconds * rate))
    ]
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return out.getvalue()


def data_uri(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@contextmanager
def client_of(
    collection: Collection,
    settings: Settings | None = None,
    *,
    lifespan: bool = True,
    loaded: bool = True,
) -> Iterator[TestClient]:
    """A client of an app; without `lifespan` the app is not told that it starts.

    It is given when the encoders are `loaded`, or could not be.
    """
    app = create_app(collection, settings)
    client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
    if not lifespan:
        yield client
        return
    with client:
        while loaded and app.state.service.turns.is_loading:
            time.sleep(0.001)
        yield client


def error_of(response: object) -> dict[str, str | None]:
    """The error of a response, after a look at its shape: one sentence and five fields."""
    body = response.json()  # type: ignore[attr-defined]
    assert set(body) == {"error"}
    assert set(body["error"]) == ERROR_FIELDS
    headers = response.headers  # type: ignore[attr-defined]
    assert body["error"]["request_id"] == headers["x-request-id"]
    message = body["error"]["message"]
    assert message.endswith((".", "?"))
    assert "Traceback" not in message
    assert "\n" not in message
    error: dict[str, str | None] = body["error"]
    return error


DEEP: dict[str, Any] = {}
for _ in range(40):
    DEEP = {"a": DEEP}


def search(client: TestClient, **body: Any) -> list[dict[str, Any]]:
    response = client.post("/v1/search", json=body)
    assert response.status_code == 200, response.text
    SearchBody.model_validate(response.json(), strict=False, extra="forbid")
    hits: list[dict[str, Any]] = response.json()["hits"]
    return hits


def ids(hits: list[dict[str, Any]]) -> list[str]:
    return [hit["id"] for hit in hits]


def add_file(client: TestClient, content: bytes, name: str, **fields: str) -> dict[str, Any]:
    response = client.post("/v1/items", files={"file": (name, content)}, data=fields)
    assert response.status_code == 201, response.text
    item: dict[str, Any] = response.json()
    return item


def stored(collection: Collection) -> list[str]:
    return sorted(path.name for path in (Path(collection.path) / "media").glob("*"))
