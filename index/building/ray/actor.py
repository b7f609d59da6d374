"""What runs in the actors: the project's own encoders and pipeline, from items to a part.

Nothing here imports Ray: it makes an actor of the class, on whichever machine there is room.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anysense.embed.errors import AnysenseError, MediaError
from anysense.embed.processors import set_threads
from anysense.index.building.encoding import encode_items
from anysense.index.building.parts.schema import SUFFIX, Header
from anysense.index.building.parts.writing import PartWriter
from anysense.index.catalog.records import QuarantinedFile
from anysense.index.folder.opening import as_built, created_by, load_encoders

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

    from anysense.embed.media.pieces import Recognition
    from anysense.embed.types import Encoder
    from anysense.index.building.parts.rows import PartItem
    from anysense.index.building.pending import PendingItem
    from anysense.index.building.ray.cutting import Order
    from anysense.index.snapshots.manifest import EncoderEntry

__all__ = ["AT", "WITNESS", "Done", "Job", "PartEncoder", "part_path"]

WITNESS = "driver"
"""The file by which an actor sees that its folder of parts is the driver's."""

AT = ".at"
"""Ends the name of the file that says which item of a part is being read, one by one."""

_MOST_WARNINGS = 100


@dataclass(frozen=True)
class Job:
    """What all parts of a build have in common.

    Attributes:
        collection: the path of the collection, for messages.
        folder: where parts are written, the same for the driver and all actors.
        witness: what the driver has written there.
        encoders: those of the collection.
        device: where models run.
        processors: how many an actor may use.
        batch_size: inputs that a model takes at once; chosen by the device if None.
        workers: threads that decode; as many as processors if None.
        captions: whether words in files and beside them are segments.
        encoding: what texts are in that are not Unicode.
        overlap: how much of a passage may repeat the one before it, in percent.
        video_fps: how many frames of a second of a video are encoded.
        recognition: which words are recognised in what is no text.
    """

    collection: Path
    folder: Path
    witness: str
    encoders: Sequence[EncoderEntry]
    device: str
    processors: int
    batch_size: int | None
    workers: int | None
    captions: bool
    encoding: str | None
    overlap: int
    video_fps: float
    recognition: Recognition


@dataclass(frozen=True)
class Done:
    """What became of an order: a part under its name, or the sentence that says why there is none.

    Attributes:
        segments: how many were encoded.
        warnings: what was said meanwhile.
        error: why nothing can be encoded here; empty if all went well.
    """

    segments: int = 0
    warnings: list[str] = field(default_factory=list)
    error: str = ""


def part_path(folder: Path, name: str) -> Path:
    """Where the part of a name is."""
    return folder / f"{name}{SUFFIX}"


class PartEncoder:
    """Encodes parts, one after the other: as soon as all of one is being read, the next begins.

    Its methods may be called from several threads at once.
    """

    def __init__(self) -> None:
        self._begin = threading.Lock()
        self._job: Job | None = None
        self._encoders: list[Encoder] = []
        self._warnings = _Warnings()

    def version(self) -> tuple[str, str]:
        """Which anysense is here, and the name of the machine."""
        return created_by(), socket.gethostname()

    def load(self, job: Job) -> Done:
        """Load the encoders, and see that they and the folder are the driver's."""
        set_threads(job.processors)
        logging.getLogger("anysense").addHandler(self._warnings)
        witness = job.folder / WITNESS
        try:
            is_shared = witness.read_text(encoding="ascii") == job.witness
        except OSError:
            is_shared = False
        if not is_shared:
            return Done(
                error=f"{socket.gethostname()} does not see {job.folder} as it is where the build "
                "runs: name a folder with --parts that all machines share."
            )
        try:
            loaded = load_encoders([entry.name for entry in job.encoders], job.device)
            self._encoders = [
                as_built(job.collection, entry, encoder)
                for entry, encoder in zip(job.encoders, loaded, strict=True)
            ]
        except AnysenseError as error:
            return Done(error=f"{socket.gethostname()}: {error}")
        self._job = job
        return Done()

    def encode(self, order: Order, poison: Mapping[int, str], *, one_by_one: bool = False) -> Done:
        """Make a part.

        Args:
            order: what goes into it.
            poison: why items cannot be read, by their places, that are not tried any more.
            one_by_one: note in a file which item is being read, so that it is known which one
                has ended the process.
        """
        job = self._job
        assert job is not None  # as `load` comes first
        segments = 0
        try:
            header = Header(job.encoders, created_by(), order.name)
            with PartWriter(part_path(job.folder, order.name), header) as part:
                for item in self._items(job, order, poison, one_by_one):
                    part.add(item)
                    segments += 0 if isinstance(item, QuarantinedFile) else len(item.segments)
        except AnysenseError as error:
            return Done(error=f"{socket.gethostname()}: {error}")
        return Done(segments, self._warnings.take())

    def _items(
        self, job: Job, order: Order, poison: Mapping[int, str], one_by_one: bool
    ) -> Generator[PartItem]:
        """What became of each item, in order."""
        at = job.folder / f"{order.name}{AT}"
        places = [place for place in range(len(order.items)) if place not in poison]
        if one_by_one:
            encoded = self._each(job, order, places, at)
        else:
            encoded = self._encoded(job, [order.items[place] for place in places])
        with contextlib.closing(encoded):
            for place, pending in enumerate(order.items):
                yield _failed(pending, poison[place]) if place in poison else next(encoded)
        at.unlink(missing_ok=True)

    def _each(self, job: Job, order: Order, places: Sequence[int], at: Path) -> Generator[PartItem]:
        for place in places:
            at.write_text(str(place), encoding="ascii")  # no fsync: a killed process keeps it
            yield from self._encoded(job, [order.items[place]])

    def _encoded(self, job: Job, items: Sequence[PendingItem]) -> Generator[PartItem]:
        begun = self._in_turn(items)
        stream = encode_items(
            self._encoders,
            begun,
            batch_size=job.batch_size,
            workers=job.workers or job.processors,
            captions=job.captions,
            encoding=job.encoding,
            overlap=job.overlap,
            video_fps=job.video_fps,
            recognition=job.recognition,
        )
        with contextlib.closing(stream), contextlib.closing(begun):
            for pending, outcome in stream:
                if isinstance(outcome, AnysenseError):
                    reason = outcome.reason if isinstance(outcome, MediaError) else str(outcome)
                    yield _failed(pending, reason)
                else:
                    yield outcome

    def _in_turn(self, items: Sequence[PendingItem]) -> Generator[PendingItem]:
        """The items, after those of the part before.

        Two parts side by side would be done at the same time, and then have to be merged while
        the processors have nothing to do; and two runs share them worse than one.
        """
        with self._begin:
            yield from items


def _failed(pending: PendingItem, reason: str) -> QuarantinedFile:
    if not pending.files:
        return QuarantinedFile(pending.source, 0, 0, reason)
    file = pending.files[0]
    return QuarantinedFile(file.path, file.size, file.mtime_ns, reason)


class _Warnings(logging.Handler):
    """Keeps what is said, for the driver to say it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._said) < _MOST_WARNINGS:
            self._said.append(record.getMessage())

    def take(self) -> list[str]:
        said, self._said = self._said, []
        return said
