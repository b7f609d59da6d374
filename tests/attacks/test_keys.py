"""Attempts to get in without a key, to do more than a key may, and to learn keys."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest
import tiny
from certificates import write_certificate
from service_process import COMMAND, free_port, process_environment, serving

from anysense.index.collection import Collection
from anysense.index.types import NewItem
from anysense.server.http.access.key_file import changing_keys
from anysense.server.http.access.keys import new_key, new_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration


class Service(NamedTuple):
    port: int
    keys: dict[str, str]
    log: Path
    key_file: Path


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    tiny.register()
    folder = tmp_path_factory.mktemp("collections")
    for name in ("one", "two"):
        with Collection.create(folder / f"{name}.anysense", ["tiny"]) as collection:
            collection.add([NewItem("red", id="red")])
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def service(paths: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    secrets = {name: new_secret() for name in ("reader", "writer")}
    with changing_keys(folder / "keys") as keys:
        keys.append(new_key("reader", ["read"], secrets["reader"]))
        keys.append(new_key("writer", ["read", "write"], secrets["writer"]))
    options = ("--api-key-file", folder / "keys", "--host", "0.0.0.0")
    with serving(*paths, *options, log=folder / "log") as (_, port):
        yield Service(port, secrets, folder / "log", folder / "keys")


def raw(port: int, request: bytes) -> bytes:
    """What a service answers to bytes, up to the end of the connection or a second of silence."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        connection.settimeout(1)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except TimeoutError:
            pass
        return answer


SECRET_ADDRESSES = [
    "/v1/items",
    "/v1/items?a=/health",
    "/v1/items#/health",
    "//v1/items",
    "/v1//items",
    "/health/../v1/items",
    "/docs/../v1/items",
    "/docs/%2e%2e/v1/items",
    "/ready/v1/items",
    "/health;/v1/items",
    "/%68ealth/../v1/items",
    "/v1/items/red",
    "/v1/items/red%2fmedia",
    "/v1/collections",
    "/v1/collections/one/items",
    "/v1/collections/current",
    "/v1/collections/..%2fhealth/items",
    "http://127.0.0.1/v1/items",
    "http://evil.example/health/../v1/items",
]


@pytest.mark.parametrize("target", SECRET_ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "TRACE", "get", "PROPFIND"])
def test_no_spelling_of_an_address_lets_anybody_in(
    service: Service, target: str, method: str
) -> None:
    head = (
        f"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    answer = raw(service.port, head.encode())
    status = int(answer.split(b" ", 2)[1])
    assert status in (400, 401, 404, 405, 421), answer
    assert b'"red"' not in answer
    assert b"items" not in answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: ",
        "Authorization: Bearer",
        "Authorization: Bearer null",
        "Authorization: Bearer undefined",
        "Authorization: Bearer \x00",
        "Authorization: Bearer *",
        "Authorization: Bearer reader",
        "Authorization: Bearer default",
        "Authorization: Basic YWRtaW46YWRtaW4=",
        "Authorization: Digest username=admin",
        "Authorization: Bearer " + "0" * 64,
        "Proxy-Authorization: Bearer {writer}",
        "X-Api-Key: {writer}",
        "X-Authorization: Bearer {writer}",
        "Cookie: api_key={writer}",
        "Cookie: authorization=Bearer {writer}",
        "Authorization_: Bearer {writer}",
        "Authorization: Bearer {writer}\r\nAuthorization: Bearer {writer}",
        "Authorization: Bearer x\r\nAuthorization: Bearer {writer}",
        "Authorization: {writer}",
        "Authorization: Bearer, {writer}",
        "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: localhost",
        "X-Original-URL: /health",
        "X-Rewrite-URL: /health",
        "X-HTTP-Method-Override: GET",
    ],
)
def test_no_other_header_is_a_key(service: Service, header: str) -> None:
    line = header.format(**service.keys)
    head = f"GET /v1/items HTTP/1.1\r\nHost: x\r\n{line}\r\nConnection: close\r\n\r\n"
    answer = raw(service.port, head.encode("latin-1"))
    assert int(answer.split(b" ", 2)[1]) in (400, 401), answer


