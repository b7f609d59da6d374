"""Data sets in the folders of a source: as `save_to_disk` writes them, and Parquet as on the hub.

* A folder with ``state.json`` has the files in Arrow's format that it names; others, such as
  caches, are left alone. Below a folder with ``dataset_dict.json`` each is a split.
* A Parquet file counts if `datasets` has written in it what its columns are, if it is called as on
  the hub (``train-00000-of-00002.parquet``), or if it has structs of `bytes` and `path`.

Each file in a row is an item, with the words in its columns `text` and `caption` as captions and
all else as metadata; of rows without files the `text` is. An item has the id of its row, after the
name of its split; where there is none, or it came before, one made from its content.
"""

from __future__ import annotations

import json
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import CorruptMediaError, MediaError
from anysense.embed.media.files import open_file
from anysense.index.building.sources.data_sets.columns import columns_of, has_features
from anysense.index.building.sources.data_sets.ids import SeenIds
from anysense.index.building.sources.data_sets.rows import Shard, row_path
from anysense.index.building.sources.data_sets.shards import (
    ARROW,
    PARQUET,
    Rows,
    ShardPool,
    ShardState,
    open_rows,
)
from anysense.index.building.sources.entries import LazyEntry, UnnamedEntry
from anysense.index.building.sources.paths import check_name, link_target
from anysense.index.building.tables.parquet_columns import FileColumn
from anysense.index.building.tables.row import list_names
from anysense.index.catalog.records import is_id

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from anysense.index.building.sources.base import Listing

__all__ = ["SHARD_SUFFIXES", "DataSets"]

SHARD_SUFFIXES = (ARROW, PARQUET)
STATE, INFO, SPLITS = "state.json", "dataset_info.json", "dataset_dict.json"
OWN_FILES = frozenset({STATE, INFO, SPLITS})
"""What the folder of a data set has beside its rows."""

_log = logging.getLogger("anysense")
_NUMBERED = re.compile(r"(.+)-\d{5}-of-\d{5}")
_LARGEST_JSON = 64 << 20


