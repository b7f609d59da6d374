"""Copies a collection while it is served or built.

    python backup.py my.anysense BACKUP

The catalog is copied as it is at one moment, by SQLite; after it the index that it names, and the
files that clients of the service have stored. Needs nothing but Python.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import sys
from pathlib import Path

CATALOG, MANIFEST = "catalog.sqlite", "manifest.json"
ATTEMPTS = 5


def back_up(collection: Path, target: Path) -> None:
    """Copy a collection to a folder that is not there yet."""
    if target.exists():
        raise FileExistsError(f"{target} is there already")
    part = target.with_name(f"{target.name}.part")
    for attempt in range(ATTEMPTS):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        copy_catalog(collection, part)
        try:
            copy_index(collection, part)
            break
        except (FileNotFoundError, shutil.Error):  # a newer one has taken its place: once more
            if attempt == ATTEMPTS - 1:
                raise
    # After the catalog, which so names no file that is not copied yet; what it does not name is
    # removed when the copy is served.
    if (collection / "media").is_dir():
        shutil.copytree(collection / "media", part / "media", copy_function=copy_if_there)
    part.rename(target)


def copy_catalog(collection: Path, part: Path) -> None:
    """Copy the catalog, and the manifest as it was at the same moment."""
    uri = (collection / CATALOG).resolve().as_uri() + "?mode=ro"
    with (
        contextlib.closing(sqlite3.connect(uri, uri=True, timeout=60)) as source,
        contextlib.closing(sqlite3.connect(part / CATALOG)) as copy,
    ):
        source.backup(copy)
        ((manifest,),) = copy.execute("SELECT value FROM meta WHERE key = ?", [MANIFEST])
    (part / MANIFEST).write_text(manifest, encoding="utf-8")


def copy_index(collection: Path, part: Path) -> None:
    """Copy the generation of the index that the manifest names, if it names one."""
    generation = json.loads((part / MANIFEST).read_text(encoding="utf-8"))["generation"]
    if generation is not None:
        name = f"gen-{generation['number']:06}"
        shutil.copytree(collection / name, part / name)


def copy_if_there(source: str, target: str) -> None:
    """Copy a file, unless its item has been removed meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("Usage: python backup.py COLLECTION TARGET")
    try:
        back_up(Path(sys.argv[1]), Path(sys.argv[2]))
    except (OSError, sqlite3.Error) as error:
        sys.exit(f"{sys.argv[1]} is not backed up: {error}")
