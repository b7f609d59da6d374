"""`anysense mcp` as a process: over its standard input and output, and over streamable HTTP."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest
import tiny
from http_client import data_uri, png, wav
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_client import ERAS, error_in, text_in
from service_process import COMMAND, anysense, free_port, process_environment, serving

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
SEARCH = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "search", "arguments": {"query": "red low"}},
}
HEADERS = {"accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tiny.register()
    folder = tmp_path_factory.mktemp("files")
    (folder / "red.png").write_bytes(png("red"))
    (folder / "low.wav").write_bytes(wav(110.0))
    path = folder / "things.anysense"
    with Collection.create(path, ["tiny"]) as collection:
        collection.add(
            [
                NewItem("a red note", id="note"),
                NewItem(folder / "red.png", id="a/red"),
                NewItem(folder / "low.wav", id="low"),
            ]
        )
    return path


class Serving(NamedTuple):
    """A process that listens."""

    url: str
    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def over_http(path: Path, *options: str | Path, log: Path) -> Iterator[Serving]:
    """A process of `anysense mcp --http`, once it listens."""
    port = free_port()
    words = ["mcp", str(path), "--http", "--port", str(port), *map(str, options)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *words],
            stdout=output,
            stderr=output,
            env=process_environment(),
        )
    try:
        deadline = time.monotonic() + 120
        while "Serving" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield Serving(f"http://127.0.0.1:{port}/mcp", port, process)
    finally:
        process.kill()
        process.wait(10)


@asynccontextmanager
async def with_key(url: str, key: str, mode: str) -> AsyncIterator[Client]:
    import httpx2

    async with (
        httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


async def use(client: Client) -> None:
    """Search, look at what was found, add and remove."""
    found = await client.call_tool("search", {"query": "red low"})
    assert "a red note" in text_in(found)
    assert {block.type for block in found.content} == {"text", "image", "audio"}
    [content] = (await client.read_resource("anysense://item/a%2Fred")).contents
    assert content.mime_type == "image/png"
    blue = {"data": data_uri(png("blue"), "image/png"), "name": "blue.png", "id": "b/lue"}
    assert not (await client.call_tool("add_item", blue)).is_error
    listed = await client.call_tool("list_items", {})
    ids = [item["id"] for item in listed.structured_content["items"]]  # type: ignore[index]
    assert "b/lue" in ids
    assert not (await client.call_tool("remove_item", {"id": "b/lue"})).is_error


@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_starts_the_command_and_speaks_with_it(path: Path, mode: str) -> None:
    words = ["-c", COMMAND, "mcp", str(path), "--allow-write"]
    command = StdioServerParameters(
        command=sys.executable, args=words, env=process_environment(ANYSENSE_API_KEY="of another")
    )
    async with Client(command, mode=mode) as client:
        await use(client)


async def test_nothing_but_the_protocol_reaches_standard_output(path: Path) -> None:
    """Neither what libraries print nor what they log, and not before a client asks either."""
    loud = f"""
import tiny, os, sys
class Loud(tiny.TinyEncoder):
    def encode(self, *arguments):
        print("printed")
        os.system("echo of a child")
        return super().encode(*arguments)