def test_the_hash_in_the_file_is_no_key(service: Service) -> None:
    for line in service.key_file.read_text().splitlines()[1:]:
        for word in (*line.split(), *line.split()[-1].split(":")):
            headers = {"authorization": f"Bearer {word}"}
            url = f"http://127.0.0.1:{service.port}/v1/items"
            assert httpx.get(url, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/items"),
        ("POST", "/v1/collections/two/items"),
        ("POST", "/v1/collections/search/items"),
        ("DELETE", "/v1/items/red"),
        ("DELETE", "/v1/items/red/search"),
        ("DELETE", "/v1/collections/one/items/red"),
        ("PUT", "/v1/items/red"),
        ("PATCH", "/v1/search"),
        ("POST", "/v1/items/search"),
        ("POST", "/v1/items?x=/v1/search"),
        ("POST", "/v1/items/batch"),
        ("POST", "/v1/search/../items"),
        ("POST", "//v1/search"),
        ("Post", "/v1/items"),
        ("GET ", "/v1/items"),
    ],
)
def test_a_key_to_read_changes_nothing(service: Service, method: str, path: str) -> None:
    body = json.dumps({"text": "blue", "id": "new"})
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.keys['reader']}\r\n"
        f"X-HTTP-Method-Override: DELETE\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    )
    answer = raw(service.port, head.encode())
    assert int(answer.split(b" ", 2)[1]) in (400, 403), answer
    reader = {"authorization": f"Bearer {service.keys['reader']}"}
    for name in ("one", "two"):
        url = f"http://127.0.0.1:{service.port}/v1/collections/{name}/items"
        assert [i["id"] for i in httpx.get(url, headers=reader).json()["items"]] == ["red"]


def test_without_a_key_no_body_is_waited_for(service: Service) -> None:
    """A gigabyte is announced and not one byte of it sent; the answer comes anyhow."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.putrequest("POST", "/v1/items")
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", str(10**9))
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == 401
    assert json.loads(response.read())["error"]["code"] == "missing_api_key"
    connection.close()


def test_keys_are_in_no_answer_and_no_log(service: Service) -> None:
    url = f"http://127.0.0.1:{service.port}"
    for secret in (*service.keys.values(), "a-wrong-secret"):
        headers = {"authorization": f"Bearer {secret}"}
        for path in ("/v1/items", "/nowhere", "/v1/items/none"):
            for method in ("GET", "POST", "DELETE"):
                response = httpx.request(method, url + path, headers=headers)
                assert secret not in response.text + str(response.headers)
    log = service.log.read_text()
    assert [s for s in (*service.keys.values(), "a-wrong-secret") if s in log] == []


def test_a_flood_of_wrong_keys_leaves_others_their_service(service: Service) -> None:
    """Wrong keys of 500 and of 60,000 characters, from eight connections at once."""
    stop = threading.Event()

    def flood(length: int) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{service.port}") as client:
            while not stop.is_set():
                client.get("/v1/items", headers={"authorization": "Bearer " + "x" * length})

    threads = [threading.Thread(target=flood, args=(n,)) for n in (500, 60_000) * 4]
    for thread in threads:
        thread.start()
    try:
        headers = {"authorization": f"Bearer {service.keys['reader']}"}
        for _ in range(20):
            url = f"http://127.0.0.1:{service.port}/v1/items"
            assert httpx.get(url, headers=headers, timeout=10).status_code == 200
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_removed_key_is_refused_and_a_spoiled_file_changes_nothing(
    paths: list[Path], tmp_path: Path
) -> None:
    file = tmp_path / "keys"
    with changing_keys(file) as keys:
        keys += [new_key("ada", ["read"], "a"), new_key("bob", ["read"], "b")]
    with serving(paths[0], "--api-key-file", file, log=tmp_path / "log") as (_, port):

        def status(secret: str) -> int:
            headers = {"authorization": f"Bearer {secret}"}
            return httpx.get(f"http://127.0.0.1:{port}/v1/items", headers=headers).status_code

        def becomes(secret: str, expected: int) -> None:
            deadline = time.monotonic() + 20
            while status(secret) != expected:
                assert time.monotonic() < deadline
                time.sleep(0.1)

        assert (status("a"), status("b")) == (200, 200)
        with changing_keys(file) as keys:
            del keys[0]
        becomes("a", 401)
        assert status("b") == 200
        with file.open("a") as lines:
            lines.write("mallory read,write x\n")
        file.chmod(0o666)
        time.sleep(1.5)
        assert (status("a"), status("b"), status("x")) == (401, 200, 401)
        file.unlink()
        time.sleep(1.5)
        assert (status("a"), status("b")) == (401, 200)
        with changing_keys(file) as keys:
            keys.append(new_key("eve", ["read"], "e"))
        becomes("b", 401)
        assert status("e") == 200


def refusal(*arguments: str | Path, **environment: str) -> str:
    """What `anysense serve` says as it refuses to start."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "serve", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env=process_environment(**environment),
        check=False,
    )
    assert done.returncode in (1, 2), done.stderr
    assert "startup complete" not in done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    return line


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0", "10.0.0.1", "::ffff:8.8.8.8"])
def test_it_is_not_opened_to_others_by_accident(paths: list[Path], host: str) -> None:
    assert "--insecure" in refusal(paths[0], "--host", host)
    assert "--insecure" in refusal(paths[0], ANYSENSE_HOST=host)
    assert "is empty" in refusal(paths[0], ANYSENSE_HOST=host, ANYSENSE_API_KEY="")
    assert "no-such" in refusal(paths[0], "--host", host, "--api-key-file", "no-such")


