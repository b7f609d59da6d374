"""What became of items that were added or built, and how far a build is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from anysense.embed.media.extras import Extra
    from anysense.index.building.sources.entries import Problem
    from anysense.index.building.sources.scan import FileScan
    from anysense.index.folder.progress import ProgressNote

__all__ = [
    "AddReport",
    "BuildProgress",
    "BuildReport",
    "Failure",
    "ProgressCallback",
    "kinds_text",
    "tell_step",
    "unread_text",
]

_KINDS_NAMED = 5
_MOST_TOUCHED = 5


@dataclass(frozen=True)
class Failure:
    """An item that could not be added: its place among those given, its source, and why."""

    index: int
    source: str
    reason: str


@dataclass
class AddReport:
    """What became of items that were added.

    Attributes:
        ids: the id of each item given, in order; None for one that could not be added.
        added: how many are new.
        updated: how many replaced an item of the same id.
        duplicates: how many files were in the collection already, under that id.
        failed: the items that could not be added.
        seconds: how long it took.
    """

    ids: list[str | None] = field(default_factory=list)
    added: int = 0
    updated: int = 0
    duplicates: int = 0
    failed: list[Failure] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class BuildReport:
    """What a build did.

    Attributes:
        added: items that are new.
        updated: items whose file has changed.
        moved: items whose file is at another path now; their vectors were kept.
        described: items of which only the metadata changed.
        removed: items whose file is gone.
        kept: items that no row of their list names now, where some of its rows cannot be read.
        unchanged: files that are as they were.
        duplicates: files that became another path of an item with the same content.
        quarantined: what could not be read, and why; also what an earlier build found so.
        untried: how many of those have not changed since, and were not tried again.
        segments: how many pieces of files the models have encoded.
        left_out: files of a modality that no encoder of the collection takes.
        for_words: files of such a modality that are read for the words in them alone.
        wordless: how many of those have none, and so are no items.
        unread_kinds: how many files of folders and globs are of kinds that anysense does not read,
            by suffix, the most first; the empty text is for files without one, and `named pipe`,
            `socket` and `device` are for what is no file.
        ignored: how many files and folders patterns have left out, by what these are called, the
            most first: the path of an ignore file, or ``--exclude``. A folder counts as one.
        litter: names of folders that systems and programs keep for themselves, such as those of
            thumbnails, and how many of each were left out, the most first.
        unsettled: files that were being written, it seems, and were left as they were.
        outside_links: links to what is outside of the sources, which are not followed.
        touched: the paths of the first few files that were new, changed or gone.
        unmatched_metadata: rows of the metadata file that describe no item.
        has_new_overlap: whether passages overlap otherwise from now on.
        has_new_video_fps: whether another number of frames of a second of videos is encoded now.
        seconds: how long it took.
    """

    added: int = 0
    updated: int = 0
    moved: int = 0
    described: int = 0
    removed: int = 0
    kept: int = 0
    unchanged: int = 0
    duplicates: int = 0
    quarantined: list[Problem] = field(default_factory=list)
    untried: int = 0
    segments: int = 0
    left_out: int = 0
    for_words: int = 0
    wordless: int = 0
    unread_kinds: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)
    litter: dict[str, int] = field(default_factory=dict)
    unsettled: int = 0
    outside_links: int = 0
    touched: list[str] = field(default_factory=list)
    unmatched_metadata: int = 0
    has_new_overlap: bool = False
    has_new_video_fps: bool = False
    seconds: float = 0.0

    @property
    def has_changes(self) -> bool:
        return any((self.added, self.updated, self.moved, self.described, self.removed))

    @property
    def unread(self) -> int:
        """How many files it has come upon and not read, whatever the reason."""
        return sum(self.unread_kinds.values()) + len(self.quarantined)

    @property
    def unread_by_extra(self) -> dict[Extra, int]:
        """How many of the files of other kinds extras would read that are not installed."""
        from anysense.embed.media.extras import count_by_extra

        return count_by_extra(self.unread_kinds)

    def note_scan(self, scan: FileScan, kept: int) -> None:
        """Count what a scan has left out, and how many files are kept as rows cannot be read."""
        self.outside_links = scan.outside_links
        self.left_out = len(scan.left_out)
        self.for_words = scan.for_words
        self.unsettled = len(scan.unsettled)
        self.kept = kept
        self.unread_kinds = scan.unread_kinds
        self.ignored = dict(Counter(scan.ignored.values()).most_common())
        self.litter = dict(Counter(Path(path).name for path in scan.litter).most_common())

    def note_problem(self, path: str, reason: str) -> bool:
        """Note what could not be read, or has no words where these alone count; whether the first.

        Args:
            path: of the file.
            reason: why there is no item.
        """
        from anysense.embed.media.wordless import is_wordless
        from anysense.index.building.sources.entries import Problem

        if is_wordless(reason):
            self.wordless += 1
            return False
        self.quarantined.append(Problem(path, reason))
        return True

    def note_touched(self, paths: Iterable[str]) -> None:
        """Note files that are new, changed or gone, as long as there are few."""
        self.touched += islice(paths, max(0, _MOST_TOUCHED - len(self.touched)))

    @property
    def changes_text(self) -> str:
        """What was done, in words: ``2 added, 1 removed``; empty if it was nothing."""
        return self._in_words(unchanged=0)

    @property
    def files_text(self) -> str:
        """The same, with the files for which there was nothing to do."""
        return self._in_words(unchanged=self.unchanged)

    def _in_words(self, unchanged: int) -> str:
        counts = {
            "added": self.added,
            "updated": self.updated,
            "moved": self.moved,
            "described anew": self.described,
            "removed": self.removed,
            "unchanged": unchanged,
            "duplicate" if self.duplicates == 1 else "duplicates": self.duplicates,
        }
        return ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)


def kinds_text(kinds: Mapping[str, int]) -> str:
    """Counts by suffix in words, the first few of them: ``2 .docx, 1 .mov and 3 more kinds``."""
    words = [f"{count:,} {_kind_name(suffix, count)}" for suffix, count in kinds.items()]
    rest = len(words) - _KINDS_NAMED
    if rest > 1:
        return f"{', '.join(words[:_KINDS_NAMED])} and {rest:,} more kinds"
    return ", ".join(words)


def _kind_name(kind: str, count: int) -> str:
    """What is said of so many files of a kind."""
    if not kind:
        return "without a suffix"
    return kind if kind.startswith(".") or count == 1 else f"{kind}s"


def unread_text(kinds: Mapping[str, int]) -> str:
    """Files of kinds that are not read, in words, and what to do that some of them are.

    Args:
        kinds: how many files there are of each suffix; at least one.
    """
    from anysense.embed.media.extras import count_by_extra
    from anysense.index.building.sources.unread import packed_tars

    number = sum(kinds.values())
    files = "1 file of a kind" if number == 1 else f"{number:,} files of kinds"
    sentences = [f"{files} that anysense does not read: {kinds_text(kinds)}"]
    sentences += [
        f"{count:,} of them {'is' if count == 1 else 'are'} read by an extra: {extra.command}"
        for extra, count in count_by_extra(kinds).items()
    ]
    packed = packed_tars(kinds)
    if packed:
        tars = "is a compressed tar" if packed == 1 else "are compressed tars"
        sentences.append(
            f"{packed:,} of them {tars}, and a tar is read in place only if it is plain: unpack "
            f"{'it' if packed == 1 else 'them'}, as with gunzip"
        )
    return "; ".join(sentences)


@dataclass(frozen=True)
class BuildProgress:
    """How far a build is: of `total` files that are new or changed, `done` are dealt with."""

    phase: str
    done: int
    total: int
    report: BuildReport


ProgressCallback = Callable[[BuildProgress], None]


def tell_step(progress: ProgressCallback | None, note: ProgressNote, step: BuildProgress) -> None:
    """Tell a step to whoever has asked, and to other processes."""
    if step.phase in ("load", "encode"):
        note.tell("build", step.done, step.total, len(step.report.quarantined))
    else:
        note.hide()  # publishing has a note of its own
    if progress is not None:
        progress(step)
