"""`anysense build`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from anysense.server.cli import console
from anysense.server.cli.building.running import Target, build_once
from anysense.server.cli.building.unread import print_unread
from anysense.server.cli.building.watching import watch_sources
from anysense.server.cli.options import (
    BATCH_SIZE,
    DEVICE,
    ENCODERS,
    ENCODING,
    EXCLUDE,
    JSON,
    NO_IGNORE,
    OCR,
    OUTPUT,
    PARTS,
    PROFILE,
    RAY,
    RAY_ACTORS,
    SIDECARS,
    TRANSCRIBE,
    WORKERS,
)
from anysense.server.cli.status import DONE, PARTIAL

if TYPE_CHECKING:
    from anysense.index.building.ray.cluster import RayCluster
    from anysense.index.collection import Collection

__all__ = ["build", "open_or_create"]


@click.command(short_help="Build a collection from files, or bring it up to date.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@OUTPUT
@ENCODERS
@PROFILE
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
@click.option(
    "--allow-http",
    is_flag=True,
    help="Take https:// addresses among the sources, each of one file, from servers that are named "
    "so; nothing is followed elsewhere.",
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
@OCR
@TRANSCRIBE
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
@click.option(
    "--video-fps",
    type=click.FloatRange(0.01, 30),
    metavar="NUMBER",
    help="How many frames of a second of a video are encoded: 1, as at first, or, say, 0.2 for "
    "lectures. The collection keeps it; with --reread videos that have not changed get it "
    "too.",
)
@click.option(
    "--watch",
    is_flag=True,
    help="Go on until Ctrl-C, and bring the collection up to date whenever files come, change or "
    "go; a line tells of each time, with --json an object a line.",
)
@click.option(
    "--poll",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="With --watch, look at all sources so often: for drives on which the system tells no "
    "changes. Network drives of Linux are known, and looked at every 30 seconds.",
)
@click.option(
    "--list-unread",
    is_flag=True,
    help="Build nothing, but list the files that are left out as of a kind that anysense does not "
    "read, one a line; with --json an object a line, with the extra that would read it.",
)
@RAY
@RAY_ACTORS
@PARTS
@JSON
def build(
    sources: tuple[str, ...],
    output: str,
    encoders: tuple[str, ...],
    profile: str | None,
    metadata: str | None,
    root: str | None,
    allow_http: bool,
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
    ocr: bool | None,
    transcribe: str | None,
    reread: bool,
    overlap: int | None,
    video_fps: float | None,
    watch: bool,
    poll: float | None,
    list_unread: bool,
    ray: str | None,
    ray_actors: int | None,
    parts: str | None,
    as_json: bool,
) -> int:
    """Build a collection from files, or bring it up to date.

    SOURCE is a folder, a file, a glob in quotes, or a manifest: a JSONL, CSV or Parquet file with a
    row for each item, which has a `path`, a `text` or (in Parquet) the bytes of a file, and
    optionally an `id`, a `modality` and `metadata`; other columns are metadata too. Data sets of
    Hugging Face, saved to disk or as Parquet, are found in folders (docs/data-sets.md).

    It may be objects, too: s3://BUCKET/PREFIX, gs:// and az://, with credentials from where these
    services' own tools take them; docs/data-sets.md says which, and what it costs.

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
    from anysense.index.building.build import check_sources
    from anysense.index.building.metadata import MetadataFile
    from anysense.index.building.options import BuildOptions
    from anysense.index.collection import Collection

    if encoders and profile:
        raise click.UsageError("Give --encoder or --profile, not both.")
    if not output:
        raise click.UsageError("-o is empty: name the folder of the collection.")
    if poll is not None and not watch:
        raise click.UsageError("--poll goes with --watch.")
    cluster = _cluster(ray, ray_actors, parts)
    if cluster is not None and watch:
        raise click.UsageError(
            "Give --watch or --ray, not both: build with --ray first, then watch without it."
        )
    options = BuildOptions(
        root=Path(root) if root is not None else None,
        allow_http=allow_http,
        batch_size=batch_size,
        workers=workers,
        retry_failed=retry_failed,
        keep_missing=keep_missing,
        sidecars=not no_sidecars,
        exclude=exclude,
        ignore_files=not no_ignore,
        reread=reread,
        encoding=encoding,
        overlap=overlap,
        video_fps=video_fps,
        ocr=ocr,
        transcribe=transcribe,
    )
    if list_unread:
        print_unread(sources, options, Path(output), as_json=as_json)
        return DONE
    is_new = not Collection.exists(output)
    scan, metadata_file = None, None
    if is_new:  # so that a mistake leaves no empty collection behind
        scan = check_sources(sources, options, collection=Path(output))
        metadata_file = MetadataFile(Path(metadata), scan.roots) if metadata is not None else None
    with open_or_create(output, encoders, profile, device, is_new) as collection:
        target = Target(
            output,
            collection,
            metadata,
            as_json=as_json,
            is_watched=watch,
            cluster=cluster,
            device=device,
        )
        report = build_once(target, scan or sources, options, metadata_file, may_remove=yes)
        if watch:
            later = replace(options, allow_removal=yes, retry_failed=False, reread=False)
            watch_sources(target, sources, later, poll, report)
            return DONE
    return PARTIAL if report.quarantined else DONE


def _cluster(ray: str | None, actors: int | None, parts: str | None) -> RayCluster | None:
    """The Ray that is to encode, if one is."""
    if ray is None:
        if actors is not None or parts is not None:
            raise click.UsageError("--ray-actors and --parts go with --ray.")
        return None
    from anysense.index.building.ray.cluster import RayCluster

    return RayCluster(ray, actors, None if parts is None else Path(parts))


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
