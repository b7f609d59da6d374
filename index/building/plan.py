"""What a build has to do: the difference between what a collection has and what a scan found.

It is told by paths, sizes and times alone, without reading a file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anysense.index.building.quarantine import is_tried
from anysense.index.building.sources.entries import Entry, Problem, TextEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from anysense.embed.types import Modality
    from anysense.index.building.sources.scan import FileScan
    from anysense.index.catalog.records import CatalogFile, QuarantinedFile

__all__ = ["Plan", "make_plan"]


@dataclass(frozen=True)
class Plan:
    """What a build has to do.

    Attributes:
        files: the files that the collection has, by path.
        failures: what earlier builds could not read, by path.
        gone: paths of `files` that were looked for and are no longer there.
        changed: what is new, or is not as it was: to be read.
        unchanged: what is as it was.
        untried: what could not be read and has not changed since.
        left_out: how many files are of a modality that no encoder of the collection takes.
    """

    files: Mapping[str, CatalogFile]
    failures: Mapping[str, QuarantinedFile]
    gone: list[str]
    changed: list[Entry]
    unchanged: list[Entry]
    untried: list[Problem]
    left_out: int


def make_plan(
    scan: FileScan,
    files: Mapping[str, CatalogFile],
    failures: Mapping[str, QuarantinedFile],
    modalities: Set[Modality],
    *,
    retry_failed: bool = False,
    reread: bool = False,
) -> Plan:
    """Tell what is as it was from what has to be read.

    Args:
        scan: what is there now.
        files: the files that the collection has, by path.
        failures: what earlier builds could not read, by path.
        modalities: those that the encoders of the collection take.
        retry_failed: read again what could not be read.
        reread: read again what is as it was.
    """
    changed: list[Entry] = []
    unchanged: list[Entry] = []
    untried: list[Problem] = []
    left_out = 0
    for entry in scan.entries:
        file, failure = files.get(entry.path), failures.get(entry.path)
        if file is not None and not reread and _is_unchanged(entry, file):
            unchanged.append(entry)
        elif failure is not None and not retry_failed and is_tried(entry, failure):
            untried.append(Problem(entry.path, failure.reason))
        elif entry.item is None and _modality(entry.path) not in (None, *modalities):
            left_out += 1
        else:
            changed.append(entry)
    present = {entry.path for entry in scan.entries}
    gone = [path for path in files if path not in present and scan.is_gone(path)]
    return Plan(files, failures, gone, changed, unchanged, untried, left_out)


def _is_unchanged(entry: Entry, file: CatalogFile) -> bool:
    if entry.item is not None and entry.item.id not in (None, file.item_id):
        return False
    if isinstance(entry, TextEntry):
        return entry.content_hash == file.record.content_hash
    state = (entry.size, entry.mtime_ns, entry.sidecars)
    return state == (file.record.size, file.record.mtime_ns, file.record.sidecars)


def _modality(path: str) -> Modality | None:
    """What a file's name says that it is."""
    from anysense.embed.media.identify import MEDIA_SUFFIXES

    return MEDIA_SUFFIXES.get(os.path.splitext(path)[1].lower())  # noqa: PTH122 - for each file
