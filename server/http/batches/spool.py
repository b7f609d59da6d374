"""Where the items of a request are kept until they are added: lines and files in a folder."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.server.http.batches.disk import storage_errors
from anysense.server.http.batches.job import FILES, ITEMS
from anysense.server.http.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from anysense.server.http.batches.roots import Roots

__all__ = ["Spool"]

BLOCK = 1 << 20
MAX_PATH_LINE = 1 << 20


class Spool:
    """Takes in the items of one request, up to limits, before it is known whether all will come.

    Args:
        folder: an empty folder of its own.
        room: how many bytes there may be.
        most_items: how many items.
        roots: in which folders and globs are looked for, of which each file is an item.

    Attributes:
        count: how many items there are.
        byte_count: how much they take.

    Raises:
        StorageError: the disk refused.
    """

    def __init__(self, folder: Path, room: int, most_items: int, roots: Roots) -> None:
        self.folder = folder
        self.count = 0
        self.byte_count = 0
        self._room = room
        self._most_items = most_items
        self._roots = roots
        with storage_errors(folder):
            self._lines: BinaryIO = (folder / ITEMS).open("xb")

    def close(self) -> None:
        """Write everything through to the disk.

        Raises:
            StorageError: the disk refused.
        """
        if self._lines.closed:
            return
        with storage_errors(self.folder), self._lines as lines:  # closing it writes, too
            lines.flush()
            os.fsync(lines.fileno())

    def add_line(self, line: bytes) -> None:
        """Take in an item as a client has written it; a folder or a glob is one for each file.

        Raises:
            RequestError: there is no room for it.
            StorageError: the disk refused.
        """
        for each in self._expanded(line):
            self.count += 1
            if self.count > self._most_items:
                message = f"A batch has at most {self._most_items:,} items."
                raise RequestError(message, 413, "batch_too_large")
            self._write(self._lines, each.rstrip(b"\r\n") + b"\n")

    def add_values(self, items: Iterable[Any]) -> None:
        """Take in the items of a JSON body.

        Raises:
            As `add_line`.
        """
        for values in items:
            self.add_line(json.dumps(values).encode("ascii"))

    def add_upload(
        self,
        upload: BinaryIO,
        name: str,
        suffix: str,
        item_id: str | None,
        metadata: Mapping[str, Any],
    ) -> None:
        """Take in a file that was uploaded, to be stored in the collection with its item.

        Raises:
            As `add_line`.
        """
        file_name = f"{self.count:06}"
        entry = {"file": file_name, "name": name, "suffix": suffix, "id": item_id}
        self.count += 1
        self._write(self._lines, json.dumps({**entry, "metadata": metadata}).encode() + b"\n")
        folder = self.folder / FILES
        with storage_errors(folder):
            folder.mkdir(exist_ok=True)
            with (folder / file_name).open("xb") as target:
                while block := upload.read(BLOCK):
                    self._write(target, block)
                target.flush()
                os.fsync(target.fileno())

    def _write(self, target: BinaryIO, data: bytes) -> None:
        self.byte_count += len(data)
        if self.byte_count > self._room:
            message = "There is no room for more jobs: wait until others are done, or cancel them."
            raise RequestError(message, 429, "too_many_jobs")
        with storage_errors(self.folder):
            target.write(data)

    def _expanded(self, line: bytes) -> list[bytes]:
        """A line for each file of a folder or a glob; otherwise the line as it is."""
        if b'"path"' not in line or len(line) > MAX_PATH_LINE:
            return [line]
        try:
            values = json.loads(line)
            path = values["path"]
            # An id is of one item, and what is wrong is told when the item is tried.
            if values.get("id") is not None or not isinstance(path, str):
                return [line]
            files = self._roots.expand(path)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, RequestError):
            return [line]
        return [json.dumps({**values, "path": file}).encode("ascii") for file in files] or [line]
