"""manifest.json: what a collection is made with, and which generation of its index is current.

It is replaced as a whole, by rename, so a reader sees the old one or the new one. Its text carries
a checksum, and the catalog keeps a copy, so a damaged manifest is no loss.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import IncompatibleCollectionError
from anysense.embed.types import Modality, QueryForm, Space
from anysense.index.catalog.schema import FORMAT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


__all__ = [
    "APART",
    "BRIDGES",
    "CALIBRATION",
    "DIRECTIONS",
    "EFFORTS",
    "FORMAT_WITH_HIDDEN",
    "MANIFEST",
    "MAPS",
    "TARGET",
    "DamagedManifest",
    "EncoderEntry",
    "FileSum",
    "Generation",
    "Manifest",
    "Reencoding",
    "Tuning",
    "encoder_entry",
    "encoder_json",
    "fsync_folder",
    "replace_file",
]

MANIFEST = "manifest.json"

FORMAT_WITH_HIDDEN = 4
"""The format of a collection whose catalog has vectors that no search may find: those of encoders
that are not complete yet, or of such as were dropped. Its tables are those of format 3, and it is
of format 3 again when there are none of these vectors any more."""

# The sections of a `Tuning`, by their names on disk.
EFFORTS = "nprobe"
BRIDGES = "bridge"
CALIBRATION = "calibration"
TARGET = "target_recall"
MAPS = "maps"
APART = "apart"
"""Keys of partitions with segments of items that encoders preferred to theirs have nothing of."""

DIRECTIONS = "directions"
"""Of a route's calibration: the name of the array of what is made shorter in its queries."""


class DamagedManifest(Exception):  # noqa: N818 (an event, not an error of the user)
    """The text is not a manifest as it was written. Caught where the catalog's copy is read."""


@dataclass(frozen=True)
class EncoderEntry:
    """An encoder by the name it was asked for, and the space that its vectors are of.

    Attributes:
        name: what it was asked for by.
        space: of its vectors.
        key: the number of the space in the catalog; that of the space of this id if None.
    """

    name: str
    space: Space
    key: int | None = None


@dataclass(frozen=True)
class Reencoding:
    """The encoders that a collection is being given, whose vectors no search finds yet.

    Attributes:
        encoders: those to be, by preference, each with the key of its space.
        drop: the names of those that go when these are complete.
    """

    encoders: Sequence[EncoderEntry]
    drop: Sequence[str] = ()


@dataclass(frozen=True)
class FileSum:
    """A file of a generation: its size in bytes and its XXH3-128 in hexadecimal digits."""

    bytes: int
    xxh3_128: str


@dataclass(frozen=True)
class Generation:
    """An index, on disk or in an engine elsewhere, and the state of the catalog that it is of.

    Attributes:
        number: counts up; its folder is named after it.
        change: the last change of the catalog that it includes.
        high_water: it has no segment with a key over this.
        layout: what loading the index needs besides the files; see `index/vectors/engines.py`.
        files: their sizes and checksums by name.
        optional: the same of files that searches do without.
    """

    number: int
    change: int
    high_water: int
    layout: Mapping[str, Any]
    files: Mapping[str, FileSum]
    optional: Mapping[str, FileSum] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        return f"gen-{self.number:06d}"


