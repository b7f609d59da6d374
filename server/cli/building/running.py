"""One build from the command line, with its bar, its question and its report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from anysense.server.cli import console
from anysense.server.cli.building.reports import build_json, print_report
from anysense.server.cli.interrupt import stopping_in_order
from anysense.server.cli.removal import ask_before_removal
from anysense.server.cli.status import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anysense.index.building.metadata import MetadataFile
    from anysense.index.building.options import BuildOptions
    from anysense.index.building.ray.cluster import RayCluster
    from anysense.index.building.report import BuildReport
    from anysense.index.building.sources.scan import FileScan
    from anysense.index.collection import Collection

__all__ = ["Target", "build_once", "build_with_bar"]


@dataclass(frozen=True)
class Target:
    """What a command builds, and how it tells of that.

    Attributes:
        output: the collection's folder, as the user has named it.
        collection: the collection.
        metadata: the file whose rows describe items; read anew for each build.
        as_json: whether reports are objects of JSON.
        is_watched: whether builds follow one another, so that each object has a line.
        cluster: the Ray whose actors encode; the models run in this process if None.
        device: where models run.
    """

    output: str
    collection: Collection
    metadata: str | None = None
    as_json: bool = False
    is_watched: bool = False
    cluster: RayCluster | None = None
    device: str = "auto"


def build_once(
    target: Target,
    sources: Sequence[str | Path] | FileScan,
    options: BuildOptions,
    metadata: MetadataFile | None,
    *,
    may_remove: bool,
) -> BuildReport:
    """Build, and say what was done.

    Args:
        target: what is built.
        sources: as they were given, or what was found there.
        options: of the build.
        metadata: the metadata file, if it was read already.
        may_remove: remove most of the items of a manifest without asking.

    Raises:
        RemovalError: most of the items of a manifest would be removed, and nobody can be asked.
    """

    def build(allow_removal: bool) -> BuildReport:
        allowed = replace(options, allow_removal=allow_removal)
        return build_with_bar(target, sources, allowed, metadata)

    with stopping_in_order():
        try:
            report = ask_before_removal(build, may_remove)
        except KeyboardInterrupt:
            number = console.count(target.collection.info()["items"], "item")
            console.note(
                f"Stopped: {target.output} holds {number}. Run the same command again to go on "
                "from here."
            )
            raise click.exceptions.Exit(INTERRUPTED) from None
    items = target.collection.info()["items"]
    if target.as_json:
        payload = build_json(target.output, items, report)
        (console.print_json_line if target.is_watched else console.print_json)(payload)
    else:
        print_report(target.output, items, report)
    return report


def build_with_bar(
    target: Target,
    sources: Sequence[str | Path] | FileScan,
    options: BuildOptions,
    metadata: MetadataFile | None = None,
) -> BuildReport:
    """Build, and show how far it is."""
    from anysense.index.building.build import run_build
    from anysense.server.cli.progress import BuildBar

    metadata_given = metadata or target.metadata
    with BuildBar() as bar:
        if target.cluster is not None:
            from anysense.index.building.ray.build import build_on_ray

            return build_on_ray(
                target.collection,
                sources,
                target.cluster,
                options,
                device=target.device,
                metadata=metadata_given,
                progress=bar,
            )
        return run_build(target.collection, sources, options, metadata=metadata_given, progress=bar)