def test_a_taken_port_is_told_before_a_model_is_loaded(paths: list[Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert "another program listens there" in refusal(paths[0], "--port", str(port))


def test_a_collection_that_cannot_be_opened_is_told_and_the_others_let_go(
    paths: list[Path], tmp_path: Path
) -> None:
    assert "No collection at" in refusal(paths[0], tmp_path / "none", "--port", str(free_port()))
    with Collection.open(paths[0]) as collection:
        assert collection.info()["items"] == 1


def test_a_single_key_from_the_environment(paths: list[Path], tmp_path: Path) -> None:
    secret = new_secret()
    config = tmp_path / "anysense.toml"
    config.write_text(f'collections = ["mine={paths[0]}"]\nrate_limit = "1000/hour"\n')
    environment = {"ANYSENSE_API_KEY": secret, "ANYSENSE_CONFIG": str(config)}
    with serving(log=tmp_path / "log", environment=environment) as (process, port):
        url = f"http://127.0.0.1:{port}/v1/collections"
        assert httpx.get(url).status_code == 401
        answer = httpx.get(url, headers={"authorization": f"Bearer {secret}"})
        assert [one["name"] for one in answer.json()["collections"]] == ["mine"]
        assert answer.headers["ratelimit-limit"] == "1000"
        assert secret not in " ".join(process.args)  # type: ignore[arg-type]  # all are words


def test_https(paths: list[Path], tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    options = ("--ssl-certfile", certificate, "--ssl-keyfile", key)
    with serving(paths[0], *options, log=tmp_path / "log", scheme="https") as (_, port):
        trusting = ssl.create_default_context(cafile=str(certificate))
        assert httpx.get(f"https://127.0.0.1:{port}/v1/items", verify=trusting).status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/v1/items")
    both = ("--ssl-ca-certs", certificate)
    assert "give a certificate as well" in refusal(paths[0], *both)
    assert "https://127.0.0.1" in (tmp_path / "log").read_text()
