"""What of the metadata of files a metadata file has given, so that it can be taken back.

A build with a metadata file describes the files that it names. Where a later one does not name a
file any more, its item loses what the earlier one gave, and keeps what others gave. For that the
catalog notes for each path what it was given; where a file has moved, it is known by its content.

The notes are written before items are, and once more after: a build that is killed in between
leaves notes of what may have been given, by which the next one takes back no more than that. Builds
without a metadata file let them go where their contents go.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.index.building.encoding import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from anysense.index.building.metadata import Descriptions
    from anysense.index.building.sources.entries import Entry
    from anysense.index.catalog.records import CatalogFile
    from anysense.index.folder.folder import CollectionFolder

__all__ = ["Attribution"]

PREFIX = "metadata|"
"""What the keys of the notes begin with; the path follows."""


class _Note(NamedTuple):
    """What a file was given: the hash of its content, and what each metadata file said of it."""

    content_hash: str | None
    rows: list[dict[str, Any]]

    def to_text(self) -> str:
        return json.dumps(self, separators=(",", ":"))

    def without(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Metadata without what was given, as far as it is still the same."""
        return {
            key: value
            for key, value in metadata.items()
            if not any(key in row and row[key] == value for row in self.rows)
        }


class Attribution:
    """The notes of a collection, as one build with a metadata file changes them.

    Args:
        folder: the collection.
        descriptions: what the build's metadata file says.
        files: tells the files of the collection by now. They are asked for where there is a
            metadata file, or was one, and not else: there may be millions.
    """

    def __init__(
        self,
        folder: CollectionFolder,
        descriptions: Descriptions,
        files: Callable[[], Mapping[str, CatalogFile]],
    ) -> None:
        self._folder = folder
        self._descriptions = descriptions
        self._files = files
        self._notes = {
            key.removeprefix(PREFIX): _Note(*json.loads(text))
            for key, text in folder.notes(PREFIX).items()
        }

    def announce(self, entries: Iterable[Entry]) -> None:
        """Note what is about to be given, beside what was given before.

        Args:
            entries: what is built.
        """
        self.follow()  # what a build has moved that was killed then
        if not self._descriptions.has_file:
            return
        files, announced = self._files(), {}
        for entry in entries:
            row = self._row(entry, files.get(entry.path))
            if row is None:
                continue
            note = self._notes.get(entry.path, _Note(None, []))
            if row not in note.rows:
                announced[entry.path] = _Note(note.content_hash, [*note.rows, row])
        self._write(announced)

    def settle(self, entries: Iterable[Entry]) -> int:
        """Take back what is given no more, and note what is; how many items have lost something.

        A build without a metadata file gives nothing and takes nothing back.

        Args:
            entries: what was built.
        """
        if not self._descriptions.has_file:
            self.follow()
            return 0
        files = self._files()
        paths = [e.path for e in entries if e.path in files and e.item is None]
        rows = {path: self._descriptions.file_row(path, files[path].item_id) for path in paths}
        described = {files[path].item_id for path, row in rows.items() if row is not None}
        left = {path: files[path] for path, row in rows.items() if row is None}
        left = {path: file for path, file in left.items() if file.item_id not in described}
        lost = self._take_back(left, files)
        final: dict[str, _Note | None] = {
            path: _Note(files[path].record.content_hash, [row])
            for path, row in rows.items()
            if row is not None
        }
        final.update((path, None) for path in self._notes if path in left or path not in files)
        self._write(final)
        return lost

    def follow(self) -> None:
        """Let the notes go where their contents have gone.

        A later build may find a content edited at its new path, and then knows it by that alone.
        """
        if not self._notes:
            return
        files = self._files()
        hashes = {file.record.content_hash for file in files.values()}
        rows: dict[str | None, list[dict[str, Any]]] = {}  # of files with one content
        for path, note in self._notes.items():
            is_settled = note.content_hash is not None or path not in files
            content_hash = note.content_hash if is_settled else files[path].record.content_hash
            of_content = rows.setdefault(content_hash, [])
            of_content += [row for row in note.rows if row not in of_content]
        final: dict[str, _Note | None] = dict.fromkeys(self._notes)
        for path, file in files.items():
            content_hash, former = file.record.content_hash, self._notes.get(path)
            given = rows.get(content_hash)
            if given is None and former is not None and former.content_hash not in hashes:
                given = former.rows  # it was edited, and has kept what was said of it
            if given is not None:
                final[path] = _Note(content_hash, given)
        self._write(final)

    def _take_back(self, left: Mapping[str, CatalogFile], files: Mapping[str, CatalogFile]) -> int:
        """Take from items what their files were given; how many have lost something."""
        snapshot, said = self._folder.snapshot(), Said(self._folder, at_once=True)
        moved = {
            note.content_hash: note
            for path, note in self._notes.items()
            if path not in files or files[path].record.content_hash != note.content_hash
        }
        changed = {}
        for path, file in left.items():
            note = moved.get(file.record.content_hash) or self._notes.get(path)
            if note is None:
                continue
            metadata = snapshot.item(file.item_id).metadata
            rest = {**said.by(file.record.content_hash), **note.without(metadata)}
            if rest != metadata:
                changed[file.item_id] = rest
        if changed:
            self._folder.describe(changed)
        return len(changed)

    def _row(self, entry: Entry, file: CatalogFile | None) -> dict[str, Any] | None:
        """What the metadata file says of an entry; what a table names is described with its row."""
        if entry.item is not None:
            return None
        return self._descriptions.file_row(entry.path, file.item_id if file is not None else None)

    def _write(self, notes: Mapping[str, _Note | None]) -> None:
        changed = {path: note for path, note in notes.items() if self._notes.get(path) != note}
        if changed:
            texts = {p: n.to_text() if n is not None else None for p, n in changed.items()}
            self._folder.note({PREFIX + path: text for path, text in texts.items()})
        for path, note in changed.items():
            if note is None:
                self._notes.pop(path, None)
            else:
                self._notes[path] = note
