"""What items were made of, as far as it can be read again.

Files, rows of tables, members of tars, objects in stores, and kept texts.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from anysense.embed.errors import AnysenseError, MediaError, ServiceError
from anysense.embed.types import Kind, Modality, Origin
from anysense.index.building.content import hash_file, hash_lazy
from anysense.index.building.pending import PendingItem
from anysense.index.building.sources.data_sets.reaching import is_shard
from anysense.index.building.sources.data_sets.source import DataSets
from anysense.index.building.sources.entries import FileEntry, LazyEntry, RowEntry
from anysense.index.building.sources.paths import PathKind, holder_of, is_file, parse_path
from anysense.index.building.sources.reaching import file_at
from anysense.index.building.sources.scan import FileScan
from anysense.index.building.sources.sidecars import sidecar_paths
from anysense.index.catalog.browse import item_files
from anysense.index.objects.addresses import is_object
from anysense.index.reencoding.kept import KeptText, kept_text
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from anysense.index.building.sources.entries import Entry
    from anysense.index.catalog.browse import ItemRow
    from anysense.index.catalog.reader import Catalog
    from anysense.index.catalog.records import FileRecord, Segment

__all__ = [
    "Content",
    "RowContent",
    "caption_texts",
    "content_of",
    "possible_modalities",
    "rows_of",
]

GONE = "its file is gone"
CHANGED = "its file has changed since it was added: `anysense build` brings it up to date"
GIVEN = "it was given without a file"
ROW_GONE = "its row is not in its table any more"

_OF_KIND = {
    Kind.TEXT: frozenset({Modality.TEXT, Modality.IMAGE}),  # Markdown and HTML hold pictures
    Kind.IMAGE: frozenset({Modality.IMAGE}),
    Kind.AUDIO: frozenset({Modality.AUDIO, Modality.IMAGE}),  # a cover
    Kind.VIDEO: frozenset({Modality.IMAGE, Modality.AUDIO}),
    Kind.DOCUMENT: frozenset({Modality.TEXT, Modality.IMAGE}),
}


class RowContent(NamedTuple):
    """A row of a table, or a member of a tar, that an item was made of."""

    item: ItemRow
    table: str
    file: FileRecord


Content: TypeAlias = "PendingItem | RowContent | KeptText | str"
"""What is to be encoded again, or why there is nothing."""


def possible_modalities(
    item: ItemRow, segments: Sequence[Segment], taken: frozenset[Modality]
) -> frozenset[Modality]:
    """What segments an item may have in some space.

    Args:
        item: the item.
        segments: those that it has.
        taken: what the encoders take that made these: what words there are, texts among them tell.
    """
    words = {Modality.TEXT} - taken
    return _OF_KIND[item.kind] | words | {segment.modality for segment in segments}


def content_of(catalog: Catalog, item: ItemRow, segments: Sequence[Segment]) -> Content:
    """What an item was made of, if it is there and as it was.

    Args:
        catalog: that has it.
        item: the item.
        segments: those of its segments that are seen.
    """
    reasons = []
    row: RowContent | None = None
    for file in item_files(catalog, item):
        holder = holder_of(file.path)
        if holder is not None and (is_object(holder) or not is_file(file.path)):
            row = row or RowContent(item, holder, file)
            continue
        if parse_path(file.path).kind is PathKind.OBJECT:
            try:
                return _object(item, file, segments)
            except MediaError as error:
                reasons.append(f"its file {error.reason}")
            continue
        reason = _why_not(file)
        if reason is None:
            new = NewItem(Path(file.path), item.id, item.source)
            index, digest = item.position, file.content_hash
            return PendingItem(index, new, item.id, item.source, digest, (file,))
        reasons.append(reason)
    if row is not None and (is_object(row.table) or is_file(row.table)):
        return row
    return kept_text(item, segments) or next(iter(reasons), GIVEN if row is None else GONE)


def _object(item: ItemRow, file: FileRecord, segments: Sequence[Segment]) -> PendingItem:
    """An item of an object in a store, with the words about it that it has.

    Raises:
        MediaError: the object is not there, is another one, or cannot be reached.
    """
    content = file_at(file.path, file.mtime_ns)
    captions = caption_texts(segments)
    new = NewItem(content, item.id, item.source, captions=captions)
    return PendingItem(item.position, new, item.id, item.source, file.content_hash, (file,))


def _why_not(file: FileRecord) -> str | None:
    """Why a file cannot be read in place of what it was; None if it can."""
    try:
        status = Path(file.path).stat()
    except (OSError, ValueError):
        return GONE
    is_same = (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns)
    if is_same and all(map(_is_as_it_was, *_sidecars(file))):
        return None
    entry = FileEntry(file.path, status.st_size, status.st_mtime_ns, sidecars=file.sidecars)
    try:
        return None if hash_file(entry).content_hash == file.content_hash else CHANGED
    except FileNotFoundError:
        return GONE
    except MediaError as error:
        return f"its file {error.reason}"


def _sidecars(file: FileRecord) -> tuple[Sequence[Path], Sequence[tuple[int, int]]]:
    paths = sidecar_paths(file.path, file.sidecars)
    return paths, [(sidecar.size, sidecar.mtime_ns) for sidecar in file.sidecars]


def _is_as_it_was(path: Path, state: tuple[int, int]) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == state


def rows_of(table: str, wanted: Mapping[str, RowContent]) -> Iterator[PendingItem | RowContent]:
    """The items of a table's rows, to be encoded; then those whose row is gone or another one.

    Args:
        table: the file: a table, or a tar with its members.
        wanted: the rows, by the paths under which the catalog has them.
    """
    left = dict(wanted)
    for with_captions in (True, False):  # as the build was told that made these items
        if not left:
            return
        try:
            entries = _entries_of(table, next(iter(left.values())), with_captions)
            for entry in entries:
                row = left.get(entry.path)
                new = _same(entry, row.file) if row is not None else None
                if row is not None and new is not None:
                    del left[entry.path]
                    item, digest = row.item, row.file.content_hash
                    new = replace(new, id=item.id, source=item.source)
                    yield PendingItem(item.position, new, item.id, item.source, digest, (row.file,))
        except ServiceError:  # nobody can tell what has become of them
            raise
        except AnysenseError:
            break
    yield from left.values()


def _entries_of(table: str, some: RowContent, with_captions: bool) -> Iterable[Entry]:
    """The rows of a table, or of a file of a data set, as a build finds them."""
    if is_shard(table, some.file.mtime_ns):
        listing = FileScan([Path(table).parent], with_sidecars=with_captions)
        return DataSets(listing).entries(table)
    # What is in the catalog was allowed when it was added.
    scan = FileScan([table], with_sidecars=with_captions, allow_http=is_object(table))
    return scan.run().entries


def _same(entry: Entry, file: FileRecord) -> NewItem | None:
    """What an entry is, if that is what the catalog has at its path."""
    if isinstance(entry, RowEntry):
        return entry.item if entry.content_hash == file.content_hash else None
    if not isinstance(entry, LazyEntry):
        return None
    try:
        is_same = (entry.size, entry.stamp) == (file.size, file.mtime_ns)
        if is_same or hash_lazy(entry).content_hash == file.content_hash:
            return entry.described_item()
    except MediaError:
        pass
    return None


def caption_texts(segments: Sequence[Segment]) -> list[str]:
    """The words about an item that are among its segments."""
    texts = (s.text for s in segments if s.origin is Origin.CAPTION)
    return list(dict.fromkeys(text for text in texts if text))
