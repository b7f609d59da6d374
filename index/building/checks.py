"""Sources that a build refuses, and what it says of them."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from anysense.embed.errors import RemovalError, UsageError
from anysense.index.building.compact.known import known_files
from anysense.index.building.report import kinds_text
from anysense.index.building.sources.entries import RowEntry
from anysense.index.building.sources.paths import holder_of, member_path, table_of
from anysense.index.building.sources.table import TableSource
from anysense.index.building.sources.tars.source import TAR_SUFFIX, TarSource
from anysense.index.objects.addresses import is_object

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anysense.index.building.plan import Plan
    from anysense.index.building.sources.base import Source
    from anysense.index.building.sources.scan import FileScan
    from anysense.index.folder.folder import CollectionFolder

__all__ = ["check_emptied", "check_entries", "check_shrunk"]

_FEWEST_ITEMS = 3
"""Of a list that has given fewer, all may go: there is little to lose."""


def check_entries(scan: FileScan) -> None:
    """Refuse sources that hold nothing.

    Raises:
        UsageError: the scan has come upon nothing.
    """
    if not scan.paths:
        raise UsageError(_why_nothing(scan))


def check_emptied(scan: FileScan, gone: Sequence[str], collection: Path) -> None:
    """Refuse to take an empty source for one whose files were all deleted.

    It may be a disk that is not mounted, or a pattern that says more than was meant, and its items
    took long to encode.

    Args:
        scan: what is there now.
        gone: paths of the collection's files that are no longer there.
        collection: its folder.

    Raises:
        UsageError: a source holds nothing now, and items of the collection come from it.
    """
    full = {holder_of(path) for path in scan.paths} if scan.tars else set()
    tars = [tar for tar in scan.tars if tar.root not in full]
    for source in (*scan.folders, *tars):
        if any(source.covers(path) for path in scan.paths):
            continue
        lost = [p for p in gone if _came_from(source, p) and not scan.is_litter(p)]
        if lost:
            files = "1 file" if len(lost) == 1 else f"{len(lost):,} files"
            come = "comes" if len(lost) == 1 else "come"
            what, advice = "is empty now", "if a disk is not mounted, mount it"
            if all(map(scan.is_ignored, lost)):
                what = "has nothing that patterns do not leave out now"
                advice = "to read them nevertheless, change the patterns or add --no-ignore"
            raise UsageError(
                f"{source.name} {what}, and {files} of the collection {come} from it: {advice}; to "
                f"keep the items, add --keep-missing; to remove those below {source.root}, run "
                f"`{_removal(collection, source)}`."
            )


def check_shrunk(scan: FileScan, folder: CollectionFolder, plan: Plan) -> None:
    """Refuse to remove more than half of what a table has given, if it is shorter now.

    It may be cut off, or its rows may have run into each other. A table whose rows are other ones,
    but as many, is no such case, nor is one whose rows are in another table now.

    Args:
        scan: what is there now.
        folder: the collection.
        plan: which of its files are no longer there.

    Raises:
        RemovalError: a table has lost most of its rows.
    """
    tables = [source for source in scan.folders if isinstance(source, TableSource)]
    if not tables or not plan.gone:
        return
    present = {entry.content_hash for entry in scan.entries if isinstance(entry, RowEntry)}
    gone = [path for path in plan.gone if plan.files[path].record.content_hash not in present]
    for source in tables:
        removed = sum(table_of(path) == source.file for path in gone)
        rows = scan.rows[source.file]
        with known_files(folder) as known:
            items = removed + len(known.at(rows))
        if items >= _FEWEST_ITEMS and 2 * removed > items and len(rows) < items:
            raise RemovalError(
                f"{source.name} has {len(rows):,} of its rows left, and {removed:,} of the "
                f"{items:,} items that it has given would be removed: if that is meant, add "
                "--yes; to keep the items, add --keep-missing."
            )


def _came_from(source: Source, path: str) -> bool:
    if isinstance(source, TableSource) and table_of(path) == source.file:
        return True
    return source.covers(path)


def _removal(collection: Path, source: Source) -> str:
    """The command that removes every item whose file is in a source."""
    is_stored_tar = is_object(source.root) and source.root.lower().endswith(TAR_SUFFIX)
    is_tar = isinstance(source, TarSource) or is_stored_tar
    start = member_path(source.root, "") if is_tar else os.path.join(source.root, "")  # noqa: PTH118
    start = start.replace("\\", "\\\\").replace("'", "\\'")
    where = f"source ^= '{start}'"
    return shlex.join(["anysense", "remove", str(collection), "--where", where])


def _why_nothing(scan: FileScan) -> str:
    names = ", ".join(source.name for source in scan.sources)
    if scan.problems:
        first = scan.problems[0]
        return f"Nothing in {names} can be read: {first.path}: {first.reason}" + (
            f", and {len(scan.problems) - 1:,} more." if len(scan.problems) > 1 else "."
        )
    empty = [source.name for source in scan.sources if isinstance(source, TableSource)]
    if empty:
        return f"{', '.join(empty)} has no row that names a file or a text."
    from anysense.embed.media.extras import readable_suffixes

    kinds = " ".join(sorted(readable_suffixes()))
    kinds_of_others = scan.unread_kinds
    others = f", but {kinds_text(kinds_of_others)}" if kinds_of_others else ""
    if scan.ignored:
        by = ", ".join(dict.fromkeys(scan.ignored.values()))
        return (
            f"{names} holds no file that anysense reads{others} and that is not left out by {by}; "
            "--no-ignore reads what ignore files leave out."
        )
    return f"{names} holds no file that anysense reads{others}; it reads {kinds}."