@dataclass(frozen=True)
class Tuning:
    """What was measured or fitted on a generation, and is published with it.

    Attributes:
        sections: by name, what JSON can hold; kept in the manifest.
        arrays: by name, kept as .npy files in the generation's folder.
    """

    sections: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """See the module's docstring.

    Attributes:
        collection: a random name, the same in the catalog.
        created_by: the version of anysense that made the collection.
        encoders: those that searches go by, in the order of preference.
        generation: the current index; None before the first publishing.
        tuning: the sections of the `Tuning` published last.
        format: the version of the on-disk format.
        reencoding: the encoders that it is being given; None if it is given none.
        dropped: keys of spaces of which the catalog may still have vectors.
    """

    collection: str
    created_by: str
    encoders: Sequence[EncoderEntry]
    generation: Generation | None = None
    tuning: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT
    reencoding: Reencoding | None = None
    dropped: Sequence[int] = ()

    @property
    def has_hidden(self) -> bool:
        """Whether the catalog may have vectors of spaces that no search goes by."""
        return self.reencoding is not None or bool(self.dropped)

    @property
    def text_spaces(self) -> list[str]:
        """The spaces that have texts, in the order of preference for comparing them.

        Text is best compared in a space of nothing but text, where there is one; otherwise that of
        the encoder named first.
        """
        spaces = [e.space for e in self.encoders if Modality.TEXT in e.space.modalities]
        return [s.id for s in sorted(spaces, key=lambda s: s.modalities != {Modality.TEXT})]

    def with_generation(self, generation: Generation, tuning: Mapping[str, Any]) -> Manifest:
        return replace(self, generation=generation, tuning=dict(tuning))

    def to_text(self) -> str:
        """The text of manifest.json: indented JSON with the checksum as its last entry."""
        content = {
            "format": FORMAT_WITH_HIDDEN if self.has_hidden else self.format,
            "collection": self.collection,
            "created_by": self.created_by,
            "encoders": [encoder_json(entry) for entry in self.encoders],
            "generation": None if self.generation is None else _generation_json(self.generation),
            "tuning": dict(self.tuning),
        }
        if self.reencoding is not None:
            content["reencoding"] = {
                "encoders": [encoder_json(entry) for entry in self.reencoding.encoders],
                "drop": list(self.reencoding.drop),
            }
        if self.dropped:
            content["dropped"] = list(self.dropped)
        return json.dumps({**content, "checksum": _checksum(content)}, indent=1) + "\n"

    @staticmethod
    def from_text(text: str, path: Path) -> Manifest:
        """Read `to_text`.

        Raises:
            IncompatibleCollectionError: a newer version of anysense wrote it.
            DamagedManifest: it is not as it was written.
        """
        try:
            content = json.loads(text)
            checksum = content.pop("checksum")
            if checksum != _checksum(content):
                raise ValueError("its checksum does not match")
            if content["format"] > FORMAT_WITH_HIDDEN:
                raise IncompatibleCollectionError(
                    f"{path.parent} has the format {content['format']}, and this anysense reads "
                    f"up to {FORMAT_WITH_HIDDEN}: update anysense with "
                    "`pip install --upgrade anysense`."
                )
            generation, reencoding = content["generation"], content.get("reencoding")
            return Manifest(
                collection=str(content["collection"]),
                created_by=str(content["created_by"]),
                encoders=[encoder_entry(entry) for entry in content["encoders"]],
                generation=None if generation is None else _generation(generation),
                tuning=content["tuning"],
                format=min(int(content["format"]), FORMAT),
                reencoding=None if reencoding is None else _reencoding(reencoding),
                dropped=tuple(int(key) for key in content.get("dropped", ())),
            )
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise DamagedManifest(f"{path}: {error}") from None

    @staticmethod
    def read(folder: Path) -> Manifest:
        """Read the manifest of a collection.

        Raises:
            FileNotFoundError: there is none.
            IncompatibleCollectionError, DamagedManifest: see `from_text`.
        """
        path = folder / MANIFEST
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise DamagedManifest(f"{path}: {error}") from None
        return Manifest.from_text(text, path)

    def write(self, folder: Path) -> None:
        """Replace the manifest of a collection; on the disk when it returns."""
        replace_file(folder / MANIFEST, self.to_text().encode("utf-8"))


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file as a whole, through to the disk."""
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    fsync_folder(path.parent)


def fsync_folder(folder: Path) -> None:
    """Bring renames in a folder to the disk. Windows has no such call, and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checksum(content: Mapping[str, Any]) -> str:
    import xxhash

    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return str(xxhash.xxh3_128_hexdigest(text.encode("ascii")))


def encoder_json(entry: EncoderEntry) -> dict[str, Any]:
    """An encoder as the manifest names it."""
    space = entry.space
    key = {} if entry.key is None else {"key": entry.key}
    forms = [
        {
            "name": form.name,
            "modality": form.modality.value,
            "targets": sorted(target.value for target in form.targets),
        }
        for form in space.query_forms
    ]
    return {
        **key,
        "name": entry.name,
        "space": space.id,
        "revision": space.revision,
        "dimension": space.dimension,
        "modalities": sorted(modality.value for modality in space.modalities),
        **({"query_forms": forms} if forms else {}),
    }


def encoder_entry(entry: Mapping[str, Any]) -> EncoderEntry:
    """The reverse of `encoder_json`."""
    modalities = frozenset(Modality(modality) for modality in entry["modalities"])
    forms = tuple(
        QueryForm(
            form["name"],
            Modality(form["modality"]),
            frozenset(Modality(target) for target in form["targets"]),
        )
        for form in entry.get("query_forms", ())
    )
    space = Space(entry["space"], entry["revision"], entry["dimension"], modalities, forms)
    return EncoderEntry(entry["name"], space, entry.get("key"))


def _reencoding(entry: Mapping[str, Any]) -> Reencoding:
    return Reencoding([encoder_entry(each) for each in entry["encoders"]], list(entry["drop"]))


def _generation_json(generation: Generation) -> dict[str, Any]:
    return {
        "number": generation.number,
        "change": generation.change,
        "high_water": generation.high_water,
        "layout": dict(generation.layout),
        "files": _files_json(generation.files),
        **({"optional": _files_json(generation.optional)} if generation.optional else {}),
    }


def _files_json(files: Mapping[str, FileSum]) -> dict[str, Any]:
    return {name: {"bytes": file.bytes, "xxh3_128": file.xxh3_128} for name, file in files.items()}


def _generation(entry: Mapping[str, Any]) -> Generation:
    files, optional = (
        {name: FileSum(**file) for name, file in part.items()}
        for part in (entry["files"], entry.get("optional", {}))
    )
    number, change, high_water = entry["number"], entry["change"], entry["high_water"]
    return Generation(number, change, high_water, entry["layout"], files, optional)
