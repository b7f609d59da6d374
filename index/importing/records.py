"""From rows with vectors to the records of items, and how it is told that one is as it was."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from anysense.embed.errors import UsageError
from anysense.embed.media.digest import new_digest
from anysense.embed.types import EncodedSegment, Kind, Origin
from anysense.index.building.sources.paths import is_under
from anysense.index.catalog.records import FileRecord, ItemRecord
from anysense.index.catalog.stored import metadata_text
from anysense.index.importing.arrays import unusable_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    from anysense.embed.types import FloatArray
    from anysense.index.importing.batches import VectorBatch, VectorColumn

__all__ = ["Quarantined", "file_under", "make_records"]

_REASON = "its vector is zero or not finite"
_CAPTION_REASON = "the vector of its caption is zero or not finite"


@dataclass(frozen=True)
class Quarantined:
    """A vector that is left out: the place of its row in the batch, and why."""

    at: int
    reason: str


def make_records(
    batch: VectorBatch,
    space: str,
    skip: Set[int] = frozenset(),
    files: Mapping[int, FileRecord] = MappingProxyType({}),
) -> tuple[list[ItemRecord], list[Quarantined]]:
    """The records of a batch, and what is left out of it.

    Args:
        batch: rows with vectors.
        space: the id of the space of these.
        skip: the places of rows that are left out.
        files: those that hold items, by the places of their rows; their hashes are not known yet.

    Raises:
        UsageError: metadata cannot be kept as JSON.
    """
    columns = [_normalised(column) for column in batch.columns]
    unusable = columns[0].unusable
    quarantined = [Quarantined(at, _REASON) for at in sorted(unusable)]
    quarantined += [
        Quarantined(at, _CAPTION_REASON)
        for column in columns[1:]
        for at in sorted(column.unusable - unusable)
    ]
    records = [
        _record(batch, columns, space, at, files.get(at))
        for at in range(len(batch.ids))
        if at not in skip and at not in unusable
    ]
    return records, [each for each in quarantined if each.at not in skip]


def _record(
    batch: VectorBatch, columns: Sequence[_Normalised], space: str, at: int, file: FileRecord | None
) -> ItemRecord:
    item_id = batch.ids[at]
    metadata = dict(batch.metadata[at]) if batch.metadata else {}
    segments = []
    for column, (vectors, unusable) in zip(batch.columns, columns, strict=True):
        text = column.texts[at] if column.texts else None
        if column.origin is Origin.CONTENT or (text and at not in unusable):
            modality, vector = column.modalities[at], vectors[at]
            segments.append(
                EncodedSegment(space, modality, vector, text=text, origin=column.origin)
            )
        elif text:
            metadata.setdefault("caption", text)
    kind = Kind(batch.columns[0].modalities[at].value)
    source = (batch.sources[at] if batch.sources else None) or f"{kind}:{item_id}"
    content_hash = _hash(batch.place(at), source, metadata, segments, file)
    files = () if file is None else (file._replace(content_hash=content_hash),)
    return ItemRecord(item_id, source, kind, metadata, segments, content_hash, files)


def file_under(root: str, name: str) -> Path | None:
    """The real path of a file below a folder; None if there is none of this name.

    Args:
        root: the real path of the folder.
        name: the path of the file from there, or from the root of the disk.
    """
    try:
        path = os.path.realpath(os.path.join(root, name))  # noqa: PTH118 - which takes any text
        is_file = is_under(path, root) and stat.S_ISREG(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return None
    return Path(path) if is_file else None


class _Normalised(NamedTuple):
    """The vectors of a column with length 1, and the rows of those that have no direction."""

    vectors: FloatArray
    unusable: frozenset[int]


def _normalised(column: VectorColumn) -> _Normalised:
    vectors = np.array(column.vectors, np.float32)
    unusable = unusable_rows(vectors)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    norms[unusable] = 1
    return _Normalised(vectors / norms, frozenset(unusable.tolist()))


def _hash(
    place: str,
    source: str,
    metadata: dict[str, Any],
    segments: list[EncodedSegment],
    file: FileRecord | None,
) -> str:
    """A hash of all that a row says, by which a later import knows that nothing has changed."""
    digest = new_digest()
    try:
        said = [source, metadata_text(source, metadata), "" if file is None else file.path]
        for segment in segments:
            said += [segment.modality.value, segment.origin.value, segment.text or ""]
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from None
    digest.update("\0".join(said).encode("utf-8", "surrogatepass"))
    for segment in segments:
        digest.update(segment.vector.astype("<f2").tobytes())
    return digest.hexdigest()
