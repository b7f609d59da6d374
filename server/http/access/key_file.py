"""The file of keys: a line for each, with its name, its scopes and its salted hash.

# name  scopes  salt:hash
ada  read,write  6d1f...:9b0c...
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import StorageError, UsageError
from anysense.server.http.access.keys import SCOPES, Key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["changing_keys", "check_name", "read_keys"]

logger = logging.getLogger(__name__)
HEADER = (
    "# Keys of anysense serve: name, scopes, and a salted SHA-256. Written by `anysense keys`.\n"
)
LINE = re.compile(r"(\S+)\s+(\S+)\s+([0-9a-f]{32}):([0-9a-f]{64})")
MOST_BYTES = 1024**2
MOST_KEYS = 1000
"""Each request is compared with every key, which takes a microsecond each."""


def check_name(name: str) -> None:
    """See that a name is one for a key.

    Raises:
        UsageError: it is not.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}", name):
        raise UsageError(
            f"{name!r} cannot be the name of a key: it has up to 64 letters, digits, and _ . @ -, "
            "and begins with a letter or digit."
        )


def read_keys(path: Path) -> list[Key]:
    """The keys in a file.

    Raises:
        UsageError: it cannot be read, others can change it, or a line is not a key.
    """
    try:
        with open(path, "rb", opener=open_at_once) as file:
            check_mode(path, os.fstat(file.fileno()).st_mode)
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"The keys in {path} cannot be read: {reason}.") from None
    if len(content) > MOST_BYTES:
        raise UsageError(f"{path} is over {MOST_BYTES:,} bytes: it is no file of keys.")
    keys: dict[str, Key] = {}
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            key = read_line(line, f"{path}, line {number}")
            if key.name in keys:
                raise UsageError(f"{path}, line {number}: there are two keys named {key.name}.")
            keys[key.name] = key
    if len(keys) > MOST_KEYS:
        raise UsageError(f"{path} holds over {MOST_KEYS:,} keys.")
    return list(keys.values())


def open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting: a pipe that nobody writes to would hold up the service."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def check_mode(path: Path, mode: int) -> None:
    """Refuse a file into which another user could write a key; warn of one that others can read.

    Reading the hash of 256 random bits gives no key away, and secrets that Docker and Kubernetes
    mount can be read by all in the container.
    """
    if not stat.S_ISREG(mode):
        raise UsageError(f"{path} is no file of keys: `anysense keys add {path} NAME` makes one.")
    if os.name != "posix":
        return
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UsageError(f"Other users can write keys into {path}: type `chmod 600 {path}`.")
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        logger.warning("Other users can read the hashes in %s; `chmod 600` hides them.", path)


def read_line(line: str, place: str) -> Key:
    parts = LINE.fullmatch(line.strip())
    if parts is None:
        raise UsageError(f"{place}: it is not a key; `anysense keys add` writes them.")
    scopes = frozenset(scope for scope in SCOPES if scope in parts[2].split(","))
    if len(scopes) != len(parts[2].split(",")):
        raise UsageError(f"{place}: the scopes of a key are read, write, or read,write.")
    return Key(parts[1], scopes, bytes.fromhex(parts[3]), bytes.fromhex(parts[4]))


@contextlib.contextmanager
def changing_keys(path: Path) -> Iterator[list[Key]]:
    """The keys in a file, to be changed; written when the block ends without an error.

    A file that is not there has none. Nobody ever sees half of it, and of two that change it at the
    same time the second waits.

    Raises:
        UsageError: as `read_keys`.
        StorageError: it cannot be written.
    """
    from filelock import FileLock

    target = Path(os.path.realpath(path))  # a link to the file stays one
    if not target.parent.is_dir():
        raise StorageError(f"The keys in {path} cannot be written: there is no such folder.")
    if target.exists():
        read_keys(target)  # before a lock is made beside what is no such file
    try:
        with FileLock(f"{target}.lock", mode=0o600):
            keys = read_keys(target) if target.exists() else []
            yield keys
            write_keys(target, keys)
    except OSError as error:
        reason = error.strerror or error
        raise StorageError(f"The keys in {path} cannot be written: {reason}.") from None


def write_keys(path: Path, keys: Sequence[Key]) -> None:
    lines = [
        f"{key.name}  {','.join(s for s in SCOPES if s in key.scopes)}  "
        f"{key.salt.hex()}:{key.digest.hex()}\n"
        for key in keys
    ]
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:  # only its owner may read it
            file.write(HEADER + "".join(lines))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