class DataSets:
    """The data sets that are met while one source is walked.

    Args:
        listing: where to note what is left out.
    """

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._pool = ShardPool()
        self._ids = SeenIds()
        self._told: set[str] = set()  # folders of which something was said already
        self._arrow_files: dict[str, frozenset[str]] = {}

    def find(self, child: os.DirEntry[str], names: Sequence[str]) -> Iterator[LazyEntry] | None:
        """The rows of a file, none of which is read; None if it is none of a data set.

        Args:
            child: of a folder.
            names: of all that is in that.

        Raises:
            UsageError: its name is another one in UTF-8.
        """
        if not child.name.lower().endswith(SHARD_SUFFIXES) or not child.is_file():
            return None
        if child.name.lower().endswith(ARROW):
            is_one = STATE in names and child.name in self._files_of(str(Path(child.path).parent))
        else:
            is_one = self._is_data_set(child.path)
        if not is_one:
            return None
        target = link_target(child.path) if child.is_symlink() else child.path
        if target is None or (child.is_symlink() and not self._listing.is_linkable(target)):
            self._listing.count_outside_link()
            return iter(())
        return self.entries(child.path)

    @staticmethod
    def without_own(
        children: Sequence[os.DirEntry[str]], names: Sequence[str]
    ) -> list[os.DirEntry[str]]:
        """Children of a folder without those that say what a data set in it is."""
        is_data_set = STATE in names or SPLITS in names
        return [child for child in children if not is_data_set or child.name not in OWN_FILES]

    def entries(self, path: str) -> Iterator[LazyEntry]:
        """The rows of a file of a data set. What cannot be used is told.

        Raises:
            UsageError: its name is another one in UTF-8.
        """
        listing = self._listing
        check_name(path)
        listing.note_held(path)
        try:
            status = Path(path).stat()
            features = self._features(path)
            rows = open_rows(path, features)
            shard = self._shard(path, status, rows, features)
        except (MediaError, OSError) as error:
            listing.note_unread_part(path)
            listing.report(path, getattr(error, "reason", None) or f"cannot be read: {error}")
            return
        if rows.problem is not None:
            listing.note_unread_part(path)
            listing.report(path, f"{rows.problem}; the {rows.count:,} rows before are used")
        if rows.columns.left_out:
            self._tell_once(path, "the files inside of %s are left out", rows.columns.left_out)
        yield from self._rows(shard, rows)

    def _rows(self, shard: Shard, rows: Rows) -> Iterator[LazyEntry]:
        columns = rows.columns
        sources = columns.media or (FileColumn(columns.text or "", is_struct=False),)
        unnamed = self._unnamed_rows(shard, rows.count)
        without = []
        sizes = zip(*(rows.sizes(column) for column in sources), strict=True)
        for row, row_sizes in enumerate(sizes):
            stamp = shard.state.stamp(row, is_bare=not shard.with_captions)
            kind = UnnamedEntry if row in unnamed else LazyEntry
            for at, size in enumerate(row_sizes):
                if size is not None:
                    name = sources[at].name if len(sources) > 1 else None
                    yield kind(row_path(shard.path, row, name), size, stamp, shard, at)
            if not any(size is not None for size in row_sizes):
                without.append(row)
        if without:
            names = list_names([column.name for column in sources])
            self._listing.report(
                shard.path,
                f"{len(without):,} of its {rows.count:,} rows have nothing in {names}; the first "
                f"is row {without[0] + 1:,}",
            )

    def _shard(
        self, path: str, status: os.stat_result, rows: Rows, features: Mapping[str, Any] | None
    ) -> Shard:
        """A file as the holder of its rows.

        Raises:
            MediaError: its ids cannot be read.
        """
        import pyarrow

        columns, ids = rows.columns, None
        try:
            if columns.id is not None:
                parts = [part.cast(pyarrow.string()) for part in rows.column(columns.id)]
                ids = pyarrow.concat_arrays(parts) if parts else None
        except (pyarrow.ArrowException, OSError) as error:
            raise CorruptMediaError(path, f"cannot be read: {error}") from None
        return Shard(
            path=path,
            state=ShardState(status.st_size, status.st_mtime_ns),
            changed_ns=0 if os.name == "nt" else status.st_ctime_ns,
            columns=columns,
            features=features,
            split=_split_of(path),
            ids=ids,
            with_captions=self._listing.with_sidecars,
            pool=self._pool,
        )

    def _unnamed_rows(self, shard: Shard, count: int) -> Container[int]:
        """The rows that have no id, or none that can be theirs: they get one from their content."""
        if shard.ids is None:
            return range(count)
        ids = [shard.id_of(row, 0) for row in range(count)]
        unusable = {at for at, name in enumerate(ids) if name is not None and not is_id(name)}
        unusable |= self._ids.add([None if at in unusable else name for at, name in enumerate(ids)])
        if unusable:
            what = (
                f"{len(unusable):,} of its rows have an id that came before, or that cannot be one"
            )
            self._tell_once(shard.path, f"{what}: they are called after their content%s", ())
        shard.unnamed = frozenset(unusable)
        return {at for at, name in enumerate(ids) if name is None or at in unusable}

    def _tell_once(self, path: str, message: str, names: Sequence[str]) -> None:
        """Warn of a folder's data set, of the first of its files alone."""
        if (key := f"{Path(path).parent} {message}") not in self._told:
            self._told.add(key)
            _log.warning(f"%s: {message}.", path, list_names(names))

    def _files_of(self, folder: str) -> frozenset[str]:
        """The names of the files that the state of a folder names."""
        if folder not in self._arrow_files:
            files = _read_json(Path(folder) / STATE).get("_data_files")
            names = [f.get("filename") for f in files or () if isinstance(f, dict)]
            self._arrow_files[folder] = frozenset(n for n in names if isinstance(n, str))
        return self._arrow_files[folder]

    def _is_data_set(self, path: str) -> bool:
        """Whether a Parquet file is of a data set that has something to be read."""
        is_numbered = _NUMBERED.fullmatch(Path(path).stem) is not None
        try:
            import pyarrow
            from pyarrow import parquet

            schema = parquet.read_schema(path)
        except ImportError:
            return is_numbered
        except (pyarrow.ArrowException, OSError):
            return is_numbered  # and is told to be damaged
        columns = columns_of(schema)
        if has_features(schema) or is_numbered:
            if not columns.holds_items:
                what = "of its columns, %s, none holds files, and none is named text"
                self._tell_once(path, what, schema.names)
            return columns.holds_items
        return any(column.is_struct for column in columns.media)

    def _features(self, path: str) -> dict[str, Any] | None:
        """What the folder of a file says of its columns."""
        if not path.lower().endswith(ARROW):
            return None
        features = _read_json(Path(path).with_name(INFO)).get("features")
        return features if isinstance(features, dict) else None


def _split_of(path: str) -> str | None:
    """The split that a file is of, by its name or by its folder's."""
    file = Path(path)
    if file.suffix.lower() == PARQUET:
        match = _NUMBERED.fullmatch(file.stem)
        return match[1] if match else None
    return file.parent.name if (file.parent.parent / SPLITS).is_file() else None


def _read_json(path: Path) -> dict[str, Any]:
    """An object in a file; an empty one if there is none."""
    try:
        with open_file(path) as file:
            data = file.read(_LARGEST_JSON + 1)
        value = json.loads(data) if len(data) <= _LARGEST_JSON else None
    except (MediaError, OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
