"""`anysense build`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anysense.server.cli import console
from anysense.server.cli.interrupt import stopping_in_order
from anysense.server.cli.options import (
    BATCH_SIZE,
    DEVICE,
    ENCODING,
    EXCLUDE,
    JSON,
    NO_IGNORE,
    SIDECARS,
    WORKERS,
)
from anysense.server.cli.removal import ask_before_removal
from anysense.server.cli.status import DONE, INTERRUPTED, PARTIAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.index.building.report import BuildReport
    from anysense.index.collection import Collection

__all__ = ["build", "build_json", "open_or_create", "print_report"]

PROFILE_NAMES = ("starter", "standard", "best", "speech")
SHOWN_NAMES = 5
SHOWN_FAILURES = 10


@click.command(short_help="Build a collection from files, or bring it up to date.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "-o", "--output", required=True, metavar="COLLECTION", help="The collection's folder."
)
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    metavar="NAME",
    help="A model that encodes, such as openclip:ViT-B-32/laion2b_s34b_b79k; may be given again.",
)
@click.option(
    "--profile",
    type=click.Choice(PROFILE_NAMES),
    help="A set of models that fit together, instead of --encoder.",
)
@click.option(
    "--metadata",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Rows (JSONL, CSV, Parquet) that describe items by their path or id.",
)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False),
    metavar="DIR",
    help="Where the paths of manifests start, and what they stay under; by default the "
    "manifest's own folder.",
)
@BATCH_SIZE
@DEVICE
@WORKERS
@click.option("--retry-failed", is_flag=True, help="Try again what could not be read before.")
@click.option("--keep-missing", is_flag=True, help="Keep items whose file is gone.")
@click.option(
    "--yes",
    is_flag=True,
    help="Remove also most of the items of a manifest that has lost most of its rows, without "
    "asking.",
)
@EXCLUDE
@NO_IGNORE
@SIDECARS
@ENCODING
@click.option(
    "--reread",
    is_flag=True,
    help="Read again also what has not changed: after an update that reads more of it, or to leave "
    "out with --no-sidecars what is in files.",
)
@click.option(
    "--overlap",
    type=click.IntRange(0, 50),
    metavar="PERCENT",
    help="How much of a passage may repeat the end of the one before it: 0, as at first, to 50 "
    "percent of its tokens. The collection keeps it; with --reread texts that have not changed get "
    "it too.",
)
@JSON
def build(
    sources: tuple[str, ...],
    output: str,
    encoders: tuple[str, ...],
    profile: str | None,
    metadata: str | None,
    root: str | None,
    batch_size: int | None,
    device: str,
    workers: int | None,
    retry_failed: bool,
    keep_missing: bool,
    yes: bool,
    exclude: tuple[str, ...],
    no_ignore: bool,
    no_sidecars: bool,
    encoding: str | None,
    reread: bool,
    overlap: int | None,
    as_json: bool,
) -> int:
    """Build a collection from files, or bring it up to date.

    SOURCE is a folder, a file, a glob in quotes, or a manifest: a JSONL, CSV or Parquet file with a
    row for each item, which has a `path`, a `text` or (in Parquet) the bytes of a file, and
    optionally an `id`, a `modality` and `metadata`; other columns are metadata too.

    Run the same command again at any time: only what is new or has changed is encoded, items whose
    file is gone are removed, and a build that was stopped goes on. Files that cannot be read are
    listed, left alone until they change, and make the exit status 3 as long as they are there.

    Of folders and globs, hidden files are left out, and so are thumbnails, deleted files and
    packages that systems and programs keep in folders of their own (@eaDir, #recycle,
    node_modules), and what .gitignore, .ignore and --exclude name; what is left out now and was
    not before is removed. Links out of the sources are not followed.

    A text beside a picture or a sound (photo.txt, photo.jpg.txt, photo.xmp) and the words
    in its file that describe it (titles, captions, keywords, lyrics) are part of that item. JSON
    beside a file (photo.jpg.json, notes.md.json) and the front matter of Markdown are metadata.
    """
    from anysense.index.building.build import build as run_build
    from anysense.index.building.build import check_sources
    from anysense.index.building.metadata import MetadataFile
    from anysense.index.collection import Collection
    from anysense.server.cli.progress import BuildBar

    if encoders and profile:
        raise click.UsageError("Give --encoder or --profile, not both.")
    if not output:
        raise click.UsageError("-o is empty: name the folder of the collection.")
    is_new = not Collection.exists(output)
    scan, metadata_file = None, None
    if is_new:  # so that a mistake leaves no empty collection behind
        base = Path(root) if root is not None else None
        scan = check_sources(
            sources,
            collection=Path(output),
            root=base,
            sidecars=not no_sidecars,
            exclude=exclude,
            ignore_files=not no_ignore,
        )
        metadata_file = MetadataFile(Path(metadata), scan.roots) if metadata is not None else None
    with (
        stopping_in_order(),
        open_or_create(output, encoders, profile, device, is_new) as collection,
    ):

        def build_once(allow_removal: bool) -> BuildReport:
            with BuildBar() as bar:
                return run_build(
                    collection,
                    scan or sources,
                    metadata=metadata_file or metadata,
                    root=root,
                    batch_size=batch_size,
                    workers=workers,
                    retry_failed=retry_failed,
                    keep_missing=keep_missing,
                    allow_removal=allow_removal,
                    sidecars=not no_sidecars,
                    exclude=exclude,
                    ignore_files=not no_ignore,
                    reread=reread,
                    encoding=encoding,
                    overlap=overlap,
                    progress=bar,
                )

        try:
            report = ask_before_removal(build_once, yes)
        except KeyboardInterrupt:
            number = console.count(collection.info()["items"], "item")
            console.note(
                f"Stopped: {output} holds {number}. Run the same command again to go on from here."
            )
            raise click.exceptions.Exit(INTERRUPTED) from None
        items = collection.info()["items"]
    if as_json:
        console.print_json(build_json(output, items, report))
    else:
        print_report(output, items, report)
    return PARTIAL if report.quarantined else DONE


def open_or_create(
    output: str, encoders: tuple[str, ...], profile: str | None, device: str, is_new: bool
) -> Collection:
    """Open a collection, or make it with the encoders asked for.

    Raises:
        UsageError: it was built with other encoders.
    """
    from anysense.embed.encoders.cards.profiles import FORMER
    from anysense.embed.encoders.names import absolute_name
    from anysense.embed.encoders.registry import profile_encoders
    from anysense.embed.errors import UsageError
    from anysense.index.collection import Collection

    names = encoders or (profile_encoders(profile) if profile is not None else ())
    if is_new:
        collection = Collection.create(output, names or profile_encoders("starter"), device=device)
        if not names:
            console.note(
                "Encoding with starter, a small model that comes with anysense. "
                "For stronger ones, add --profile standard, best or speech."
            )
        return collection
    collection = Collection.open(output, device=device)
    own = tuple(collection.encoder_names)
    if profile is not None and own in FORMER.get(profile, ()):
        console.note(
            f"{output} keeps the models that the profile {profile} meant when it was built: "
            f"{', '.join(own)}."
        )
    elif names and list(map(absolute_name, own)) != list(map(absolute_name, names)):
        collection.close()
        raise UsageError(
            f"{output} was built with {', '.join(own)}, not with {', '.join(names)}: name another "
            f"collection with -o to build one with them, or see `anysense reencode --help`."
        )
    return collection


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
        "unread_kinds": report.unread_kinds,
        "ignored": report.ignored,
        "litter": report.litter,
        "outside_links": report.outside_links,
        "unmatched_metadata": report.unmatched_metadata,
        "seconds": round(report.seconds, 3),
    }


def print_report(output: str, items: int, report: BuildReport) -> None:
    """Say what a build did: a summary on standard output, what could not be read on the other."""
    counts = {
        "added": report.added,
        "updated": report.updated,
        "moved": report.moved,
        "described anew": report.described,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "duplicate" if report.duplicates == 1 else "duplicates": report.duplicates,
    }
    changes = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)
    seconds = f"{report.seconds:.1f} s"
    nothing = "Nothing could be read" if report.quarantined else "Nothing to do"
    click.echo(f"{output}: {console.count(items, 'item')}. {changes or nothing}; {seconds}.")
    if report.left_out:
        files = console.count(report.left_out, "file")
        console.note(f"{files} left out: no encoder of this collection takes their kind.")
    if report.has_new_overlap and report.unchanged:
        console.note("Texts that have not changed keep their passages; --reread cuts them anew.")
    _print_unread(report)
    if report.outside_links:
        links = console.count(report.outside_links, "link")
        console.note(f"{links} out of the sources not followed.")
    if report.kept:
        items_kept = console.count(report.kept, "item")
        console.note(f"{items_kept} kept that may stand in a row that could not be read.")
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
        console.note(f"  {console.short_path(problem.path)}: {problem.reason}")
    if number > SHOWN_FAILURES:
        rest = number - SHOWN_FAILURES
        console.note(f"  and {rest:,} more; `anysense info {output} --quarantined` lists them all.")
    if number == 1:
        console.note("It is tried again when it changes, or with --retry-failed.")
    else:
        console.note("They are tried again when they change, or with --retry-failed.")


def _print_extra(report: BuildReport) -> None:
    """Say what would read the documents among the files that were not looked at."""
    from anysense.embed.media.identify import DOCUMENT_SUFFIXES
    from anysense.embed.media.office.installed import EXTRA, has_extra

    number = sum(report.unread_kinds.get(suffix, 0) for suffix in DOCUMENT_SUFFIXES)
    if number and not has_extra():
        are = "is a document" if number == 1 else "are documents"
        console.note(f"{number:,} of them {are} that an extra reads: {EXTRA}")


def _print_unread(report: BuildReport) -> None:
    """Say which files and folders were not looked at, because of their names."""
    from anysense.index.building.report import kinds_text

    if report.unread_kinds:
        number = sum(report.unread_kinds.values())
        kinds = "a kind" if number == 1 else "kinds"
        files = f"{console.count(number, 'file')} of {kinds} that anysense does not read"
        console.note(f"{files}: {kinds_text(report.unread_kinds)}.")
        _print_extra(report)
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
    shown = [name if name == GIVEN else console.short_path(name) for name in ignored]
    names = ", ".join(shown[:SHOWN_NAMES]) + (", ..." if len(shown) > SHOWN_NAMES else "")
    hint = "" if set(ignored) == {GIVEN} else "; --no-ignore reads what ignore files leave out"
    console.note(f"{number:,} {what} left out by {names}{hint}.")
