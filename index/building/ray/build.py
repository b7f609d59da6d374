"""A build whose items are encoded by the actors of Ray, and all else is as in any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.index.building.build import run_build
from anysense.index.building.options import DEFAULT_OPTIONS, BuildOptions
from anysense.index.building.ray.cluster import RayCluster
from anysense.index.building.ray.session import RayEncoding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anysense.index.building.metadata import MetadataFile
    from anysense.index.building.report import BuildReport, ProgressCallback
    from anysense.index.building.sources.scan import FileScan
    from anysense.index.folder.opened import OpenCollection

__all__ = ["RayCluster", "build_on_ray"]


def build_on_ray(
    collection: OpenCollection,
    sources: Sequence[str | Path] | FileScan,
    cluster: RayCluster,
    options: BuildOptions = DEFAULT_OPTIONS,
    *,
    device: str = "auto",
    metadata: str | Path | MetadataFile | None = None,
    progress: ProgressCallback | None = None,
) -> BuildReport:
    """Make a collection hold what its sources hold now, with the models run by Ray's actors.

    The catalog is what a build without Ray would write, to the bit on CPUs of one kind.

    Args:
        collection: what to build.
        sources: as `anysense.index.building.build.build` takes them; actors must see them, too.
        cluster: which Ray, and how much of it.
        options: of the build.
        device: where models run: ``auto``, ``cpu`` or ``cuda``.
        metadata: a file whose rows describe items, or one that was read.
        progress: called often.

    Raises:
        UsageError: Ray is not installed, or as `build` says.
        EncoderError: Ray cannot be reached; an actor has another version of anysense or of a
            model, or does not see the folder of parts; or actors die again and again.
        CollectionError: as `build` says.
    """
    with RayEncoding(cluster, collection, device) as encoding:
        return run_build(
            collection,
            sources,
            options,
            metadata=metadata,
            progress=progress,
            encode=encoding.encode,
        )
