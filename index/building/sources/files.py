"""Folders and single files as sources."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.media.files import TRANSPORT_SUFFIXES
from anysense.index.building.sources.base import Source
from anysense.index.building.sources.data_sets.source import DataSets
from anysense.index.building.sources.entries import FileEntry
from anysense.index.building.sources.litter import (
    has_litter_mark,
    is_litter_file,
    is_litter_folder,
)
from anysense.index.building.sources.paths import check_name, is_under, link_target
from anysense.index.building.sources.sidecars import stat_sidecars
from anysense.index.building.sources.tars.source import TAR_SUFFIX, tar_entries
from anysense.index.building.sources.unread import special_kind_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from anysense.index.building.sources.base import Listing
    from anysense.index.building.sources.entries import Entry, LazyEntry
    from anysense.index.building.sources.ignoring import Rules
    from anysense.index.catalog.records import Sidecar

__all__ = ["FileSource", "FolderSource", "changed_ns", "file_entries", "walk"]


@dataclass(frozen=True)
class FolderSource(Source):
    def find(self, listing: Listing) -> Iterator[Entry]:
        return walk(self.root, listing, self.covers)

    def covers(self, path: str) -> bool:
        return is_under(path, self.root)


@dataclass(frozen=True)
class FileSource(Source):
    def find(self, listing: Listing) -> Iterator[FileEntry]:
        return file_entries(self.root, listing, sidecars=listing.sidecars_beside(self.root))

    def covers(self, path: str) -> bool:
        return path == self.root


def walk(
    root: str, listing: Listing, covers: Callable[[str], bool], argument: str = ""
) -> Iterator[Entry]:
    """The media files of a folder and of its folders, and what tars and data sets in there hold.

    Args:
        root: the folder.
        listing: the rules, and where to note what is left out.
        covers: whether a path is asked for; others are not noted.
        argument: of the user; folders that it names are not taken for litter.
    """
    from anysense.embed.media.beside import pair_sidecars
    from anysense.embed.media.extras import readable_suffixes

    suffixes = readable_suffixes()
    data_sets = DataSets(listing)

    def is_read(path: str) -> bool:
        return path.lower().endswith((*suffixes, TAR_SUFFIX)) and covers(path)

    folders = [(root, listing.rules_at(root))]
    while folders:
        folder, rules = folders.pop()
        try:
            with os.scandir(folder) as inside:
                children = sorted(inside, key=lambda child: child.name)
        except OSError as error:
            listing.report_unlisted(folder, error)
            continue
        all_names = [child.name for child in children]
        is_named = folder == root or Path(folder).name in argument
        if not is_named and has_litter_mark(folder, all_names):
            listing.note_litter(folder)
            continue
        listing.note_walked(folder)
        rules = rules.inside(folder, all_names)
        children = [child for child in children if _is_wanted(child, listing, rules, is_read)]
        children = [child for child in children if not _is_special(child, listing, covers)]
        inner, others = [], []
        beside = pair_sidecars(child.name for child in children) if listing.with_sidecars else {}
        for child in children:
            if child.is_dir(follow_symlinks=False):
                if is_litter_folder(child.path) and child.name not in argument:
                    listing.note_litter(child.path)
                else:
                    inner.append((child.path, rules))
            elif child.name.lower().endswith(suffixes) or _is_transport_stream(child):
                names = beside.get(child.name, ())
                sidecars = stat_sidecars(folder, names, listing.is_linkable)
                yield from file_entries(child.path, listing, child, sidecars)
            elif (
                covers(child.path)
                and (held := _inside(child, all_names, data_sets, listing)) is not None
            ):
                yield from held
            else:
                others.append(child)
        others = [child for child in others if covers(child.path)]
        _note_others(data_sets.without_own(others, all_names), beside, listing)
        folders += reversed(inner)


def _is_special(child: os.DirEntry[str], listing: Listing, covers: Callable[[str], bool]) -> bool:
    """Whether a child of a folder is no file, no folder and no link, which is noted."""
    # Of all that has a kind of its own the system has told already, without a call for each.
    if child.is_file(follow_symlinks=False) or child.is_dir(follow_symlinks=False):
        return False
    if child.is_symlink():
        return False
    kind = special_kind_at(child.path)
    if kind is not None and covers(child.path):
        listing.note_unread([child.path], kind)
    return kind is not None


def _is_transport_stream(child: os.DirEntry[str]) -> bool:
    """Whether a child of a folder is a video of a suffix that files of TypeScript have, too."""
    from anysense.embed.media.identify import is_transport_stream

    return child.name.lower().endswith(tuple(TRANSPORT_SUFFIXES)) and is_transport_stream(
        child.path
    )


def _inside(
    child: os.DirEntry[str], names: Sequence[str], data_sets: DataSets, listing: Listing
) -> Iterator[LazyEntry] | None:
    """What a file of a folder holds, if it is a tar or one of a data set; else None."""
    if child.name.lower().endswith(TAR_SUFFIX) and child.is_file():
        return tar_entries(child.path, listing, is_link=child.is_symlink())
    return data_sets.find(child, names)


def _is_wanted(
    child: os.DirEntry[str], listing: Listing, rules: Rules, is_read: Callable[[str], bool]
) -> bool:
    """Whether a child of a folder is looked at.

    Args:
        child: of a folder.
        listing: where to note what patterns leave out.
        rules: of its folder.
        is_read: whether a file of a path would be read otherwise; others are not noted.
    """
    if child.name.startswith(".") or child.path == listing.collection:
        return False
    is_folder = child.is_dir(follow_symlinks=False)
    left_out_by = rules.left_out_by(child.path, is_folder)
    if left_out_by is None:
        return True
    if is_folder or is_read(child.path):
        listing.note_ignored(child.path, left_out_by)
    return False


def _note_others(
    children: Iterable[os.DirEntry[str]],
    beside: Mapping[str, Sequence[str]],
    listing: Listing,
) -> None:
    """Note what of a folder is not read: links out of the sources, and files of other kinds."""
    sidecars = {name for names in beside.values() for name in names}
    unread = []
    for child in children:
        if child.is_symlink():
            target = link_target(child.path)
            if target is None or (not listing.is_linkable(target) and Path(target).is_dir()):
                listing.count_outside_link()
        elif child.is_file() and child.name not in sidecars and not is_litter_file(child.name):
            unread.append(child.path)
    listing.note_unread(unread)


def file_entries(
    path: str,
    listing: Listing,
    child: os.DirEntry[str] | None = None,
    sidecars: tuple[Sidecar, ...] = (),
) -> Iterator[FileEntry]:
    """The file at a path, or nothing: it has gone, is no regular file, or its link is refused.

    Raises:
        UsageError: its name is another one in UTF-8.
    """
    if child is not None and child.is_symlink():
        target = link_target(path)
        if target is None or not listing.is_linkable(target):
            listing.count_outside_link()
            return
    try:
        status = child.stat() if child is not None else Path(path).stat()
    except FileNotFoundError:
        return
    except OSError as error:
        listing.report(path, error.strerror or str(error))
        return
    if not stat.S_ISREG(status.st_mode):
        return
    check_name(path)
    try:
        path.encode()
    except UnicodeEncodeError:
        readable = os.fsencode(path).decode(errors="replace")
        listing.report(readable, "its name is not valid UTF-8: rename it")
        return
    yield FileEntry(path, status.st_size, status.st_mtime_ns, None, sidecars, changed_ns(status))


def changed_ns(status: os.stat_result) -> int:
    """When the content or the name of a file was changed last, in nanoseconds since 1970.

    0 on Windows, where that field is when it was made.
    """
    return 0 if os.name == "nt" else status.st_ctime_ns
