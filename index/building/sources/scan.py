"""What a build is given: folders, globs, files and tables, and what they hold now.

The rules of a scan, which are the same for folders and globs:

* a file counts if its suffix is one of `anysense.embed.media.identify.MEDIA_SUFFIXES`;
* names that start with a dot are left out, files and folders alike, and so are folders that systems
  and programs keep for themselves (`anysense.index.building.sources.litter`);
* links to folders are not followed; links to files are, if they end inside a given source;
* what the patterns of ``--exclude``, ``.ignore`` and ``.gitignore`` leave out is left out
  (`anysense.index.building.sources.ignoring`), and counted;
* files of other kinds are counted, and so are named pipes, sockets and devices;
* a text beside a picture or a sound that is scanned too, such as ``photo.txt``, is no file of its
  own: its words belong to what it lies beside (`anysense.embed.media.beside`), unless that cannot
  be read;
* a folder that cannot be listed is reported, and what is known of it is left alone.

A file named by itself counts whatever its suffix. A file whose suffix is one of
`anysense.index.building.tables.row.ROW_SUFFIXES` is a table, which users know as a manifest: each
row is an item, with a `path`, a `text` or, in Parquet, the bytes of a file, and optionally an `id`,
a `modality` and `metadata`; every other column is metadata as well. The paths of a table start at
its own folder, or at the folder given as `root`, and must stay under it: a table from somewhere
else cannot reach files that it has no business with. What a table does not name any more is gone,
unless some of its rows cannot be read.
"""

from __future__ import annotations

import os
import time
from array import array
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from anysense.embed.errors import MediaError, UsageError
from anysense.embed.media.pieces import NO_RECOGNITION
from anysense.embed.types import Modality
from anysense.index.building.compact.claims import Claims
from anysense.index.building.compact.packed import Entries, PackedEntries, PathView, as_array
from anysense.index.building.sources.entries import Problem, last_written_ns
from anysense.index.building.sources.files import FileSource
from anysense.index.building.sources.ignoring import check_patterns, rules_at
from anysense.index.building.sources.opening import open_source
from anysense.index.building.sources.paths import holder_of, is_under
from anysense.index.building.sources.sidecars import FolderSidecars
from anysense.index.building.sources.table import TableSource
from anysense.index.building.sources.tars.source import TarSource
from anysense.index.building.sources.unread import UnreadFiles
from anysense.index.objects.addresses import is_object

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence, Set

    from anysense.embed.media.pieces import Recognition
    from anysense.index.building.compact.packed import Places
    from anysense.index.building.sources.base import Source
    from anysense.index.building.sources.ignoring import Rules
    from anysense.index.catalog.records import Sidecar

__all__ = ["FileScan"]


