"""Which Ray is used, and how much of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import EncoderError, UsageError
from anysense.embed.processors import usable_processors
from anysense.index.building.ray.cutting import PART_ITEMS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RayCluster", "Share", "check_answers", "connected", "share_of"]

LOCAL = "local"
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_worker_niceness": "0",  # of a Ray begun here: its actors are what the user waits for
}
_STORE_BYTES = 128 * 1024**2
"""Of Ray's object store on this machine: items go through it, vectors do not."""

_ANSWER_SECONDS = 10.0
"""How long a cluster may take to answer at all."""

_CORES = 4
"""For each actor without a GPU, unless asked otherwise."""


@dataclass(frozen=True)
class RayCluster:
    """Where a build has its items encoded.

    Attributes:
        address: ``local`` begins a Ray of its own, on this machine and reached from it alone;
            ``auto`` finds one that runs here, or RAY_ADDRESS; HOST:PORT and ``ray://HOST:PORT``
            are others'.
        actors: how many processes encode; one for each GPU, or for each four processors if None.
        parts: a folder that all machines share; one in the collection if None.
        part_items: items of a part on average.
    """

    address: str = "auto"
    actors: int | None = None
    parts: Path | None = None
    part_items: int = PART_ITEMS


@dataclass(frozen=True)
class Share:
    """What each actor has of the cluster."""

    actors: int
    processors: int
    gpus: int


@contextlib.contextmanager
def connected(cluster: RayCluster) -> Iterator[Any]:
    """Ray, for as long as the block lasts; one that runs in this process already stays.

    Raises:
        UsageError: Ray is not installed.
        EncoderError: nobody answers at its address.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError:
        raise UsageError("Ray is not installed: pip install 'anysense[ray]'.") from None
    if ray.is_initialized():
        yield ray
        return
    folder = tempfile.mkdtemp(prefix="as-", dir="/tmp" if Path("/tmp").is_dir() else None)  # noqa: S108 - short: sockets lie in it
    try:
        _connect(ray, cluster.address, folder)
        try:
            yield ray
        finally:
            ray.shutdown()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_answers(address: str) -> None:
    """Find out whether anything answers where a cluster is said to be: Ray asks for minutes.

    Raises:
        EncoderError: nothing does.
    """
    _, _, place = address.rpartition("://")
    host, colon, port = place.rpartition(":")
    if not colon or not port.isdecimal():
        return  # Ray finds it, or says what is wrong with it
    try:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise EncoderError(f"No Ray could be reached at {address}: {error}.") from None


def _connect(ray: Any, address: str, folder: str) -> None:
    quiet = {"log_to_driver": False, "logging_level": "error"}
    try:
        if address == LOCAL:
            ray.init(
                address=LOCAL,
                num_cpus=usable_processors(),
                include_dashboard=False,
                object_store_memory=_STORE_BYTES,
                _node_ip_address="127.0.0.1",
                _temp_dir=folder,
                **quiet,
            )
        else:
            check_answers(address)
            ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError, ImportError) as error:
        reason = " ".join(str(error).split())[:300]
        raise EncoderError(f"No Ray could be reached at {address}: {reason}") from None


def share_of(ray: Any, cluster: RayCluster, device: str) -> Share:
    """How the cluster is divided among actors.

    Args:
        ray: connected.
        cluster: what was asked for.
        device: where models run; on ``cpu`` no GPU is taken.
    """
    resources = ray.cluster_resources()
    processors = max(1, int(resources.get("CPU", 1)))
    gpus = int(resources.get("GPU", 0)) if device != "cpu" else 0
    actors = cluster.actors or gpus or max(1, processors // _CORES)
    return Share(actors, max(1, processors // max(actors, gpus)), 1 if gpus else 0)
