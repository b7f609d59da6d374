"""Tars in storage: which members they have, read once for each state of a tar.

The headers of a tar lie all over it, so a build that knew nothing of it would have to fetch most of
it only to see that nothing is new. What was found is kept in the user's cache, up to 1 GiB: then
what was not asked for the longest goes first.
"""

from __future__ import annotations

import gzip
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.cache import user_cache, write_aside
from anysense.embed.errors import MediaError
from anysense.embed.limits import DEFAULT_LIMITS
from anysense.embed.media.digest import digest_text
from anysense.embed.pipeline.threads import Workers
from anysense.index.building.sources.tars.headers import (
    Extent,
    Member,
    MemberKind,
    TarError,
    read_members,
)
from anysense.index.building.sources.tars.opening import stored_tar
from anysense.index.building.sources.tars.state import MOST_BYTES
from anysense.index.building.sources.tars.streams import is_stream, may_be_stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from anysense.index.building.sources.tars.state import TarState

__all__ = ["StoredTar", "looked_into"]

MOST_KEPT_BYTES = 1 << 30
"""Of what is kept of all tars; some 15 bytes a member."""

_THREADS = 4
_FOLDER = "tars"
_FORMAT = 2
_BYTES = "latin-1"  # a text that has a character for each byte


@dataclass(frozen=True)
class StoredTar:
    """A tar in storage, as a listing has it.

    Attributes:
        address: of the tar.
        state: its size, and the stamp of its object.
    """

    address: str
    state: TarState


@dataclass(frozen=True)
class Found:
    """What a tar has.

    Attributes:
        read: its members, but for folders.
        problem: why there are no more, where it is cut off or damaged.
        streams: names of those that are videos, though programs have their suffix, too.
    """

    read: list[Member]
    problem: TarError | None = None
    streams: frozenset[str] = frozenset()

    def members(self) -> Iterator[Member]:
        """The members, as `read_members` gives them.

        Raises:
            TarError: while iterating: it is cut off or damaged after what was given.
        """
        yield from self.read
        if self.problem is not None:
            raise self.problem


def looked_into(tars: Iterable[StoredTar]) -> Iterator[tuple[StoredTar, Found | MediaError]]:
    """Each tar with its members, or with why nobody can tell them; some are read ahead.

    Raises:
        AccessError, ServiceUnreachableError: while iterating: a service refuses, or does not
            answer.
    """
    pool = Workers(_THREADS, "anysense-tars")
    try:
        yield from pool.map(_look_into, tars)
    finally:
        pool.stop()
        _make_room(user_cache(_FOLDER))


def _look_into(tar: StoredTar) -> Found | MediaError:
    if tar.state.size > MOST_BYTES:
        return Found([], TarError(f"has {tar.state.size:,} of at most {MOST_BYTES:,} bytes"))
    kept = user_cache(_FOLDER, f"{digest_text(tar.address)[:32]}.json.gz")
    found = _recall(kept, tar.state)
    if found is None:
        try:
            found = _read(tar)
        except MediaError as error:
            return error
        except FileNotFoundError:
            return MediaError(tar.address, "has gone since it was listed")
        _keep(kept, tar.state, found)
    return found


def _read(tar: StoredTar) -> Found:
    read: list[Member] = []
    streams: set[str] = set()
    most = 2 * DEFAULT_LIMITS.tar_members  # of all kinds, as each is held
    try:
        with stored_tar(tar.address, tar.state).open_ahead() as file:
            for member in read_members(file, tar.state.size):
                if member.kind is not MemberKind.FOLDER:
                    read.append(member)
                if len(read) > most:
                    raise TarError(f"has more than {most:,} members")
                name = member.name.decode(errors="replace")
                if member.kind is MemberKind.FILE and may_be_stream(name):
                    # Here, as what follows its header has been fetched with that.
                    is_one = is_stream(file, member.extent)
                    (streams.add if is_one else streams.discard)(name)
    except TarError as error:
        return Found(read, error, frozenset(streams))
    return Found(read, None, frozenset(streams))


def _keep(path: Path, state: TarState, found: Found) -> None:
    if not state.mtime_ns:  # its service has neither tags nor times
        return
    problem = found.problem
    told = {
        "format": _FORMAT,
        "state": [state.size, state.mtime_ns],
        "members": [[_text(m.name), m.kind.value, *m.extent] for m in found.read],
        "problem": None if problem is None else [str(problem), _text(problem.name)],
        "streams": sorted(found.streams),
    }
    data = gzip.compress(json.dumps(told, separators=(",", ":")).encode(), 1)
    write_aside(path, lambda file: file.write(data))


def _recall(path: Path, state: TarState) -> Found | None:
    """What was kept of a tar, if it is still in that state."""
    try:
        told = json.loads(gzip.decompress(path.read_bytes()))
        if (told["format"], told["state"]) != (_FORMAT, [state.size, state.mtime_ns]):
            return None
        read = [_member(*values) for values in told["members"]]
        problem = None
        if told["problem"] is not None:
            message, name = told["problem"]
            problem = TarError(str(message), _name(name))
        streams = frozenset(map(str, told["streams"]))
    except (OSError, EOFError, ValueError, TypeError, KeyError):
        return None
    with suppress(OSError):
        os.utime(path)  # it was asked for now
    return Found(read, problem, streams)


def _make_room(folder: Path) -> None:
    """Remove from the cache what was not asked for the longest, as long as it is too large."""
    kept = []
    with suppress(OSError), os.scandir(folder) as files:
        for file in files:
            with suppress(OSError):  # another process has removed it
                status = file.stat(follow_symlinks=False)
                kept.append((status.st_mtime_ns, status.st_size, file.path))
    total = sum(size for _, size, _ in kept)
    for _, size, path in sorted(kept):
        if total <= MOST_KEPT_BYTES:
            return
        with suppress(OSError):
            Path(path).unlink()
            total -= size


def _member(name: str, kind: str, offset: int, start: int, size: int) -> Member:
    return Member(name.encode(_BYTES), MemberKind(kind), Extent(int(offset), int(start), int(size)))


def _text(name: bytes | None) -> str | None:
    return None if name is None else name.decode(_BYTES)


def _name(text: Any) -> bytes | None:
    return None if text is None else str(text).encode(_BYTES)