class FileScan:
    """Sources, and after `run` what they hold. It is the `Listing` that the sources are given.

    Attributes:
        sources: what was given; `folders` are those of them that are not single files, `tars` those
            that are tars.
        roots: the real folders and files that they stay under.
        collection: the collection's own folder, which is left out wherever it is met.
        with_sidecars: whether texts beside pictures and sounds belong to these.
        encoding: what such texts are in, if not in Unicode; found out where it is None.
        walked: the folders whose files and folders were looked at.
        found: everything that the sources hold, one entry for each path.
        entries: what of it is an item, in the order of the sources.
        sidecars: the paths of texts whose words belong to files among the entries.
        left_out: files of modalities that are not wanted: see `leave_out`.
        for_words: how many files of such modalities are read for the words in them alone.
        problems: what could not be listed or read.
        outside_links: how many links led out of the sources and were not followed.
        litter: folders that were left out because systems or programs keep them for themselves.
        ignored: files and folders that patterns leave out, and what these patterns are called: the
            path of the ignore file, or `anysense.index.building.sources.ignoring.EXCLUDE`.
        unsettled: paths of files that are being written, it seems: they are left as they were.
        started_ns: when it began, in nanoseconds since 1970.
        rows: the paths of what the rows of each table are, by its file.
    """

    def __init__(
        self,
        sources: Sequence[str | Path],
        *,
        collection: Path | None = None,
        root: Path | None = None,
        with_sidecars: bool = True,
        encoding: str | None = None,
        exclude: Sequence[str] = (),
        ignore_files: bool = True,
        settle_seconds: float = 0.0,
        allow_http: bool = False,
        tell_unread: Callable[[str], None] | None = None,
    ) -> None:
        """Check the sources.

        Args:
            sources: folders, globs, files and tables.
            collection: its folder, which is left out wherever it is met.
            root: where the relative paths of tables start, instead of at their own folders.
            with_sidecars: whether texts beside pictures and sounds belong to these.
            encoding: what such texts are in, if not in Unicode; found out where it is None.
            exclude: patterns of files and folders that are left out of each folder and glob.
            ignore_files: whether ``.ignore`` and ``.gitignore`` leave out what they name.
            settle_seconds: a file that was written to less than so long ago is unsettled.
            allow_http: whether web servers may be asked.
            tell_unread: called with the path of each file of a kind that anysense does not read.

        Raises:
            UsageError: there is no source, or one does not exist, or a pattern is none.
        """
        if not sources:
            raise UsageError("Give at least one file, folder, glob or manifest.")
        self.collection = str(collection.resolve()) if collection is not None else None
        self._exclude = tuple(exclude)
        self._ignore_files = ignore_files
        check_patterns(self._exclude)
        self._settle_ns = int(settle_seconds * 1e9)
        self.unsettled: frozenset[str] = frozenset()
        self.with_sidecars, self.encoding = with_sidecars, encoding
        named = [sources] if isinstance(sources, str | Path) else sources
        self.sources: list[Source] = [
            open_source(source, root, allow_http=allow_http) for source in named
        ]
        self.roots = list(dict.fromkeys(source.root for source in self.sources))
        # A shell may have turned a glob into thousands of files, so these are looked up, not tried.
        self._files = {s.root for s in self.sources if isinstance(s, FileSource)}
        self.tars = [s for s in self.sources if isinstance(s, TarSource)]
        self._files.update(tar.root for tar in self.tars)
        self.folders = [s for s in self.sources if not isinstance(s, FileSource | TarSource)]
        self.walked: set[str] = set()
        self.found = self._listed = self.entries = self.left_out = Entries(PackedEntries())
        self.for_words = 0
        self.sidecars = Claims(self.found)
        self._claimed_places = self._unsettled_places = np.zeros(0, np.int64)
        self.problems: list[Problem] = []
        self.outside_links = 0
        self.started_ns = 0
        self.litter: set[str] = set()
        self.ignored: dict[str, str] = {}
        self._unread = UnreadFiles(tell_unread, may_repeat=_overlap([*self.folders, *self.tars]))
        self._unreadable: set[str] = set()
        self._unlisted: list[str] = []
        self._held: set[str] = set()  # files that were looked into, which hold others
        self._half_read: set[str] = set()  # of which some part cannot be read
        self.rows: dict[str, list[str]] = {}
        self._beside = FolderSidecars(self.is_linkable)

    def run(self) -> FileScan:
        """Look at every source once.

        Raises:
            UsageError: a table cannot be read as a whole.
            MediaError: a folder given as a source cannot be listed.
        """
        self.started_ns = time.time_ns()
        packed = PackedEntries()
        for source in self.sources:
            first = len(packed)
            for entry in source.find(self):
                packed.append(entry)
            if isinstance(source, TableSource):
                self.rows[source.file] = [*map(packed.path, range(first, len(packed)))]
        self.found = Entries(packed, packed.once_each())
        self._unsettled_places = self._find_unsettled()
        if len(self.sources) > 1:  # one alone holds nothing that it leaves out
            held = {entry.path for entry in self.found.among(self.ignored)}
            self.ignored = {p: name for p, name in self.ignored.items() if p not in held}
        self._part_sidecars(self.found)
        return self

    @property
    def paths(self) -> PathView:
        """The paths of everything that the sources hold."""
        return PathView(self.found)

    def leave_out(
        self, modalities: Set[Modality], recognition: Recognition = NO_RECOGNITION
    ) -> None:
        """Leave out files that by their names yield none of these modalities, nor words.

        The texts beside them are items then, as they would be if those files were not there.

        Args:
            modalities: those that there are encoders for.
            recognition: which words are recognised in what is no text.
        """
        from anysense.embed.media.identify import named_modalities

        packed, kinds, with_words = self.found.packed, dict[str, bool](), set[str]()
        has_text = Modality.TEXT in modalities

        def is_left_out(place: int) -> bool:
            suffix = os.path.splitext(packed.name(place))[1]  # noqa: PTH122 - of many files
            if suffix not in kinds:
                named = named_modalities(f"file{suffix}")
                kinds[suffix] = bool(named) and named.isdisjoint(modalities)
                if kinds[suffix] and has_text and recognition.reads(named):
                    kinds[suffix] = False
                    with_words.add(suffix)
            if packed.is_row(place):
                return False
            self.for_words += suffix in with_words
            return kinds[suffix]

        places = array("Q", filter(is_left_out, self._listed.places))
        self.left_out = Entries(packed, places)
        if places:
            self._part_sidecars(self._listed.without(as_array(places)))

    def free_sidecars(self, paths: Collection[str]) -> Entries:
        """Make the texts beside files that cannot be read items of their own; returns these.

        Not so a text that lies beside another file too, which can be read.

        Args:
            paths: of the files.
        """
        if not paths:
            return Entries(self.found.packed)
        before = self._claimed_places
        self._unreadable.update(paths)
        self._part_sidecars(self._listed)
        freed = np.setdiff1d(before, self._claimed_places)
        freed = np.setdiff1d(freed, self._unsettled_places)
        return Entries(self.found.packed, array("Q", freed.tobytes()))

    def _part_sidecars(self, entries: Entries) -> None:
        """Part what is an item from the texts beside it; what a table names is always an item."""
        self._listed = entries
        self.sidecars = Claims(entries, self._unreadable)
        self._claimed_places = self.sidecars.claimed(entries)
        self.entries = entries.without(self._claimed_places).without(self._unsettled_places)

    def _find_unsettled(self) -> Places:
        """Where the files are that were written to a moment ago, by the time alone.

        Renaming keeps that.
        """
        if not self._settle_ns:
            return np.zeros(0, np.int64)
        found = self.found
        unsettled = [
            (place, entry.path)
            for place, entry in zip(found.places, found, strict=True)
            if (written_ns := last_written_ns(entry)) > 0
            and abs(self.started_ns - written_ns) < self._settle_ns
        ]
        self.unsettled = frozenset(path for _, path in unsettled)
        return np.array([place for place, _ in unsettled], np.int64)

    def looks_for(self, path: str) -> bool:
        """Whether anything of the sources is at a path, if it is there, by the path alone."""
        if holder_of(path) in self._held | self._half_read or path in self.sidecars:
            return True
        return any(source.covers(path) for source in self.folders)

    def is_gone(self, path: str) -> bool:
        """Whether a path that has no entry was looked for, and is no longer there."""
        holder = holder_of(path)
        if holder in self._held:
            return holder not in self._half_read
        covering = [source for source in self.folders if source.covers(path)]
        if not covering:
            return False
        if self.collection is not None and is_under(path, self.collection):
            return False
        if self.is_litter(path) or self.is_ignored(path):
            return True
        if any(is_under(path, folder) for folder in self._unlisted):
            return False
        return not any(source.is_alive(path) for source in covering)

    def is_kept(self, path: str) -> bool:
        """Whether a path that has no entry may be in a part of a file that cannot be read."""
        return holder_of(path) in self._half_read

    def is_litter(self, path: str) -> bool:
        """Whether a path is in a folder that was left out; what is in there is no item any more."""
        return any(str(folder) in self.litter for folder in Path(path).parents)

    def is_ignored(self, path: str) -> bool:
        """Whether patterns leave out a path, or a folder or a tar that it is in."""
        path = holder_of(path) or path
        return path in self.ignored or any(str(f) in self.ignored for f in Path(path).parents)

    @property
    def unread_kinds(self) -> dict[str, int]:
        """How many files are of kinds that anysense does not read, by suffix, the most first.

        Files without a suffix, or with one that is none, count under the empty text.
        """
        return self._unread.by_suffix()

    def rules_at(self, root: str) -> Rules:
        """What is left out by patterns around a folder that is walked from here on."""
        reads_files = self._ignore_files and not is_object(root)
        return rules_at(root, self._exclude, reads_files=reads_files)

    def sidecars_beside(self, path: str) -> tuple[Sidecar, ...]:
        """The texts that belong to a file whose folder is not walked; none without sidecars."""
        return self._beside.beside(path) if self.with_sidecars else ()

    def is_linkable(self, target: str) -> bool:
        """Whether a link may lead to this real path: it is under one of the sources."""
        return target in self._files or any(is_under(target, s.root) for s in self.folders)

    def count_outside_link(self) -> None:
        """Note a link that is not followed."""
        self.outside_links += 1

    def note_walked(self, folder: str) -> None:
        """Note a folder whose files and folders are looked at."""
        self.walked.add(folder)

    def note_unread(self, paths: Iterable[str], kind: str | None = None) -> None:
        """Note files of kinds that anysense does not read."""
        self._unread.note(paths, kind)

    def note_ignored(self, path: str, left_out_by: str) -> None:
        """Note a file, or a folder with all that is in it, that patterns leave out."""
        self.ignored[path] = left_out_by

    def note_litter(self, folder: str) -> None:
        """Note a folder that is left out because systems or programs keep it for themselves."""
        self.litter.add(folder)

    def report(self, path: str, reason: str) -> None:
        """Note a file or a row that cannot be used, and why."""
        self.problems.append(Problem(path, reason))

    def note_held(self, holder: str) -> None:
        """Note a file that was looked into: what it holds no more is gone."""
        self._held.add(holder)

    def note_unread_part(self, holder: str) -> None:
        """Note a file of which some part cannot be read: what was not found may be in there."""
        self._half_read.add(holder)

    def report_unlisted(self, folder: str, error: OSError) -> None:
        """Note that a folder cannot be listed.

        Raises:
            MediaError: it is a source itself.
        """
        reason = f"the folder cannot be listed: {error.strerror or error}"
        if folder in self.roots:
            raise MediaError(folder, reason)
        self.report(folder, reason)
        self._unlisted.append(folder)


def _overlap(sources: Sequence[Source]) -> bool:
    """Whether two of these sources may come upon the same file."""
    roots = sorted(source.root.rstrip(os.sep) + os.sep for source in sources)
    return any(below.startswith(above) for above, below in pairwise(roots))
