"""What could not be read, as the catalog notes it, and whether it is to be tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.media.extras import has_come
from anysense.embed.media.identify import named_modalities
from anysense.embed.media.wordless import is_wordless
from anysense.index.building.sources.entries import has_changed_since
from anysense.index.catalog.records import QuarantinedFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from anysense.embed.types import Modality
    from anysense.index.building.sources.entries import Entry
    from anysense.index.building.sources.scan import FileScan
    from anysense.index.catalog.records import FileRecord
    from anysense.index.folder.folder import CollectionFolder

__all__ = [
    "failed_entry",
    "failed_path",
    "failed_record",
    "is_seen_now",
    "is_tried",
    "settle_problems",
    "tried_paths",
]

_NO_STATE = (0, 0)
"""The size and the time, as the catalog keeps them, of what is tried again by each build."""


def failed_entry(entry: Entry, reason: str) -> QuarantinedFile:
    """A file or text that is tried again when it changes."""
    return QuarantinedFile(entry.path, entry.size, entry.stamp, reason)


def failed_record(file: FileRecord, reason: str) -> QuarantinedFile:
    """A file or text that is tried again when it changes."""
    return QuarantinedFile(file.path, file.size, file.mtime_ns, reason)


def failed_path(path: str, reason: str) -> QuarantinedFile:
    """A path that each build tries again."""
    return QuarantinedFile(path, *_NO_STATE, reason)


def is_tried(entry: Entry, failure: QuarantinedFile, since: int | None = None) -> bool:
    """Whether an entry is still what could not be read; with `since` not if changed after that.

    What an extra reads is to be tried again once that is installed.
    """
    if has_changed_since(entry, since) or has_come(failure.reason):
        return False
    state = (failure.size, failure.mtime_ns)
    return state != _NO_STATE and state == (entry.size, entry.stamp)


def is_seen_now(failure: QuarantinedFile, modalities: Set[Modality]) -> bool:
    """Whether a file that has no words is one that some encoder takes by now for itself.

    Args:
        failure: what was noted.
        modalities: those that there are encoders for.
    """
    named = named_modalities(failure.path)
    return is_wordless(failure.reason) and not named.isdisjoint(modalities)


def tried_paths(scan: FileScan, failures: Mapping[str, QuarantinedFile]) -> list[str]:
    """The files of a scan that are still what could not be read."""
    return [
        entry.path
        for entry in scan.entries.among(failures)
        if is_tried(entry, failures[entry.path])
    ]


def settle_problems(
    folder: CollectionFolder, scan: FileScan, failures: Mapping[str, QuarantinedFile]
) -> None:
    """Note what a scan could not read; forget what has gone since it could not be read.

    Args:
        folder: where it is noted.
        scan: of the build that ends.
        failures: what was noted when it began, by path.
    """
    reasons = {problem.path: problem.reason for problem in scan.problems}
    new = [
        failed_path(path, reason)
        for path, reason in reasons.items()
        if path not in failures or failures[path].reason != reason
    ]
    if new:
        folder.quarantine(new)
    present = {entry.path for entry in scan.entries.among(failures)} | reasons.keys()
    absent = [path for path in failures if path not in present]
    gone = [path for path in absent if path in scan.sidecars or scan.is_gone(path)]
    if gone:
        folder.clear_quarantine(gone)
