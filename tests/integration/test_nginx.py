"""The service behind Debian's nginx, asked as browsers ask it."""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import tiny
from service_process import free_port, serving

from anysense.index.collection import Collection
from anysense.index.types import NewItem
from anysense.server.http.access.key_file import changing_keys
from anysense.server.http.access.keys import new_key

if TYPE_CHECKING:
    from collections.abc import Iterator

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed: apt-get install nginx-light"),
]
CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_max_body_size 512m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    {locations}
  }}
}}
"""
ROOT = Path(__file__).parents[2]
DOCUMENTED = ("docs/operating.md", "deploy/nginx.conf")


def documented_location(source: str, port: int) -> str:
    """The block of nginx's settings in a file of ours, with another port behind it."""
    page = (ROOT / source).read_text(encoding="utf-8")
    lines = page.split("    location / {\n", 1)[1].split("    }\n", 1)[0]
    assert "proxy_pass http://127.0.0.1:8000;" in lines
    return "location / {\n" + lines.replace("127.0.0.1:8000", f"127.0.0.1:{port}") + "}"


@contextmanager
def proxied(folder: Path, locations: str) -> Iterator[int]:
    """nginx with these locations; the port that it listens at."""
    assert NGINX is not None
    folder.mkdir()
    folder.chmod(0o755)
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, locations=locations))
    process = subprocess.Popen([NGINX, "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/health")
                break
            except httpx.TransportError:
                assert process.poll() is None, (folder / "error.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tiny.register()
    with Collection.create(tmp_path / "c.anysense", ["tiny"]) as collection:
        collection.add([NewItem("red", id="red")])
    return tmp_path / "c.anysense"


@pytest.mark.parametrize("source", DOCUMENTED)
def test_a_browser_behind_the_documented_settings(source: str, path: Path, tmp_path: Path) -> None:
    """Its page and the API have one origin: the proxy's name, with the port that it has there."""
    with changing_keys(tmp_path / "keys") as keys:
        keys.append(new_key("ada", ["read", "write"], "secret"))
    log = tmp_path / "log"
    options = ("--allowed-host", "search.example", "--api-key-file", tmp_path / "keys")
    with (
        serving(path, *options, "--rate-limit", "5/hour", log=log) as (_, port),
        proxied(tmp_path / "nginx", documented_location(source, port)) as public,
        httpx.Client(base_url=f"http://127.0.0.1:{public}") as client,
    ):
        host = f"search.example:{public}"
        client.headers.update({"host": host, "authorization": "Bearer secret"})

        def add(origin: str) -> int:
            body = {"text": "blue"}
            return client.post("/v1/items", json=body, headers={"origin": origin}).status_code

        assert add(f"http://{host}") == 201
        assert add("https://evil.example") == 403
        assert add("http://search.example:1") == 403
        assert client.get("/v1/items", headers={"host": "evil.example"}).status_code == 421
        upload = client.post(
            "/v1/items",
            files={"file": ("a.txt", b"red " * 100_000)},
            headers={"origin": f"http://{host}"},
        )
        assert upload.status_code == 201
        assert httpx.get(f"http://127.0.0.1:{public}/v1/items").status_code == 401
        guesses = [
            client.get(
                "/v1/items", headers={"authorization": "Bearer x", "x-forwarded-for": f"10.0.0.{i}"}
            ).status_code
            for i in range(6)
        ]
        assert guesses[-1] == 429  # nginx's own address of the client counts, not what it says
    assert "secret" not in log.read_text()


def test_below_a_path_and_with_the_hosts_of_nginx_itself(path: Path, tmp_path: Path) -> None:
    """`proxy_pass` alone gives the address of the service as `Host`; X-Forwarded-Host tells."""
    prefix = """location /any/ {{
      proxy_pass http://127.0.0.1:{port}{rest}; proxy_set_header X-Forwarded-Host $http_host;
    }}"""
    with serving(path, "--root-path", "/any", log=tmp_path / "log") as (_, port):
        for number, rest in enumerate(("", "/")):  # "/" strips what the location matched
            location = prefix.format(port=port, rest=rest)
            with proxied(tmp_path / f"nginx{number}", location) as public:
                url = f"http://127.0.0.1:{public}"
                host = f"search.example:{public}"
                headers = {"host": host, "origin": f"http://{host}"}
                added = httpx.post(
                    f"{url}/any/v1/items", json={"text": "blue", "id": "a"}, headers=headers
                )
                assert added.status_code == 201
                assert added.headers["location"] == "/any/v1/items/a"
                assert httpx.get(f"{url}{added.headers['location']}").status_code == 200
                assert "docs/start.js" in httpx.get(f"{url}/any/docs").text
                evil = {"host": host, "origin": "http://evil.example"}
                refused = httpx.post(f"{url}/any/v1/items", json={"text": "x"}, headers=evil)
                assert refused.status_code == 403
