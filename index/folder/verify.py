"""Looking at a whole collection: what is in it, and whether all of it is as it was written."""

from __future__ import annotations

import contextlib
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import AnysenseError, IncompatibleCollectionError
from anysense.index.catalog.integrity import catalog_problems, check_acknowledged
from anysense.index.catalog.vectors import StoredVectors, vector_sources
from anysense.index.catalog.words.check import word_problems
from anysense.index.folder.lock import WriterLock
from anysense.index.snapshots.generation import (
    DamagedGeneration,
    load_generation,
    optional_problems,
)
from anysense.index.snapshots.manifest import DamagedManifest, Generation, Manifest
from anysense.index.snapshots.seen import seen_by

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.catalog.reader import Catalog
    from anysense.index.folder.media import MediaFolder
    from anysense.index.vectors.store import Store

__all__ = ["VerifyReport", "verify_collection"]


@dataclass
class VerifyReport:
    """What `Collection.verify` found.

    Attributes:
        problems: one sentence for each thing that is wrong; empty if all is well.
        notes: what is not wrong, but good to know.
        items, segments: how many the catalog has.
        generation: the number of the FAISS index on disk; 0 if none was published.
        compared: how many vectors of the index were compared with the catalog's.
        seconds: how long it took.
    """

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    items: int = 0
    segments: int = 0
    generation: int = 0
    compared: int = 0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, **asdict(self)}


def verify_collection(
    folder: Path, catalog: Catalog, media: MediaFolder, *, has_right: bool = False
) -> VerifyReport:
    """Check every page and row of the catalog, every file, and the index against the catalog.

    Args:
        folder: the collection.
        catalog: its catalog.
        media: what clients have stored in it.
        has_right: whether this process has the right to write.
    """
    started = time.monotonic()
    report = VerifyReport()
    try:
        report.problems += [f"{catalog.path}: {text}" for text in catalog_problems(catalog)]
        check_acknowledged(catalog, folder)
        with catalog.transaction() as connection:
            totals = catalog.totals(connection)
        report.items = sum(totals.items.values())
        report.segments = sum(n for key, n in totals.segments.items() if catalog.sees(key[0]))
        _check_words(folder, catalog, report)
        _check_generation(folder, catalog, report)
        _check_media(folder, catalog, media, report, has_right=has_right)
    except AnysenseError as error:
        report.problems.append(str(error))
    report.seconds = round(time.monotonic() - started, 3)
    return report


def _check_words(folder: Path, catalog: Catalog, report: VerifyReport) -> None:
    """Whether texts are found by the words that they have."""
    with contextlib.suppress(FileNotFoundError, DamagedManifest, IncompatibleCollectionError):
        manifest = Manifest.read(folder)
        problems = word_problems(seen_by(catalog, manifest), manifest.text_spaces)
        repair = f"`anysense compact {folder}` makes them anew"
        report.problems += [f"{catalog.path}: {problem}; {repair}." for problem in problems]


def _check_media(
    folder: Path, catalog: Catalog, media: MediaFolder, report: VerifyReport, *, has_right: bool
) -> None:
    """Whether the files that clients have stored are there, and whether each belongs to an item."""
    if not media.exists():
        return
    report.problems += [
        f"{path}, the file of an item, is gone: restore it from a backup, or remove the item."
        for path in media.missing(catalog.files())
    ]
    orphans = media.orphans(catalog.files, least_age_seconds=0)
    if orphans and not (has_right or _is_unwritten(folder)):
        orphans = media.orphans(catalog.files)  # another process may be about to commit the others
    if orphans:
        files = "1 file" if len(orphans) == 1 else f"{len(orphans):,} files"
        report.notes.append(
            f"{files} in {media.path} belong to no item; `anysense compact` removes them."
        )


def _is_unwritten(folder: Path) -> bool:
    """Whether no process is writing, so that none is taking an upload either."""
    lock = WriterLock(folder)
    with contextlib.suppress(AnysenseError):
        lock.acquire()
        lock.release()
        return True
    return False


def _check_generation(folder: Path, catalog: Catalog, report: VerifyReport) -> None:
    repair = f"`anysense compact {folder}` repairs it"
    try:
        manifest = Manifest.read(folder)
        generation, catalog = manifest.generation, seen_by(catalog, manifest)
    except (FileNotFoundError, DamagedManifest, IncompatibleCollectionError) as error:
        report.problems.append(f"{error}; {repair}.")
        return
    if generation is None:
        return
    report.generation = generation.number
    try:
        reader = StoredVectors(catalog)
        store, _ = load_generation(folder, generation, reader, always_check=True)
    except DamagedGeneration as error:
        report.problems.append(f"{error}; {repair}.")
        return
    report.problems += [f"{text}; {repair}." for text in optional_problems(folder, generation)]
    problem = _difference(catalog, generation, store, report)
    if problem:
        report.problems.append(f"{folder / generation.folder}: {problem}; {repair}.")


def _difference(
    catalog: Catalog, generation: Generation, store: Store, report: VerifyReport
) -> str | None:
    """How the index differs from what the catalog had when it was published."""
    with catalog.transaction() as connection:
        gone = catalog.tombstones(connection, generation.change)
        gone = gone[gone <= generation.high_water]
        expected = 0
        for partition, source in vector_sources(catalog, connection).items():
            for ids, vectors in source.batches():
                old = ids <= generation.high_water
                ids, vectors = ids[old], vectors[old]
                expected += len(ids)
                if not store.contains(partition, ids).all():
                    return f"segments of {partition} are missing"
                if len(ids) and not np.array_equal(
                    store.vectors(partition, ids), vectors.astype(np.float32)
                ):
                    return f"vectors of {partition} differ from the catalog's"
                report.compared += len(ids)
    total = sum(store.partitions.values())
    if total != expected + len(gone):
        return f"it holds {total} segments instead of {expected + len(gone)}"
    return None
