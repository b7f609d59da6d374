"""One build whose items are encoded by Ray: parts are made ahead, and read in order."""

from __future__ import annotations

import itertools
import json
import secrets
from collections import deque
from contextlib import ExitStack
from dataclasses import astuple, replace
from typing import TYPE_CHECKING

from anysense.embed.errors import CorruptMediaError
from anysense.index.building.parts.reading import Part
from anysense.index.building.parts.schema import SUFFIX
from anysense.index.building.parts.writing import TEMPORARY
from anysense.index.building.ray.actor import AT, WITNESS, Job, part_path
from anysense.index.building.ray.cluster import connected, share_of
from anysense.index.building.ray.cutting import cut
from anysense.index.building.ray.line import PartLine
from anysense.index.building.ray.pool import Pool
from anysense.index.building.settings.cutting import overlap_of, video_fps_of
from anysense.index.building.settings.recognition import recognition_of
from anysense.index.catalog.browse import has_content
from anysense.index.catalog.records import ItemRecord, QuarantinedFile
from anysense.index.catalog.sqlite.connections import storage_errors
from anysense.index.folder.opening import created_by

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from pathlib import Path

    from anysense.embed.errors import AnysenseError
    from anysense.index.building.encoding import Encoding
    from anysense.index.building.parts.rows import PartItem
    from anysense.index.building.pending import PendingItem
    from anysense.index.building.ray.cluster import RayCluster
    from anysense.index.building.ray.cutting import Order

__all__ = ["RayEncoding"]

PARTS = "parts"
"""The folder of parts in a collection."""

_AHEAD = 3
"""Parts for each actor that may be there or be made before the first of them is merged."""


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
        self._begun_pool: tuple[Pool, int] | None = None
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
        total: int | None = None,
    ) -> Generator[tuple[PendingItem, ItemRecord | AnysenseError]]:
        """Do what `encode_pending` does."""
        pending = iter(pending)
        first = next(pending, None)
        if first is None:
            return  # nothing needs Ray, so it is not begun
        job = self._job(batch_size, workers, captions, encoding)
        pool, actors = self._begun(job)
        orders = cut(
            itertools.chain([first], pending),
            _key(job),
            part_items=self._cluster.part_items,
            total=total,
            actors=actors,
        )
        line = PartLine(pool, self.parts, orders, _AHEAD * actors + 1, progress)
        while line.advance():
            order = line.first
            items = self._items_of(order, line) if order is not None else None
            if order is None or items is None:
                continue
            line.take()
            for item, made in zip(order.items, items, strict=True):
                yield item, _outcome(made)
            self._sweep()

    def _job(
        self, batch_size: int | None, workers: int | None, captions: bool, encoding: str | None
    ) -> Job:
        """What actors are to do, but for how many processors each has, and the witness."""
        folder = self._collection.folder
        return Job(
            collection=folder.path.absolute(),
            folder=self.parts,
            witness="",
            encoders=folder.manifest.encoders,
            device=self._device,
            processors=1,
            batch_size=batch_size,
            workers=workers,
            captions=captions,
            encoding=encoding,
            overlap=overlap_of(folder),
            video_fps=video_fps_of(folder),
            recognition=recognition_of(folder),
        )

    def _begun(self, job: Job) -> tuple[Pool, int]:
        """The actors and how many there are, begun when they are first needed."""
        if self._begun_pool is None:
            ray = self._stack.enter_context(connected(self._cluster))
            share = share_of(ray, self._cluster, self._device)
            job = replace(job, witness=self._prepare_folder(), processors=share.processors)
            pool = Pool(ray, job, share)
            self._stack.callback(pool.close)
            self._begun_pool = pool, share.actors
            self._collection.encoders()  # meanwhile: publishing needs them, too
        return self._begun_pool

    def _prepare_folder(self) -> str:
        """Make the folder of parts, and write a witness there; returns it."""
        witness = secrets.token_hex(16)
        with storage_errors(self.parts):
            self.parts.mkdir(parents=True, exist_ok=True)
            self._clear()
            (self.parts / WITNESS).write_text(witness, encoding="ascii")
        return witness

    def _items_of(self, order: Order, line: PartLine) -> list[PartItem] | None:
        """What is in a part; None if it is not what was written, so that it is made anew.

        Raises:
            CorruptMediaError: it is so each time.
        """
        path = part_path(self.parts, order.name)
        try:
            with Part(path) as part:
                items = [item for batch in part.batches() for item in batch]
            if part.header.inputs != order.name or len(items) != len(order.items):
                raise CorruptMediaError(path, "is another part")
        except CorruptMediaError:
            if not line.make_again():
                raise
            path.unlink(missing_ok=True)
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


def _key(job: Job) -> str:
    """All that the vectors of an item follow from, but the item."""
    makers = [(entry.space.id, entry.space.revision) for entry in job.encoders]
    cuts = (job.overlap, job.video_fps, *astuple(job.recognition))
    return json.dumps([created_by(), makers, job.captions, job.encoding, *cuts])


def _outcome(item: PartItem) -> ItemRecord | AnysenseError:
    if isinstance(item, QuarantinedFile):
        return CorruptMediaError(item.path, item.reason)
    return item
