"""Files to be scanned, and the names that a scan gives them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.building.sources.scan import FileScan


def touch(*paths: Path) -> None:
    """Files that hold their own names."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)


def names(scan: FileScan, folder: Path) -> list[str]:
    """What a scan has entries of, by paths that start at a folder."""
    return [os.path.relpath(entry.path, os.path.realpath(folder)) for entry in scan.entries]


def write_table(folder: Path, *rows: object) -> Path:
    """A JSONL file of rows."""
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
