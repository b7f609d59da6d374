"""What has to be known before a collection can be made or opened at a path."""

from __future__ import annotations

import contextlib
import logging
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from anysense.embed.errors import (
    CollectionExistsError,
    CollectionNotFoundError,
    CorruptCollectionError,
    IncompatibleCollectionError,
    UsageError,
)
from anysense.index.catalog.integrity import check_acknowledged, ensure_sound
from anysense.index.catalog.migration import migrate
from anysense.index.catalog.reader import Catalog
from anysense.index.catalog.schema import CATALOG, FORMAT
from anysense.index.catalog.sqlite.connections import damaged, storage_errors
from anysense.index.catalog.sqlite.seals import ACKNOWLEDGED, VERIFIED
from anysense.index.catalog.transaction import create_catalog
from anysense.index.folder.lock import LOCK, OWNER, REENCODING, TURNS, WriterLock
from anysense.index.folder.media import MediaFolder
from anysense.index.snapshots.generation import remove_others
from anysense.index.snapshots.manifest import MANIFEST, DamagedManifest, EncoderEntry, Manifest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anysense.embed.types import Encoder, Space

__all__ = [
    "as_built",
    "bring_up_to_date",
    "has_collection",
    "is_of_revision",
    "load_encoders",
    "make_collection",
    "make_folder",
    "open_catalog",
    "repair_manifest",
]

_log = logging.getLogger("anysense")

OWN_FILES = {CATALOG, f"{CATALOG}-wal", f"{CATALOG}-shm", f"{CATALOG}-journal"} | {
    LOCK,
    OWNER,
    REENCODING,
    TURNS,
    ACKNOWLEDGED,
    VERIFIED,
}


def make_collection(folder: Path, names: Sequence[str], device: str) -> list[Encoder]:
    """Make an empty collection with encoders of some names, and return those.

    Raises:
        CollectionExistsError, UsageError, EncoderError, StorageError: see `Collection.create`.
    """
    check_vacant(folder)
    if not names or len(set(names)) < len(names):
        raise UsageError("A collection needs at least one encoder, and each only once.")
    loaded = load_encoders(names, device)
    entries = [EncoderEntry(n, e.space) for n, e in zip(names, loaded, strict=True)]
    if len({entry.space.id for entry in entries}) < len(entries):
        raise UsageError(f"Two of the encoders {', '.join(names)} have the same space.")
    make_folder(folder, entries)
    return loaded


def make_folder(folder: Path, entries: Sequence[EncoderEntry]) -> None:
    """Make an empty collection for vectors of some encoders, whose models need not be here.

    Raises:
        CollectionExistsError, StorageError: see `Collection.create`.
    """
    check_vacant(folder)
    manifest = Manifest(secrets.token_hex(8), created_by(), entries)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(folder)
        lock.acquire()
        try:
            check_vacant(folder)  # again: another process may have been faster
            for name in OWN_FILES - {LOCK, OWNER}:
                (folder / name).unlink(missing_ok=True)
            spaces = [entry.space for entry in entries]
            create_catalog(folder, spaces, {MANIFEST: manifest.to_text()})
            manifest.write(folder)
        finally:
            lock.release()


def open_catalog(folder: Path) -> tuple[Manifest, Catalog]:
    """Open a collection's catalog, checked as far as is needed, and its manifest.

    Raises:
        CollectionNotFoundError, IncompatibleCollectionError, CorruptCollectionError, StorageError:
            see `Collection.open`.
    """
    if not has_collection(folder):
        raise not_found(folder)
    with storage_errors(folder):
        with contextlib.suppress(FileNotFoundError, DamagedManifest):
            Manifest.read(folder)  # a newer format is told apart from damage first
        if not (folder / CATALOG).exists():
            raise damaged(folder / CATALOG, "it is missing")
        catalog = Catalog(folder, MediaFolder(folder).locate)
        try:
            ensure_sound(catalog, folder)
            check_acknowledged(catalog, folder)
            return read_manifest(folder, catalog), catalog
        except BaseException:
            catalog.close()
            raise


def has_collection(folder: Path) -> bool:
    """Whether there is a collection in a folder, whatever its state.

    Raises:
        StorageError: the folder cannot be looked at.
    """
    with storage_errors(folder):
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


def not_found(folder: Path) -> CollectionNotFoundError:
    """The error of a path without a collection; a collection can be made only where nothing is."""
    try:
        check_vacant(folder)
    except CollectionExistsError:
        return CollectionNotFoundError(
            f"{folder} is no collection; make one of what is in it with `anysense build {folder} "
            f"-o {folder.absolute().with_suffix('.anysense').name}`."
        )
    return CollectionNotFoundError(
        f"No collection at {folder}; make one with `anysense build SOURCE -o {folder}`."
    )


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
    from anysense.embed.encoders.registry import load_encoder

    return [load_encoder(name, device=device) for name in names]


def repair_manifest(folder: Path, manifest: Manifest) -> Manifest:
    """Write the manifest again if it is damaged, and clear away what was left unfinished.

    Returns:
        The manifest that is on the disk now: another writer may have published since.
    """
    with storage_errors(folder):
        try:
            manifest = Manifest.read(folder)
        except (FileNotFoundError, DamagedManifest):
            manifest.write(folder)
        remove_others(folder, manifest.generation)
    return manifest


def bring_up_to_date(folder: Path, catalog: Catalog, manifest: Manifest) -> None:
    """Bring a collection of an older format, whose lock is held, to that of today.

    The manifest first: should the process be killed in between, an older version of anysense
    refuses the collection with a sentence, and this one reads both.
    """
    if catalog.format == FORMAT:
        return
    # Rows get new checksums: a bit that has flipped would be taken for what was written.
    ensure_sound(catalog, folder, writer=True, always=True)
    if manifest.format < FORMAT:
        manifest = replace(manifest, format=FORMAT)
        manifest.write(folder)
    migrate(folder, {MANIFEST: manifest.to_text()})


def is_of_revision(entry: EncoderEntry, here: Space) -> bool:
    """Whether vectors of a space compare with those of an encoder that a collection has."""
    made = entry.space
    return (made.id, made.revision, made.dimension) == (here.id, here.revision, here.dimension)


def as_built(folder: Path, entry: EncoderEntry, encoder: Encoder) -> Encoder:
    """An encoder as it made the vectors of a collection.

    Raises:
        IncompatibleCollectionError: it makes others now.
    """
    from anysense.embed.encoders.whole import of_revision

    made = entry.space
    encoder = of_revision(encoder, made.revision)
    here = encoder.space
    if not is_of_revision(entry, here):
        raise IncompatibleCollectionError(
            f"{folder} was built with {made.id} of revision {made.revision}, and {entry.name} is "
            f"of revision {here.revision} here: make its vectors anew with `anysense reencode "
            f"{folder} --encoder {entry.name}`, or install the version it was built with "
            "(its manifest.json names it)."
        )
    return encoder


def created_by() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"anysense {version('anysense')}"
    except PackageNotFoundError:
        return "anysense"
