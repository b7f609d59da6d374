"""The first collection of a folder: whether it is to be made at all, and with which models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from anysense.embed.encoders.names import absolute_name
from anysense.embed.errors import UsageError
from anysense.index.building.checks import check_entries
from anysense.index.building.sources.paths import is_under
from anysense.index.collection import Collection
from anysense.server.cli import console
from anysense.server.cli.removal import is_answered
from anysense.server.cli.status import USAGE

if TYPE_CHECKING:
    from anysense.index.building.sources.scan import FileScan
    from anysense.server.cli.finding.targets import Target, Wishes

__all__ = ["check_encoders", "check_new", "encoders_of", "make_collection", "why_wide"]

STARTER = ("starter",)


def encoders_of(wishes: Wishes) -> tuple[str, ...]:
    """The models that a new collection is made with."""
    return wishes.encoders or STARTER


def check_new(target: Target, scan: FileScan, wishes: Wishes) -> None:
    """See that a collection of a folder is worth making, and meant.

    Raises:
        UsageError: the folder holds nothing that anysense reads, or is one of those that are read
            only if that is asked for.
        click.exceptions.Exit: somebody was asked, and said no.
    """
    check_entries(scan)
    why = why_wide(target.folder)
    if why is None or wishes.yes:
        return
    files = console.count(len(scan.entries), "file")
    if not is_answered():
        raise UsageError(
            f"{target.named} {why}, with {files} that anysense reads: name a folder in it, or add "
            "--yes if you mean all of it."
        )
    console.note(f"{target.named} {why}, with {files} that anysense reads.")
    if not click.confirm("Make an index of all of it?", default=False, err=True):
        raise click.exceptions.Exit(USAGE)


def why_wide(folder: str) -> str | None:
    """Why a folder is not read as a whole unless that is asked for; None for most folders."""
    try:
        home = os.path.realpath(Path.home())
    except RuntimeError:  # nobody knows where it is
        home = None
    if folder == home:
        return "is your home folder"
    if home is not None and is_under(home, folder):
        return "holds your home folder"
    return "is the root of a drive" if os.path.ismount(folder) else None


def make_collection(target: Target, wishes: Wishes) -> Collection:
    """Make the collection of a folder, empty as yet."""
    names = encoders_of(wishes)
    collection = Collection.create(target.cached.path, names, device=wishes.device)
    more = ""
    if not wishes.encoders:
        more = (
            ", a small model that comes with anysense; --profile standard, best or speech has "
            "stronger ones"
        )
    console.note(f"Making an index of {target.named} with {', '.join(names)}{more}.")
    return collection


def check_encoders(collection: Collection, target: Target, wishes: Wishes) -> None:
    """See that the collection has the models that are asked for, if any are.

    Raises:
        UsageError: it has others.
    """
    own = collection.encoder_names
    if wishes.encoders and [*map(absolute_name, own)] != [*map(absolute_name, wishes.encoders)]:
        raise UsageError(
            f"The index of {target.named} was made with {', '.join(own)}, not with "
            f"{', '.join(wishes.encoders)}: `anysense collections --clear {target.folder}` removes "
            "it, so that it can be made anew."
        )
