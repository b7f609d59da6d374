"""What has to be known before a collection can be made or opened at a path."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from anysense.embed.errors import (
    CollectionExistsError,
    CorruptCollectionError,
    IncompatibleCollectionError,
)
from anysense.index.catalog import Catalog
from anysense.index.database import CATALOG, damaged, translated
from anysense.index.lock import LOCK, OWNER
from anysense.index.manifest import MANIFEST, DamagedManifest, EncoderEntry, Manifest
from anysense.index.sidecar import ACKNOWLEDGED, VERIFIED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anysense.embed.types import Encoder, Space

__all__ = [
    "OWN_FILES",
    "check_revision",
    "check_vacant",
    "created_by",
    "has_collection",
    "load_encoders",
    "read_manifest",
]

_log = logging.getLogger("anysense")

OWN_FILES = {CATALOG, f"{CATALOG}-wal", f"{CATALOG}-shm", f"{CATALOG}-journal"} | {
    LOCK,
    OWNER,
    ACKNOWLEDGED,
    VERIFIED,
}


def has_collection(folder: Path) -> bool:
    """Whether there is a collection in a folder, whatever its state.

    Raises:
        StorageError: the folder cannot be looked at.
    """
    with translated(folder):
        return _has_collection(folder)


def _has_collection(folder: Path) -> bool:
    """A manifest, or a catalog that was committed: one without tables is an unfinished creation."""
    if (folder / MANIFEST).is_file():
        return True
    path = folder / CATALOG
    if not path.is_file():
        return False
    if path.stat().st_size or _size(folder / f"{CATALOG}-wal"):
        catalog = Catalog(folder)
        try:
            return bool(catalog.meta())
        except CorruptCollectionError:
            return _size(path) > 0 and (folder / VERIFIED).exists()
        finally:
            catalog.close()
    return False


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def check_vacant(folder: Path) -> None:
    """Only a folder that holds nothing of anybody's becomes a collection."""
    if has_collection(folder):
        raise CollectionExistsError(f"{folder} is a collection already; open it instead.")
    if folder.is_dir():
        others = {entry.name for entry in folder.iterdir()} - OWN_FILES
        if others:
            raise CollectionExistsError(
                f"{folder} holds other files, such as {min(others)}; choose a folder that is "
                "empty or not there yet."
            )
    elif folder.exists():
        raise CollectionExistsError(f"{folder} is a file; choose another path.")


def read_manifest(folder: Path, catalog: Catalog) -> Manifest:
    """The manifest, or if it is damaged the copy that the catalog has."""
    meta = catalog.meta()
    try:
        manifest = Manifest.read(folder)
    except (FileNotFoundError, DamagedManifest) as error:
        _log.warning("%s; using the catalog's copy of it", error)
        try:
            manifest = Manifest.from_text(meta[MANIFEST], folder / MANIFEST)
        except (KeyError, DamagedManifest):
            raise damaged(folder / CATALOG, "its copy of the manifest is damaged") from None
    else:
        copy = Manifest.from_text(meta[MANIFEST], folder / MANIFEST)
        if copy.collection != manifest.collection:
            raise CorruptCollectionError(
                f"{folder / CATALOG} and {MANIFEST} belong to two collections: restore both from "
                "the same backup."
            )
    return manifest


def load_encoders(names: Sequence[str], device: str) -> list[Encoder]:
    from anysense.embed.registry import load_encoder

    return [load_encoder(name, device=device) for name in names]


def check_revision(folder: Path, entry: EncoderEntry, here: Space) -> None:
    made = entry.space
    if (made.id, made.revision, made.dimension) != (here.id, here.revision, here.dimension):
        raise IncompatibleCollectionError(
            f"{folder} was built with {made.id} of revision {made.revision}, and {entry.name} is "
            f"of revision {here.revision} here: install the version it was built with "
            "(its manifest.json names it), or build the collection again in another folder."
        )


def created_by() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"anysense {version('anysense')}"
    except PackageNotFoundError:
        return "anysense"
