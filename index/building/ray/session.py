"""One build whose items are encoded by Ray: parts are made ahead, and read in order."""

from __future__ import annotations

import json
import logging
import secrets
from collections import deque
from contextlib import ExitStack
from dataclasses import astuple, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from anysense.embed.errors import CorruptMediaError
from anysense.index.building.encoding import overlap_of, video_fps_of
from anysense.index.building.parts.reading import Part
from anysense.index.building.parts.schema import SUFFIX
from anysense.index.building.parts.writing import TEMPORARY
from anysense.index.building.ray.actor import AT, WITNESS, Job, part_path
from anysense.index.building.ray.cluster import connected, share_of
from anysense.index.building.ray.cutting import cut
from anysense.index.building.ray.pool import Pool
from anysense.index.building.settings.recognition import recognition_of
from anysense.index.catalog.browse import has_content
from anysense.index.catalog.records import ItemRecord, QuarantinedFile
from anysense.index.catalog.sqlite.connections import storage_errors
from anysense.index.folder.opening import created_by

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

    from anysense.embed.errors import AnysenseError
    from anysense.embed.media.pieces import Recognition
    from anysense.index.building.encoding import Encoding
    from anysense.index.building.parts.rows import PartItem
    from anysense.index.building.pending import PendingItem
    from anysense.index.building.ray.cluster import RayCluster
    from anysense.index.building.ray.cutting import Order

__all__ = ["RayEncoding"]

_log = logging.getLogger("anysense")

PARTS = "parts"
"""The folder of parts in a collection."""

_AHEAD = 3
"""Parts for each actor that may be there or be made before the first of them is merged."""

_MOST_DAMAGED = 3


@dataclass(eq=False)
class _Slot:
    """A part in its turn."""

    order: Order
    is_made: bool
    damaged: int = 0


