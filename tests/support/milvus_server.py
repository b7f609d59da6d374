"""A real Milvus server, which the package milvus carries, in a network namespace of its own.

It listens on all interfaces, and cannot be told not to. In a namespace there is only a loopback, so
what talks to it has to run in there as well: `in_namespace` makes a command that does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

INSIDE = "ANYSENSE_TEST_MILVUS"
"""Set where tests run in a namespace that is theirs alone."""


def missing() -> str:
    """Why no server can be started here; empty if one can."""
    if sys.platform != "linux" or not shutil.which("unshare") or not shutil.which("ip"):
        return "network namespaces are Linux's, and need unshare and ip"
    if os.geteuid() != 0:
        return "making a network namespace needs root"
    try:
        import milvus  # noqa: F401
        import pymilvus  # noqa: F401
    except ImportError as error:
        return str(error)
    return ""


def in_namespace(command: Sequence[str]) -> list[str]:
    """The command, in a namespace with nothing but a loopback."""
    return ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]


_UNPACK = """
import sys, milvus
config = milvus.MilvusServerConfig(data_dir=sys.argv[1])
config.resolve()
milvus._initialize_data_files(config.base_data_dir)
"""
_HEALTH = "http://127.0.0.1:9091/healthz"


class MilvusProcess:
    """A server with its data in a folder; it may be killed and started again."""

    address = "milvus://127.0.0.1:19530"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        subprocess.run([sys.executable, "-c", _UNPACK, str(folder)], check=True, timeout=300)
        # A server that was killed is waited for until its lease has ended.
        self._configure("    ttl: 30 ", "    ttl: 5 ")
        self.start()

    def _configure(self, old: str, new: str) -> None:
        config = self._folder / "configs" / "milvus.yaml"
        text = config.read_text()
        assert old in text
        config.write_text(text.replace(old, new))

    @contextmanager
    def asking_for_credentials(self) -> Iterator[None]:
        """Have it let in nobody but `root` with the password `Milvus`, as it comes."""
        off, on = (f"authorizationEnabled: {word}" for word in ("false", "true"))
        self.kill()
        self._configure(off, on)
        self.start()
        yield
        self.kill()
        self._configure(on, off)
        self.start()

    def start(self) -> None:
        environment = {
            **os.environ,
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": "9091",
            "MILVUS_RUN_DIR": str(self._folder / "run"),
            "LD_LIBRARY_PATH": str(self._folder / "bin"),
        }
        with (self._folder / "logs" / "output.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._folder / "bin" / "milvus", "run", "standalone"],
                cwd=self._folder,
                env=environment,
                stdout=log,
                stderr=log,
            )
        wait_for(self._is_healthy)

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End it with SIGKILL, as a failure of power would."""
        self._process.kill()
        self._process.wait()

    def _is_healthy(self) -> bool:
        assert self._process.poll() is None, "the server has ended"
        try:
            with urllib.request.urlopen(_HEALTH, timeout=5) as answer:
                return b"OK" in answer.read()
        except OSError:
            return False


class Engine:
    """A server as suites see it.

    Attributes:
        is_away: for whoever makes it answer nothing.
    """

    def __init__(self, address: str) -> None:
        from anysense.index.vectors.milvus.address import Address
        from anysense.index.vectors.milvus.client import Milvus
        from anysense.index.vectors.milvus.remote import Remote

        self.address = address
        self.is_away = False
        self._remote = Remote(Milvus(Address.parse(address)))

    def names(self) -> set[str]:
        """The collections that anysense has made there."""
        return set(self._remote.names("anysense_"))

    def drop(self, names: Iterable[str]) -> None:
        self._remote.drop(names)


def wait_for(condition: Callable[[], bool], seconds: float = 180) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{condition} did not become true in {seconds} seconds"
        time.sleep(0.25)
