"""The files of a build's sources that anysense does not read: `anysense build --list-unread`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.server.cli import console

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anysense.index.building.options import BuildOptions

__all__ = ["print_unread"]


def print_unread(
    sources: Sequence[str], options: BuildOptions, output: Path, *, as_json: bool
) -> None:
    """List files of kinds that are not read as they are found, however many there are.

    Args:
        sources: as they were given.
        options: of which those of what is left out count.
        output: the folder of the collection, which is left out.
        as_json: whether each line is an object.

    Raises:
        AnysenseError: a source does not exist, or cannot be listed.
    """
    from anysense.embed.media.extras import missing_extra
    from anysense.index.building.build import scan_sources
    from anysense.index.building.sources.unread import special_kind_at, suffix_of

    def print_object(path: str) -> None:
        suffix = suffix_of(path)
        extra = missing_extra(suffix)
        console.print_json_line(
            {
                "path": path,
                "suffix": suffix,
                "extra": None if extra is None else extra.name,
                "special": special_kind_at(path),
            }
        )

    scan_sources(sources, options, output, print_object if as_json else console.print_path)