from anysense.embed.encoders.registry import register_encoder
register_encoder("tiny", lambda rest, device: Loud())
sys.argv[1:] = ["mcp", {str(path)!r}]
from anysense.server.cli.root import main
main()
"""
    lines = [HELLO, {"jsonrpc": "2.0", "method": "notifications/initialized"}, SEARCH]
    process = subprocess.Popen(
        [sys.executable, "-c", loud],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=process_environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("".join(json.dumps(line) + "\n" for line in lines).encode())
    process.stdin.flush()
    answers = [json.loads(process.stdout.readline()) for _ in range(2)]
    rest, errors = process.communicate(timeout=60)
    assert rest == b""
    assert process.returncode == 0
    assert [answer["id"] for answer in answers] == [1, 2]
    assert answers[1]["result"]["structuredContent"]["hits"]
    assert b"printed" in errors
    assert b"of a child" in errors


async def test_lines_that_are_no_messages_do_not_end_it(path: Path) -> None:
    wrong = [b"hello", b"{}", b"[" * 50_000, b'{"jsonrpc": "2.0", "id": 7}', b"\xff\xfe\x00"]
    lines = [*wrong, json.dumps(HELLO).encode()]
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "mcp", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=process_environment(),
    )
    output, _ = process.communicate(b"\n".join(lines) + b"\n", timeout=60)
    answers = [json.loads(line) for line in output.splitlines()]
    assert any(answer.get("id") == 1 and "result" in answer for answer in answers)
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_ends_at_once_when_it_is_told_to(path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "mcp", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=process_environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(HELLO).encode() + b"\n")
    process.stdin.flush()
    assert process.stdout.readline()
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert process.returncode in (128 + number, -number)
    assert b"Traceback" not in errors


@pytest.mark.parametrize("mode", ERAS)
async def test_it_listens_for_clients_of_either_era(path: Path, tmp_path: Path, mode: str) -> None:
    with over_http(path, "--allow-write", log=tmp_path / "log") as served:
        async with Client(served.url, mode=mode) as client, Client(served.url) as other:
            await use(client)
            assert "a red note" in text_in(await other.call_tool("search", {"query": "red"}))
        served.process.terminate()
        assert served.process.wait(20) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


async def test_requests_of_foreign_pages_and_names_are_refused(path: Path, tmp_path: Path) -> None:
    with over_http(path, log=tmp_path / "log") as served:
        statuses = {
            name: httpx.post(served.url, json=HELLO, headers={**HEADERS, **headers}).status_code
            for name, headers in {
                "as it is": {},
                "of a page of this machine": {"origin": "http://localhost:3000"},
                "another name": {"host": "evil.example"},
                "a name that begins so": {"host": "127.0.0.1.evil.example:80"},
                "a foreign page": {"origin": "https://evil.example"},
                "a page of a file": {"origin": "null"},
            }.items()
        }
        huge = httpx.post(served.url, content=b"x" * (14 * 1024**2), headers=HEADERS)
        form = httpx.post(served.url, data={"a": "b"}, headers=HEADERS)
    assert statuses == {
        "as it is": 200,
        "of a page of this machine": 200,
        "another name": 421,
        "a name that begins so": 421,
        "a foreign page": 403,
        "a page of a file": 403,
    }
    assert huge.status_code == 413
    assert form.status_code == 400


@pytest.mark.parametrize("mode", ERAS)
async def test_beyond_this_machine_every_request_needs_a_key(
    path: Path, tmp_path: Path, mode: str
) -> None:
    file = tmp_path / "keys"
    keys = {
        name: anysense("keys", "add", str(file), name, *scopes).stdout.strip()
        for name, scopes in {
            "reader": ["--scope", "read"],
            "writer": ["--scope", "write"],
            "both": [],
        }.items()
    }
    options = ("--host", "0.0.0.0", "--api-key-file", file, "--allowed-host", "search.example")
    with over_http(path, *options, "--allow-write", log=tmp_path / "log") as served:
        for key in (None, "wrong", "anysense_" + "A" * 43, "x" * 10_000):
            headers = {} if key is None else {"authorization": f"Bearer {key}"}
            refused = httpx.post(served.url, json=HELLO, headers={**HEADERS, **headers})
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"].startswith("Bearer")
        bearer = {**HEADERS, "authorization": f"Bearer {keys['writer']}"}
        assert httpx.post(served.url, json=HELLO, headers=bearer).status_code == 403
        other = {**HEADERS, "authorization": f"Bearer {keys['both']}", "host": "evil.example"}
        assert httpx.post(served.url, json=HELLO, headers=other).status_code == 421
        other["host"] = "search.example"
        assert httpx.post(served.url, json=HELLO, headers=other).status_code == 200
        async with with_key(served.url, keys["both"], mode) as client:
            await use(client)
        async with with_key(served.url, keys["reader"], mode) as client:
            assert "a red note" in text_in(await client.call_tool("search", {"query": "red"}))
            for name, arguments in (("add_item", {"text": "x"}), ("remove_item", {"id": "note"})):
                said = error_in(await client.call_tool(name, arguments))
                assert said == f"{name}: this key may search and read, and nothing else."
            assert anysense("keys", "remove", str(file), "reader").returncode == 0
            time.sleep(1.5)  # the file is looked at once in a second
            with pytest.raises(MCPError):
                await client.call_tool("search", {"query": "red"})
    log = (tmp_path / "log").read_text()
    assert not any(key in log for key in keys.values())


async def test_the_address_of_a_service_is_a_collection_too(path: Path, tmp_path: Path) -> None:
    key = "k" * 40
    environment: dict[str, Any] = {"ANYSENSE_API_KEY": key}
    with serving(path, log=tmp_path / "log", environment=environment) as (_, port):
        words = ["-c", COMMAND, "mcp", f"http://127.0.0.1:{port}", "--allow-write"]
        command = StdioServerParameters(
            command=sys.executable, args=words, env=process_environment(**environment)
        )
        async with Client(command) as client:
            await use(client)
        refused = anysense("mcp", f"http://127.0.0.1:{port}")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "key" in refused.stderr
