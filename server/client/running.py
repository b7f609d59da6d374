"""Which services of this user run on this machine: each leaves a note in the user's cache.

It tells where the service is and what it serves, and holds no key. What another user has written
is not believed, nor what leads to another machine: a key might be sent there.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import secrets
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from anysense.embed.cache import user_cache
from anysense.embed.notes import LOCK, NOTE, counts, lock_of, remove

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["KEY", "UNREADABLE", "RunningService", "noted", "running_services", "service_of"]

KEY = "ANYSENSE_API_KEY"
"""The variable of the environment with the key for services that need one."""
MOST_BYTES = 1024**2
UNREADABLE = (
    OSError,
    ArithmeticError,  # a number that is too large
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
)
"""What is raised by notes that are none."""


@dataclass(frozen=True)
class RunningService:
    """A service that listens.

    Attributes:
        url: its address, as this machine reaches it.
        pid: its process; of several, the one that begins the others.
        collections: the folders of what it serves, by name, the first one first.
        needs_key: whether it answers only to those who have a key.
    """

    url: str
    pid: int
    collections: Mapping[str, Path]
    needs_key: bool


def running_services() -> list[RunningService]:
    """The services of this user that run on this machine; notes of others are cleared."""
    folder = _folder()
    try:
        if _may_others_write(folder):  # and so keep a note alive whose service has ended
            return []
        notes = sorted(path for path in folder.iterdir() if path.suffix == NOTE)
    except OSError:
        return []
    return [service for note in notes if (service := _read(note)) is not None]


def service_of(path: str | os.PathLike[str]) -> tuple[RunningService, str] | None:
    """A running service of the collection in a folder, and its name there.

    One that needs no key is preferred.
    """
    wanted = os.path.realpath(path)
    found = [
        (service, name)
        for service in running_services()
        for name, folder in service.collections.items()
        if os.path.realpath(folder) == wanted
    ]
    return min(found, key=lambda pair: pair[0].needs_key, default=None)


@contextlib.contextmanager
def noted(service: RunningService) -> Iterator[None]:
    """Leave a note of a service of this process until the block ends.

    A cache that cannot be written only means that nobody finds the service by itself.
    """
    note = _folder() / f"{service.pid}-{secrets.token_hex(4)}{NOTE}"
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, NotImplementedError):
            note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            stack.callback(remove, note.with_suffix(LOCK))
            lock = lock_of(note)
            lock.acquire(timeout=0)
            stack.callback(lock.release)
            _write(note, service)
            stack.callback(remove, note)
        yield


def _folder() -> Path:
    return user_cache("services")


def _write(note: Path, service: RunningService) -> None:
    content = {
        "url": service.url,
        "pid": service.pid,
        "machine": platform.node(),  # homes may be shared by several
        "collections": {name: os.path.realpath(p) for name, p in service.collections.items()},
        "needs_key": service.needs_key,
    }
    descriptor, aside = tempfile.mkstemp(dir=note.parent)  # which only this user can read
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(content, file)
        Path(aside).replace(note)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def _read(note: Path) -> RunningService | None:
    """The service that a note is of; None if it is not for us to say, or the service is gone."""
    try:
        if not _is_ours(note) or note.stat().st_size > MOST_BYTES:
            return None
        content = json.loads(note.read_bytes())
        service = _service(content)
        is_here = content["machine"] == platform.node()
    except UNREADABLE:
        return None
    is_ours = is_here and counts(note) and _leads_here(service.url)
    return service if is_ours else None


def _service(content: dict[str, Any]) -> RunningService:
    folders = {str(name): Path(folder) for name, folder in content["collections"].items()}
    for folder in folders.values():
        os.path.realpath(folder)  # which refuses what no system calls a folder
    return RunningService(
        str(content["url"]), int(content["pid"]), folders, bool(content["needs_key"])
    )


def _leads_here(url: str) -> bool:
    """Whether an address is of HTTP and of this machine: nothing can listen at another one's."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            return False
        found = socket.getaddrinfo(parts.hostname, None, type=socket.SOCK_DGRAM)
    except (OSError, ValueError):
        return False
    is_known = parts.hostname == "localhost"  # also without one of its two addresses
    return is_known or all(_is_own(family, address) for family, *_, address in found)


def _is_own(family: int, address: Any) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


def _is_ours(path: Path) -> bool:
    return not hasattr(os, "getuid") or path.lstat().st_uid == os.getuid()


def _may_others_write(folder: Path) -> bool:
    if not hasattr(os, "getuid"):
        return False
    return folder.stat().st_uid != os.getuid() or bool(folder.stat().st_mode & 0o022)
