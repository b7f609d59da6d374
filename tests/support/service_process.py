"""Real processes with the encoder of the tests: services, and commands beside them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping

__all__ = [
    "COMMAND",
    "SCRIPT",
    "anysense",
    "free_port",
    "process_environment",
    "running",
    "serving",
    "serving_at",
    "wait_until_loaded",
]

SCRIPT = Path(__file__).with_name("serve_tiny.py")
COMMAND = "import tiny; tiny.register(); from anysense.server.cli.root import main; main()"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def process_environment(**more: str) -> dict[str, str]:
    """The environment of a process that finds the encoder of the tests."""
    paths = [str(Path(__file__).parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **more}


def anysense(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-c", COMMAND, *arguments]
    return subprocess.run(
        command,
        env=process_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@contextmanager
def serving(
    *arguments: str | Path,
    log: Path,
    environment: Mapping[str, str] | None = None,
    scheme: str = "http",
    program: str | Path = COMMAND,
    trust: ssl.SSLContext | bool = False,
    before: Callable[[], None] | None = None,
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A process of `anysense serve` that is ready, and its port; killed at the end if it runs."""
    port = free_port()
    words = ["serve", *map(str, arguments), "--port", str(port)]
    with running(
        program,
        *words,
        url=f"{scheme}://127.0.0.1:{port}/ready",
        log=log,
        environment=environment,
        trust=trust,
        before=before,
    ) as process:
        yield process, port


@contextmanager
def running(
    program: str | Path,
    *arguments: str,
    url: str,
    log: Path,
    environment: Mapping[str, str] | None = None,
    trust: ssl.SSLContext | bool = False,
    before: Callable[[], None] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that answers 200 at an address; killed at the end if it still runs.

    The program is a file if it begins processes of its own, which import it. `before` is called in
    the process before it begins.
    """
    words = [str(program)] if isinstance(program, Path) else ["-c", program]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *words, *arguments],
            stdout=output,
            stderr=output,
            env=process_environment(**(environment or {})),
            preexec_fn=before,
        )
    try:
        deadline = time.monotonic() + 300
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            try:
                if httpx.get(url, verify=trust).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        yield process
    finally:
        children = psutil.Process(process.pid).children() if process.poll() is None else []
        process.kill()
        process.wait(10)
        psutil.wait_procs(children, timeout=30)  # they notice that it is gone


@contextmanager
def serving_at(
    path: Path, log: Path, *options: str
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The same over one collection, with the address in place of the port."""
    with serving(path, *options, log=log) as (process, port):
        yield process, f"http://127.0.0.1:{port}"


def wait_until_loaded(url: str, log: Path, trust: ssl.SSLContext | bool = False) -> None:
    """Wait until every process of a service has its encoders; one is ready before the others."""
    deadline = time.monotonic() + 120
    # The one that writes says so before it looks at what is to be added; the others take turns.
    while httpx.post(f"{url}/v1/items", json={}, verify=trust, timeout=60).status_code == 503 or {
        httpx.get(f"{url}/ready", verify=trust, timeout=60).status_code for _ in range(8)
    } != {200}:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
