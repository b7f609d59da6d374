"""Addresses in requests: what is inside is never reached, and nothing tells what is there."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from http_client import TestClient, client_of, data_uri, error_of, png, wav
from web import PUBLIC, Web, page, redirect

from anysense.index.collection import Collection
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

RED, TONE = png("red"), wav(110.0)
FAILED = (
    "image: the address cannot be fetched; it must be that of a file that a public server gives "
    "to anybody, at once and as it is."
)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then, for ever."""
    handler.send_response(200)
    handler.end_headers()
    with_errors = (BrokenPipeError, ConnectionResetError)
    try:
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.05)
    except with_errors:
        return


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            handler.wfile.write(b"x-a: b\r\n")
            time.sleep(0.05)
    except (BrokenPipeError, ConnectionResetError):
        return


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(bytes(65536))
    except (BrokenPipeError, ConnectionResetError):
        return


def garbage(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


PAGES = {
    "/red.png": page(RED, content_type="text/html"),
    "/tone.wav": page(TONE),
    "/missing": page(b"no", 404),
    "/error": page(b"no", 500),
    "/zipped": page(RED, content_encoding="gzip"),
    "/cookie": page(RED, set_cookie="a=b"),
    "/login": page(RED, 401, www_authenticate="Basic"),
    "/part": page(RED, 206),
    "/once": redirect("/red.png"),
    "/thrice": redirect("/twice", 301),
    "/twice": redirect("/once", 307),
    "/loop": redirect("/loop", 308),
    "/inside": redirect("http://127.0.0.1/red.png"),
    "/name-inside": redirect("http://inside.example/red.png"),
    "/metadata": redirect("http://169.254.169.254/latest/meta-data/"),
    "/file": redirect("file:///etc/passwd"),
    "/nowhere": redirect(""),
    "/port": redirect("http://media.example:6379/"),
    "/user": redirect("http://user:secret@media.example/red.png"),
    "/drip": drip,
    "/drip-headers": drip_headers,
    "/endless": endless,
    "/garbage": garbage,
    "/nothing": page(b""),
    "/text": page(b"<html>no picture</html>"),
}
NAMES = {
    "media.example": [PUBLIC],
    "six.example": ["2606:4700:4700::1111"],
    "inside.example": ["10.0.0.7"],
    "loop.example": ["127.0.0.1"],
    "mixed.example": [PUBLIC, "127.0.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "six-to-four.example": ["2002:7f00:1::"],
    "nat.example": ["64:ff9b::7f00:1"],
    "shared.example": ["100.64.1.1"],
    "link.example": ["fe80::1%eth0"],
    "empty.example": [],
    "127.0.0.1": ["127.0.0.1"],
    "0": ["0.0.0.0"],
    "2130706433": ["127.0.0.1"],
    "0x7f.1": ["127.0.0.1"],
    "localhost": ["127.0.0.1", "::1"],
    "169.254.169.254": ["169.254.169.254"],
    "::1": ["::1"],
    PUBLIC: [PUBLIC],
}


@pytest.fixture
def web() -> Iterator[Web]:
    with Web(NAMES, PAGES).serving() as web:
        yield web


@pytest.fixture
def client(tmp_path: Path, web: Web) -> Iterator[TestClient]:
    settings = Settings(allow_url_fetch=True)
    with (
        Collection.create(tmp_path / "c", ["tiny"]) as collection,
        client_of(collection, settings) as client,
    ):
        use(client, web)
        client.post("/v1/items", json={"text": "red", "id": "red"})
        yield client


def use(client: TestClient, web: Web, **settings: Any) -> None:
    client.app.state.service.fetcher = web.fetcher(**settings)  # type: ignore[attr-defined]


def by_image(client: TestClient, url: str) -> Any:
    return client.post("/v1/search", json={"image": url})


def test_a_public_file_is_fetched(client: TestClient, web: Web) -> None:
    expected = by_image(client, data_uri(RED, "image/png")).json()["hits"]
    for path in ("/red.png", "/once", "/thrice", "/cookie"):
        assert by_image(client, f"http://media.example{path}").json()["hits"] == expected
    assert set(web.connected) == {PUBLIC}
    path, headers = web.requests[0]
    assert path == "/red.png"
    assert {name.lower() for name in headers} == {
        *("host", "user-agent", "accept", "accept-encoding", "connection")
    }
    assert headers["host"] == "media.example"


def test_every_body_that_takes_media_takes_addresses(client: TestClient, web: Web) -> None:
    image, audio = "http://media.example/red.png", "http://media.example/tone.wav"
    assert client.post("/v1/search", json={"terms": [{"audio": audio}]}).status_code == 200
    form = {"image": (None, image)}
    assert client.post("/v1/search", files=form).status_code == 200
    results = client.post("/v1/search/batch", json={"searches": [{"image": image}]}).json()
    assert results["results"][0]["hits"]
    for body in (
        {"input": [image, image], "modality": "image"},
        {"input": [{"image": image}, {"audio": audio}]},
        {"images": [image]},
        {"messages": [{"content": [{"type": "image_url", "image_url": {"url": image}}]}]},
        {"inputs": [{"content": [{"type": "audio_url", "audio_url": audio}]}]},
    ):
        answer = client.post("/v1/embeddings", json=body)
        assert answer.status_code == 200, answer.text
    web.requests.clear()
    client.post("/v1/embeddings", json={"input": [image] * 5, "modality": "image"})
    assert len(web.requests) == 1  # each address once


def test_an_item_may_be_an_address(client: TestClient, web: Web) -> None:
    body = {"url": "http://media.example/red.png?x=/y.wav", "id": "r", "metadata": {"year": 1}}
    added = client.post("/v1/items", json=body)
    assert added.status_code == 201, added.text
    assert added.json()["kind"] == "image"
    assert added.json()["metadata"] == {"filename": "red.png", "year": 1}
    assert client.get("/v1/items/r/media").content == RED
    inline = client.post("/v1/items", json={"url": data_uri(TONE, "audio/wav")})
    assert (inline.status_code, inline.json()["kind"]) == (201, "audio")
    inside = client.post("/v1/items", json={"url": "http://inside.example/red.png"})
    assert (inside.status_code, error_of(inside)["param"]) == (422, "url")
    for wrong in ({"url": "http://media.example/", "text": "red"}, {"id": "a"}):
        assert client.post("/v1/items", json=wrong).status_code == 422
    client.app.state.service.fetcher = None  # type: ignore[attr-defined]
    off = client.post("/v1/items", json=body)
    assert (off.status_code, error_of(off)["code"]) == (400, "address_not_fetched")


@pytest.mark.parametrize(
    "host",
    [
        *("inside.example", "loop.example", "mixed.example", "mapped.example", "nat.example"),
        *("six-to-four.example", "shared.example", "link.example", "empty.example"),
        *("nobody.example", "127.0.0.1", "2130706433", "0x7f.1", "0", "localhost", "[::1]"),
        *("169.254.169.254", "ⓛocalhost", "LOCALHOST"),
    ],
)
def test_what_is_inside_is_never_reached(client: TestClient, web: Web, host: str) -> None:
    response = by_image(client, f"http://{host}/red.png")
    assert response.status_code == 422
    error = error_of(response)
    del error["request_id"]
    assert error == {
        "message": FAILED,
        "type": "invalid_request_error",
        "code": "fetch_failed",
        "param": "image",
    }
    assert web.connected == []


@pytest.mark.parametrize(
    "path",
    [
        *("/inside", "/name-inside", "/metadata", "/file", "/port", "/user", "/loop", "/nowhere"),
        *("/missing", "/error", "/zipped", "/login", "/part", "/garbage"),
    ],
)
def test_all_that_fails_is_told_in_one_sentence(client: TestClient, web: Web, path: str) -> None:
    response = by_image(client, f"http://media.example{path}")
    assert (response.status_code, error_of(response)["message"]) == (422, FAILED)
    assert set(web.connected) == {PUBLIC}
    assert len(web.requests) <= 4


def test_a_name_is_resolved_once_and_its_address_pinned(client: TestClient, web: Web) -> None:
    web.names["rebound.example"] = [[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]]
    assert by_image(client, "http://rebound.example/red.png").status_code == 200
    assert web.asked.count("rebound.example") == 1
    assert web.connected == [PUBLIC]
    # The next request resolves anew, and is refused.
    assert by_image(client, "http://rebound.example/red.png").status_code == 422
    assert web.connected == [PUBLIC]


def test_each_redirect_is_resolved_and_checked_anew(client: TestClient, web: Web) -> None:
    web.names["turning.example"] = [[PUBLIC], ["127.0.0.1"]]
    assert by_image(client, "http://turning.example/once").status_code == 422
    assert web.asked == ["turning.example"] * 2
    assert web.connected == [PUBLIC]


@pytest.mark.parametrize(("peer", "own"), [("127.0.0.1", "10.0.0.5"), (PUBLIC, PUBLIC)])
def test_the_connection_itself_is_looked_at(
    client: TestClient, web: Web, peer: str, own: str
) -> None:
    web.peer, web.own = peer, own
    assert by_image(client, "http://media.example/red.png").status_code == 422
    assert web.requests == []


@pytest.mark.parametrize("path", ["/drip", "/drip-headers"])
def test_a_slow_server_is_left(client: TestClient, web: Web, path: str) -> None:
    use(client, web, fetch_seconds=0.5)
    start = time.monotonic()
    response = by_image(client, f"http://media.example{path}")
    assert (response.status_code, error_of(response)["message"]) == (422, FAILED)
    assert time.monotonic() - start < 5


def test_a_slow_resolver_is_left(client: TestClient, web: Web) -> None:
    use(client, web, fetch_seconds=0.3)
    is_over = threading.Event()
    web.names["slow.example"] = lambda: [PUBLIC] if is_over.wait(10) else []
    start = time.monotonic()
    assert by_image(client, "http://slow.example/red.png").status_code == 422
    assert time.monotonic() - start < 5
    is_over.set()


def test_a_large_file_is_left(client: TestClient, web: Web) -> None:
    use(client, web, fetch_bytes=1_000_000)
    response = by_image(client, "http://media.example/endless")
    assert (response.status_code, error_of(response)["code"]) == (413, "media_too_large")
    assert "1,000,000 bytes" in str(error_of(response)["message"])


def test_the_limit_is_of_all_addresses_together(client: TestClient, web: Web) -> None:
    use(client, web, fetch_bytes=3 * len(RED) - 1)
    urls = [f"http://media.example/red.png?{i}" for i in range(3)]
    for count, status in ((2, 200), (3, 413)):
        body = {"input": urls[:count], "modality": "image"}
        assert client.post("/v1/embeddings", json=body).status_code == status
    many = [f"http://media.example/red.png?{i}" for i in range(65)]
    refused = client.post("/v1/embeddings", json={"images": many})
    assert (refused.status_code, error_of(refused)["code"]) == (422, "invalid_value")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://media.example:22/", "the port of an address must be 80 or 443"),
        ("http://user:secret@media.example/", "no user name and no password"),
        ("http://media.example/\r\nx: y", "no spaces, control characters"),
        ("http://media.example\\@127.0.0.1/", "backslashes"),
        ("http://", "must name a server"),
        ("http://" + "a" * 5000, "4,096 characters"),
    ],
)
def test_an_address_that_may_not_be_asked_is_refused_before(
    client: TestClient, web: Web, url: str, said: str
) -> None:
    response = by_image(client, url)
    assert (response.status_code, error_of(response)["code"]) == (400, "address_refused")
    assert said in str(error_of(response)["message"])
    assert web.asked == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("file:///etc/passwd", "address_not_fetched"),
        ("ftp://media.example/red.png", "address_not_fetched"),
        ("gopher://media.example/", "invalid_data_uri"),
        ("//media.example/red.png", "invalid_data_uri"),
    ],
)
def test_other_schemes_are_never_fetched(client: TestClient, web: Web, url: str, code: str) -> None:
    response = by_image(client, url)
    assert (response.status_code, error_of(response)["code"]) == (400, code)
    assert web.asked == []


