"""What is said of a build when it is done."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from anysense.server.cli import console

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.index.building.report import BuildReport

__all__ = ["build_json", "print_report"]

SHOWN_NAMES = 5
SHOWN_FAILURES = 10


def build_json(output: str, items: int, report: BuildReport) -> dict[str, Any]:
    """What `build --json` prints."""
    return {
        "collection": os.path.realpath(output),
        "items": items,
        "added": report.added,
        "updated": report.updated,
        "moved": report.moved,
        "described": report.described,
        "removed": report.removed,
        "kept": report.kept,
        "unchanged": report.unchanged,
        "duplicates": report.duplicates,
        "quarantined": [{"path": p.path, "reason": p.reason} for p in report.quarantined],
        "untried": report.untried,
        "segments": report.segments,
        "left_out": report.left_out,
        "for_words": report.for_words,
        "wordless": report.wordless,
        "unread_kinds": report.unread_kinds,
        "extras": {
            extra.name: {"files": files, "command": extra.command}
            for extra, files in report.unread_by_extra.items()
        },
        "ignored": report.ignored,
        "litter": report.litter,
        "outside_links": report.outside_links,
        "unmatched_metadata": report.unmatched_metadata,
        "seconds": round(report.seconds, 3),
    }


def print_report(output: str, items: int, report: BuildReport) -> None:
    """Say what a build did: a summary on standard output, what could not be read on the other."""
    seconds = f"{report.seconds:.1f} s"
    nothing = "Nothing could be read" if report.quarantined else "Nothing to do"
    unread = f", {report.unread:,} not read" if report.unread else ""
    done = f"{report.files_text or nothing}{unread}"
    click.echo(f"{output}: {console.count(items, 'item')}. {done}; {seconds}.")
    if report.left_out:
        files = console.count(report.left_out, "file")
        console.note(f"{files} left out: no encoder of this collection takes their kind.")
    if report.for_words:
        _print_for_words(report)
    _print_unchanged(report)
    _print_unread(report)
    if report.outside_links:
        links = console.count(report.outside_links, "link")
        console.note(f"{links} out of the sources, or in tars, not followed.")
    if report.kept:
        items_kept = console.count(report.kept, "item")
        console.note(f"{items_kept} kept that may be in what could not be read of a table or tar.")
    if report.unmatched_metadata:
        rows = console.count(report.unmatched_metadata, "row")
        verb = "describes" if report.unmatched_metadata == 1 else "describe"
        console.note(f"{rows} of the metadata file {verb} no item.")
    if not report.quarantined:
        return
    number = len(report.quarantined)
    since = f" ({report.untried:,} unchanged since an earlier build)" if report.untried else ""
    console.note(f"{console.count(number, 'file')} could not be read{since}:")
    for problem in report.quarantined[:SHOWN_FAILURES]:
        console.note(f"  {console.shown_path(problem.path)}: {problem.reason}")
    if number > SHOWN_FAILURES:
        rest = number - SHOWN_FAILURES
        console.note(f"  and {rest:,} more; `anysense info {output} --quarantined` lists them all.")
    if number == 1:
        console.note("It is tried again when it changes, or with --retry-failed.")
    else:
        console.note("They are tried again when they change, or with --retry-failed.")


def _print_for_words(report: BuildReport) -> None:
    """Say how many pictures and recordings count by the words in them alone."""
    files = console.count(report.for_words, "file")
    without = f"; {report.wordless:,} of them without, and left out" if report.wordless else ""
    console.note(
        f"{files} read for the words in them alone{without}: no encoder of this collection takes "
        "their kind."
    )


def _print_unchanged(report: BuildReport) -> None:
    """Say what has not changed, and so is not as it is asked for from now on."""
    if report.has_new_overlap and report.unchanged:
        console.note("Texts that have not changed keep their passages; --reread cuts them anew.")
    if report.has_new_video_fps and report.unchanged:
        console.note("Videos that have not changed keep their frames; --reread reads them anew.")


def _print_unread(report: BuildReport) -> None:
    """Say which files and folders were not looked at, because of their names."""
    from anysense.index.building.report import unread_text

    if report.unread_kinds:
        names = "names it" if sum(report.unread_kinds.values()) == 1 else "names them"
        console.note(f"{unread_text(report.unread_kinds)}; --list-unread {names}.")
    if report.ignored:
        _print_ignored(report.ignored)
    if report.litter:
        folders = console.count(sum(report.litter.values()), "folder")
        names = ", ".join(list(report.litter)[:SHOWN_NAMES])
        more = ", ..." if len(report.litter) > SHOWN_NAMES else ""
        console.note(
            f"{folders} of thumbnails, deleted files, packages and the like left out: "
            f"{names}{more}."
        )


def _print_ignored(ignored: Mapping[str, int]) -> None:
    """Say what patterns have left out, and which."""
    from anysense.index.building.sources.ignoring import EXCLUDE as GIVEN

    number = sum(ignored.values())
    what = "file or folder" if number == 1 else "files and folders"
    shown = [name if name == GIVEN else console.shown_path(name) for name in ignored]
    names = ", ".join(shown[:SHOWN_NAMES]) + (", ..." if len(shown) > SHOWN_NAMES else "")
    hint = "" if set(ignored) == {GIVEN} else "; --no-ignore reads what ignore files leave out"
    console.note(f"{number:,} {what} left out by {names}{hint}.")
