"""Real servers and builds as processes, for tests that kill them or let them fight."""

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

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["anysense", "serving"]

SUPPORT = Path(__file__).parent
# The command line as it is, but with the encoder of the tests.
COMMAND = "import tiny; tiny.register(); from anysense.server.cli.root import main; main()"


def anysense(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-c", COMMAND, *arguments]
    return subprocess.run(
        command, env=_environment(), capture_output=True, text=True, check=False, timeout=300
    )


@contextmanager
def serving(path: Path, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server that answers, and its address; killed at the end if it still runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", COMMAND, "serve", str(path), "--port", str(port)]
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=_environment())
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 300
        while not _is_ready(url):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield process, url
    finally:
        process.kill()
        process.wait(10)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready").status_code == 200
    except httpx.TransportError:
        return False


def _environment() -> dict[str, str]:
    paths = [str(SUPPORT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
