"""Bringing the collection of a folder up to date before it is searched, or saying why not."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from anysense.embed.errors import (
    AnysenseError,
    CollectionLockedError,
    UsageError,
)
from anysense.index.building.build import build, scan_sources
from anysense.index.building.compared import last_compared
from anysense.index.building.options import BuildOptions
from anysense.index.building.plan import make_plan
from anysense.index.building.report import unread_text
from anysense.index.building.settings.recognition import items_to_recognise
from anysense.index.catalog.sqlite.connections import refused_by
from anysense.index.collection import Collection
from anysense.server.cli import console
from anysense.server.cli.finding.cached import cached_of
from anysense.server.cli.finding.making import (
    check_encoders,
    check_new,
    encoders_of,
    make_collection,
)
from anysense.server.cli.finding.pace import expected_pace, expected_seconds, show_duration
from anysense.server.cli.finding.targets import UNUSABLE
from anysense.server.cli.finding.watch import TooLongError, Watch
from anysense.server.cli.interrupt import stopping_in_order
from anysense.server.cli.progress import BuildBar
from anysense.server.cli.status import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anysense.index.building.report import BuildReport
    from anysense.index.building.sources.entries import Entry
    from anysense.index.building.sources.scan import FileScan
    from anysense.server.cli.finding.cached import CachedCollection
    from anysense.server.cli.finding.targets import Target, Wishes

__all__ = ["brought_up_to_date", "made_anew"]

UNASKED_SECONDS = 60.0
"""How long encoding may take that nobody has asked for and nobody watches."""


def brought_up_to_date(
    target: Target, wishes: Wishes, mark: str | None = None
) -> tuple[Collection, bool] | None:
    """The collection of a folder, open, and whether it holds what the folder holds now.

    None if there is none, and making it would take longer than is done unasked; that is told, and
    so is what else is not as it should be.

    Args:
        target: the folder.
        wishes: what is to be done.
        mark: the folder's fingerprint, to be kept when the collection is up to date.

    Raises:
        UsageError: the folder is not to be read, or the collection has other models than asked for.
        click.exceptions.Exit: Ctrl-C has stopped it; or a question was answered with no.
        AnysenseError: the folder cannot be listed, or the disk refused.
    """
    try:
        return _in_turn(target, wishes, mark)
    except UNUSABLE as error:
        return made_anew(target, wishes, error)


def made_anew(
    target: Target, wishes: Wishes, error: AnysenseError
) -> tuple[Collection, bool] | None:
    """The same, of a collection that cannot be used and is made anew, which is told."""
    console.note(f"{error} It was made from {target.cached.folder}, and is made anew.")
    _remove(target.cached)
    own = cached_of(target.folder)  # of a larger folder, no more than that
    return _in_turn(replace(target, cached=own, shared={}), wishes, None)


def _remove(cached: CachedCollection) -> None:
    """Remove a collection of no use, but for one that another process is making anew already."""
    import filelock

    with (
        contextlib.suppress(filelock.Timeout, OSError, NotImplementedError),
        cached.update_lock().acquire(timeout=0),
    ):
        shutil.rmtree(cached.path, ignore_errors=True)


def _in_turn(target: Target, wishes: Wishes, mark: str | None) -> tuple[Collection, bool] | None:
    """Bring it up to date, but not at the same time as another command does."""
    options = BuildOptions(
        exclude=wishes.exclude or target.cached.note.exclude,
        ignore_files=_reads_ignore_files(target, wishes),
    )
    scan = scan_sources([target.folder], options, target.cached.home)
    if not target.cached.is_there:
        check_new(target, scan, wishes)
        seconds = expected_seconds(scan.entries, expected_pace(encoders_of(wishes)))
        if _limit(wishes) is not None and seconds > UNASKED_SECONDS:
            _tell_missing(target, len(scan.entries), seconds)
            return None
        target.cached.make_home()
    with _turn(target) as is_ours:
        if not is_ours:
            return Collection.open(target.cached.path, device=wishes.device), False
        is_new = not target.cached.is_there
        collection = (
            make_collection(target, wishes)
            if is_new
            else Collection.open(target.cached.path, device=wishes.device)
        )
        with contextlib.ExitStack() as stack:
            stack.enter_context(collection)
            check_encoders(collection, target, wishes)
            is_current = _update(collection, scan, target, wishes, mark)
            stack.pop_all()
        collection.release()
        return collection, is_current


def _reads_ignore_files(target: Target, wishes: Wishes) -> bool:
    if wishes.ignore_files is None:
        return target.cached.note.ignore_files
    return wishes.ignore_files


def _limit(wishes: Wishes) -> float | None:
    return None if wishes.yes or wishes.is_watched else UNASKED_SECONDS


@contextlib.contextmanager
def _turn(target: Target) -> Iterator[bool]:
    """Whether it is ours to bring a collection up to date. Waits where there is nothing to search.

    Raises:
        StorageError: nothing can be written there, and there is nothing to search.
    """
    import filelock

    lock = target.cached.update_lock()
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        if _has_items(target):
            console.note(
                f"{target.named} is being indexed by another process: this is what it has so far."
            )
            yield False
            return
        console.note(f"Waiting for another process, which makes an index of {target.named}.")
        lock.acquire()
    except (OSError, NotImplementedError) as error:
        if not target.cached.is_there:
            refused = error if isinstance(error, OSError) else OSError(str(error))
            raise refused_by(refused, target.cached.home) from error
        console.note(f"The index of {target.named} cannot be written, and is searched as it is.")
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _has_items(target: Target) -> bool:
    if not target.cached.is_there:
        return False
    try:
        with Collection.open(target.cached.path) as collection:
            return bool(collection.snapshot().items_by_kind())
    except AnysenseError:  # it is just being made
        return False


def _update(
    collection: Collection, scan: FileScan, target: Target, wishes: Wishes, mark: str | None
) -> bool:
    """Make a collection hold what its folder holds now; whether it does."""
    cached = target.cached.noting(
        exclude=wishes.exclude or target.cached.note.exclude,
        ignore_files=_reads_ignore_files(target, wishes),
        fingerprint=None,
    )
    pace = cached.note.pace or expected_pace(collection.encoder_names)
    watch: Watch | None = None
    try:
        with stopping_in_order(), BuildBar() as bar:
            watch = Watch(bar, lambda: _changed(collection, scan), pace, _limit(wishes))
            _check_emptied(collection, scan, target)
            report = build(collection, scan, ocr=wishes.ocr, progress=watch)
    except KeyboardInterrupt:
        items = console.count(collection.info()["items"], "item")
        console.note(
            f"Stopped: the index of {cached.folder} holds {items}. The same command goes on from "
            "here, and with -n it searches what is there."
        )
        raise click.exceptions.Exit(INTERRUPTED) from None
    except TooLongError as error:
        assert watch is not None
        _tell_missing(target, watch.left, error.seconds)
        return False
    except CollectionLockedError as error:
        console.note(f"{error} Until then {target.named} is searched as its index is.")
        return False
    finally:
        if watch is not None and watch.pace is not None:
            cached = cached.noting(pace=round(watch.pace, 3))
    cached.noting(fingerprint=mark)
    _tell_report(report, target)
    return True


def _check_emptied(collection: Collection, scan: FileScan, target: Target) -> None:
    """Refuse to take an empty folder for one whose files were all deleted.

    Raises:
        UsageError: it holds nothing now, and items of the collection come from it.
    """
    if not scan.paths and collection.files():
        raise UsageError(
            f"{target.named} holds nothing now that anysense reads, and its index does: if a disk "
            "is not mounted, mount it; -n searches what the index has, and `anysense collections "
            f"--clear {target.cached.folder}` removes it."
        )


def _changed(collection: Collection, scan: FileScan) -> Sequence[Entry]:
    """What is new in a folder, or not as it was."""
    folder = collection.folder
    failures = {file.path: file for file in folder.quarantined()}
    since = last_compared(folder, scan)
    again = items_to_recognise(folder)
    return make_plan(scan, folder, failures, since=since, to_read_again=again).changed


def _tell_missing(target: Target, files: int, seconds: float) -> None:
    console.note(
        f"{console.count(files, 'file')} of {target.named} {'is' if files == 1 else 'are'} not in "
        f"its index, and encoding them takes about {show_duration(seconds)}: add --yes to have "
        "that done, or run the same command in a terminal."
    )


def _tell_report(report: BuildReport, target: Target) -> None:
    """Say what has changed, if anything has."""
    counts = {
        "added": report.added,
        "updated": report.updated,
        "moved": report.moved,
        "removed": report.removed,
        "unreadable": len(report.quarantined) - report.untried,
    }
    changes = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)
    if changes:
        console.note(f"{target.named}: {changes}; {report.seconds:.1f} s.")
    if changes and report.unread_kinds:
        console.note(f"{unread_text(report.unread_kinds)}.")
    if counts["unreadable"]:
        console.note(f"`anysense info {target.cached.path} --quarantined` says why.")