@pytest.mark.parametrize(("path", "status"), [("/nothing", 422), ("/text", 415)])
def test_what_is_no_picture_is_refused_as_in_a_data_uri(
    client: TestClient, path: str, status: int
) -> None:
    assert by_image(client, f"http://media.example{path}").status_code == status


def test_no_proxy_of_the_environment_is_asked(
    client: TestClient, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert by_image(client, "http://media.example/red.png").status_code == 200


def test_it_is_off_unless_it_is_said(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection, client_of(collection) as client:
        response = by_image(client, "http://media.example/red.png")
        assert (response.status_code, error_of(response)["code"]) == (400, "address_not_fetched")


def test_a_service_of_this_machine_is_not_reached_for_real(tmp_path: Path) -> None:
    settings = Settings(allow_url_fetch=True)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        Collection.create(tmp_path / "c", ["tiny"]) as collection,
        client_of(collection, settings) as client,
    ):
        server.settimeout(0.2)
        port = server.getsockname()[1]
        # The ports of the service are widened, so that nothing but the address stands in the way.
        fetcher = client.app.state.service.fetcher  # type: ignore[attr-defined]
        fetcher._ports = frozenset({port})  # see above
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0", "127.1"):
            assert by_image(client, f"http://{host}:{port}/").status_code == 422
        with pytest.raises(TimeoutError):
            server.accept()