class RayEncoding:
    """Encodes the pending items of a build in parts; used as a context, from one thread.

    Args:
        cluster: which Ray.
        collection: what is built.
        device: where models run.
    """

    def __init__(self, cluster: RayCluster, collection: Encoding, device: str = "auto") -> None:
        self._cluster = cluster
        self._collection = collection
        self._device = device
        folder = collection.folder
        shared = cluster.parts and cluster.parts.absolute() / folder.manifest.collection
        self.parts = shared or folder.path.absolute() / PARTS
        self._stack = ExitStack()
        self._pool: Pool | None = None
        self._ahead = 1
        self._segments = 0
        self._read: deque[tuple[Path, str, str]] = deque()

    def __enter__(self) -> RayEncoding:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stack.close()
        if self.parts.is_dir():
            self._sweep()
            # What is left after a build that was stopped is what the next one need not encode.
            self._clear(everything=kind is None)

    def encode(
        self,
        collection: Encoding,
        pending: Iterable[PendingItem],
        batch_size: int | None = None,
        workers: int | None = None,
        progress: Callable[[int], None] | None = None,
        *,
        captions: bool = True,
        encoding: str | None = None,
    ) -> Generator[tuple[PendingItem, ItemRecord | AnysenseError]]:
        """Do what `encode_pending` does."""
        overlap, video_fps = overlap_of(collection.folder), video_fps_of(collection.folder)
        recognition = recognition_of(collection.folder)
        spaces = [e.space for e in collection.folder.manifest.encoders]
        makers = [(space.id, space.revision) for space in spaces]
        cuts = (overlap, video_fps, *astuple(recognition))
        key = json.dumps([created_by(), makers, captions, encoding, *cuts])
        orders = cut(pending, key, part_items=self._cluster.part_items)
        job = partial(
            self._job, batch_size, workers, captions, encoding, overlap, video_fps, recognition
        )
        line: deque[_Slot] = deque()
        self._segments = 0
        while self._fill(line, orders, job):
            items = self._items_of(line[0], job) if line[0].is_made else None
            if items is None:
                self._wait(line, job, progress)
                continue
            order = line.popleft().order
            for item, made in zip(order.items, items, strict=True):
                yield item, _outcome(made)
            self._sweep()

    def _fill(self, line: deque[_Slot], orders: Iterator[Order], job: Callable[[], Job]) -> bool:
        """Have parts made ahead, but for those that are there; whether any are left."""
        while len(line) < self._ahead and (order := next(orders, None)) is not None:
            line.append(_Slot(order, part_path(self.parts, order.name).exists()))
            if not line[-1].is_made:
                self._begun(job).submit(order)
        return bool(line)

    def _wait(
        self,
        line: Iterable[_Slot],
        job: Callable[[], Job],
        progress: Callable[[int], None] | None,
    ) -> None:
        """Wait a moment for parts, and tell of those that have been made."""
        for order, done in self._begun(job).step():
            self._segments += done.segments
            for warning in done.warnings:
                _log.warning("%s", warning)
            for slot in line:
                slot.is_made = slot.is_made or slot.order is order
        if progress is not None:
            progress(self._segments)

    def _begun(self, job: Callable[[], Job]) -> Pool:
        """The actors, begun when they are first needed."""
        if self._pool is None:
            ray = self._stack.enter_context(connected(self._cluster))
            share = share_of(ray, self._cluster, self._device)
            self._pool = Pool(ray, replace(job(), processors=share.processors), share)
            self._stack.callback(self._pool.close)
            self._ahead = _AHEAD * share.actors + 1
            self._collection.encoders()  # meanwhile: publishing needs them, too
        return self._pool

    def _job(
        self,
        batch_size: int | None,
        workers: int | None,
        captions: bool,
        encoding: str | None,
        overlap: int,
        video_fps: float,
        recognition: Recognition,
    ) -> Job:
        witness = secrets.token_hex(16)
        with storage_errors(self.parts):
            self.parts.mkdir(parents=True, exist_ok=True)
            self._clear()
            (self.parts / WITNESS).write_text(witness, encoding="ascii")
        folder = self._collection.folder
        return Job(
            collection=folder.path.absolute(),
            folder=self.parts,
            witness=witness,
            encoders=folder.manifest.encoders,
            device=self._device,
            processors=1,
            batch_size=batch_size,
            workers=workers,
            captions=captions,
            encoding=encoding,
            overlap=overlap,
            video_fps=video_fps,
            recognition=recognition,
        )

    def _items_of(self, slot: _Slot, job: Callable[[], Job]) -> list[PartItem] | None:
        """What is in a part; None if it is not what was written, so that it is made anew.

        Raises:
            CorruptMediaError: it is so each time.
        """
        path = part_path(self.parts, slot.order.name)
        try:
            with Part(path) as part:
                items = [item for batch in part.batches() for item in batch]
            if part.header.inputs != slot.order.name or len(items) != len(slot.order.items):
                raise CorruptMediaError(path, "is another part")
        except CorruptMediaError:
            slot.damaged += 1
            if slot.damaged >= _MOST_DAMAGED:
                raise
            path.unlink(missing_ok=True)
            slot.is_made = False
            self._begun(job).submit(slot.order)
            return None
        records = [item for item in items if isinstance(item, ItemRecord)]
        if records:
            self._read.append((path, records[-1].id, records[-1].content_hash or ""))
        return items

    def _sweep(self) -> None:
        """Remove the parts whose items are in the catalog by now; they are written in order."""
        while self._read:
            path, item_id, content_hash = self._read[0]
            if not has_content(self._collection.folder.catalog, item_id, content_hash):
                return
            path.unlink(missing_ok=True)
            self._read.popleft()

    def _clear(self, *, everything: bool = False) -> None:
        """Remove what was left unfinished; or everything, and the folder."""
        endings = (TEMPORARY, AT, *([SUFFIX] if everything else []))
        for path in self.parts.iterdir():
            if path.name.endswith(endings) or path.name == WITNESS:
                path.unlink(missing_ok=True)
        if everything and not any(self.parts.iterdir()):
            self.parts.rmdir()


def _outcome(item: PartItem) -> ItemRecord | AnysenseError:
    if isinstance(item, QuarantinedFile):
        return CorruptMediaError(item.path, item.reason)
    return item
