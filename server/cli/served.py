"""The collections that a command line names for a service."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import UsageError
from anysense.embed.processors import usable_processors
from anysense.index.folder.opening import has_collection
from anysense.server.cli.finding.cached import cached_collections, cached_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["described", "named_paths", "threads_of_each"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
CURRENT = "current"


def named_paths(arguments: Sequence[str]) -> dict[str, Path]:
    """Collections by the names that addresses call them.

    Args:
        arguments: each a path, or NAME=PATH; without a name it is the folder's, without its suffix.
            A folder that is no collection stands for its index in the user's cache.

    Raises:
        UsageError: a name cannot be one, or two collections have the same, or it is one twice.
    """
    named: dict[str, Path] = {}
    folders: dict[Path, str] = {}
    for argument in arguments:
        name, path = name_and_path(argument)
        if name in named:
            raise UsageError(
                f"Two collections are named {name!r}: name them apart, as in a={named[name]} "
                f"b={path}."
            )
        path = collection_at(path)
        folder = path.resolve()
        if folder in folders:
            raise UsageError(f"{folders[folder]!r} and {name!r} are the same collection, {path}.")
        named[name], folders[folder] = path, name
    return named


def collection_at(path: Path) -> Path:
    """The collection at a path, or that which `anysense find` keeps of the folder there."""
    if has_collection(path) or not path.is_dir():
        return path
    cached = cached_of(os.path.realpath(path))
    return cached.path if cached.is_there else path


def described(path: Path) -> str:
    """A collection as people know it: by its path, or by the folder that `find` keeps it of."""
    folders = {cached.path: cached.folder for cached in cached_collections()}
    return folders.get(path, str(path))


def threads_of_each(threads: int | None, workers: int) -> int | None:
    """How many threads the models of each process have; None if that is not for us to say.

    Args:
        threads: what the user has said.
        workers: how many processes search: they share the processors.
    """
    if threads is not None or workers == 1 or "OMP_NUM_THREADS" in os.environ:
        return threads
    return max(1, usable_processors() // workers)


def name_and_path(argument: str) -> tuple[str, Path]:
    name, sign, rest = argument.partition("=")
    if not sign or "/" in name or Path(argument).exists():
        return name_of(Path(argument)), Path(argument)
    if NAME.fullmatch(name) is None or name == CURRENT:
        raise UsageError(
            f"{name!r} cannot be the name of a collection: it has up to 64 letters, digits, and "
            f"_ . -, begins with a letter or digit, and is not {CURRENT!r}, as the first one is "
            "called anyway."
        )
    if not rest:
        raise UsageError(f"{argument!r} names no path after the sign.")
    return name, Path(rest)


def name_of(path: Path) -> str:
    """The name of a folder, without what addresses could not hold."""
    stem = path.resolve().stem
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", stem).strip("-._")[:64]
    return name if name and name != CURRENT else "collection"
