"""What a part is on disk: a Parquet file with a row for each item, and a header in its footer.

See docs/format.md for the columns and the reasons.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import xxhash

from anysense.embed.errors import CorruptMediaError, IncompatibleCollectionError
from anysense.index.snapshots.manifest import encoder_entry, encoder_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from anysense.index.snapshots.manifest import EncoderEntry

__all__ = [
    "COLUMNS",
    "FILE",
    "FORMAT",
    "GROUPS",
    "GROUP_ROWS",
    "GROUP_SEGMENTS",
    "HEADER",
    "SEGMENT",
    "SUFFIX",
    "Header",
    "groups_bytes",
    "read_groups",
]

FORMAT = 1
"""The format of the parts that this code writes, and the newest that it reads."""

SUFFIX = ".parquet"
GROUP_ROWS = 256
"""Items in a row group at most: so many are in memory at once."""
GROUP_SEGMENTS = 8192
"""With so many segments a row group ends, too."""

HEADER = b"anysense.part"
"""The key of the header among the file's metadata."""
GROUPS = b"anysense.groups"
"""The key of the list of row groups: the number of rows and the XXH3-128 of each."""

FILE = pa.struct(
    [
        ("path", pa.string()),
        ("size", pa.int64()),
        ("stamp", pa.int64()),
        ("content_hash", pa.string()),
        ("sidecars", pa.string()),
    ]
)
SEGMENT = pa.struct(
    [
        ("space", pa.int16()),
        ("modality", pa.string()),
        ("unit", pa.string()),
        ("start", pa.float64()),
        ("end", pa.float64()),
        ("page", pa.int64()),
        ("box", pa.string()),
        ("origin", pa.string()),
        ("heading", pa.string()),
        ("text", pa.string()),
        ("vector", pa.binary()),
    ]
)
COLUMNS = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("kind", pa.string()),
        ("metadata", pa.string()),
        ("said", pa.string()),
        ("content_hash", pa.string()),
        ("files", pa.list_(FILE)),
        ("segments", pa.list_(SEGMENT)),
        ("reason", pa.string()),
    ]
)


@dataclass(frozen=True)
class Header:
    """What a part says of itself.

    Attributes:
        encoders: those that made its vectors, with their revisions; segments name them by number.
        created_by: the version of anysense that wrote it.
        inputs: the hash of what it was made from; empty if it was not made by a build.
    """

    encoders: Sequence[EncoderEntry]
    created_by: str
    inputs: str = ""

    def to_bytes(self) -> bytes:
        content = {
            "format": FORMAT,
            "created_by": self.created_by,
            "inputs": self.inputs,
            "encoders": [encoder_json(replace(entry, key=None)) for entry in self.encoders],
        }
        return _with_checksum(content)

    @staticmethod
    def read(path: Path, metadata: Mapping[bytes, bytes]) -> Header:
        """The header among the metadata of a Parquet file.

        Raises:
            CorruptMediaError: there is none, or it is not as it was written.
            IncompatibleCollectionError: a newer version of anysense wrote it.
        """
        if HEADER not in metadata:
            raise CorruptMediaError(
                path, "is no part of a collection: it has no header of anysense"
            )
        content = _checked(path, metadata[HEADER])
        if content.get("format") != FORMAT:
            raise IncompatibleCollectionError(
                f"{path} has the format {content.get('format')}, and this anysense reads "
                f"{FORMAT}: update anysense with `pip install --upgrade anysense`."
            )
        try:
            encoders = [encoder_entry(entry) for entry in content["encoders"]]
            return Header(encoders, str(content["created_by"]), str(content["inputs"]))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CorruptMediaError(
                path, f"is damaged: its header cannot be read ({error})"
            ) from None


def groups_bytes(groups: Sequence[tuple[int, str]]) -> bytes:
    """The list of row groups as a part keeps it."""
    return _with_checksum({"groups": [list(group) for group in groups]})


def read_groups(path: Path, metadata: Mapping[bytes, bytes]) -> list[tuple[int, str]]:
    """The reverse of `groups_bytes`.

    Raises:
        CorruptMediaError: there is none, or it is not as it was written.
    """
    if GROUPS not in metadata:
        raise CorruptMediaError(path, "is damaged: the list of its row groups is missing")
    try:
        return [(int(n), str(digest)) for n, digest in _checked(path, metadata[GROUPS])["groups"]]
    except (KeyError, TypeError, ValueError):
        raise CorruptMediaError(
            path, "is damaged: the list of its row groups cannot be read"
        ) from None


def _with_checksum(content: Mapping[str, Any]) -> bytes:
    return json.dumps({**content, "checksum": _checksum(content)}).encode("ascii")


def _checked(path: Path, data: bytes) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(data)
        checksum = content.pop("checksum")
    except (AttributeError, KeyError, ValueError, RecursionError):
        raise CorruptMediaError(path, "is damaged: its header cannot be read") from None
    if checksum != _checksum(content):
        raise CorruptMediaError(path, "is damaged: the checksum of its header does not match")
    return content


def _checksum(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return str(xxhash.xxh3_128_hexdigest(text.encode("ascii")))
