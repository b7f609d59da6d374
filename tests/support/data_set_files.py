"""Data sets in the layout that `datasets` writes, made by pyarrow alone."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pyarrow
from parquet_files import FILE, embedded
from PIL import Image
from pyarrow import ipc, parquet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["FILE", "embedded", "picture", "save_to_disk", "table_of", "to_hub"]

IMAGE, TEXT = {"_type": "Image"}, {"dtype": "string", "_type": "Value"}


def picture(colour: tuple[int, int, int]) -> bytes:
    """A small PNG of one colour."""
    data = io.BytesIO()
    Image.new("RGB", (24, 24), colour).save(data, "PNG")
    return data.getvalue()


def table_of(features: dict[str, Any] | None = None, /, **columns: Any) -> pyarrow.Table:
    """Rows, with what their columns are in the schema's metadata if `features` say it."""
    table = pyarrow.table(columns)
    if features is not None:
        info = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": info})
    return table


def save_to_disk(folder: Path, table: pyarrow.Table, sizes: Sequence[int] = ()) -> list[Path]:
    """A folder as `Dataset.save_to_disk` makes it; returns its files of rows.

    Args:
        folder: that is made, or made anew.
        table: the rows.
        sizes: how many are in each file; all in one if there are none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for former in folder.glob("data-*.arrow"):
        former.unlink()
    parts = _parts(table, sizes)
    names = [f"data-{at:05d}-of-{len(parts):05d}.arrow" for at in range(len(parts))]
    for name, part in zip(names, parts, strict=True):
        with ipc.new_stream(str(folder / name), table.schema) as stream:
            stream.write_table(part, max_chunksize=2)
    state = {"_data_files": [{"filename": name} for name in names], "_split": None}
    (folder / "state.json").write_text(json.dumps(state))
    metadata = table.schema.metadata or {}
    features = json.loads(metadata.get(b"huggingface", b'{"info": {"features": {}}}'))["info"]
    (folder / "dataset_info.json").write_text(json.dumps(features))
    return [folder / name for name in names]


def to_hub(
    folder: Path, table: pyarrow.Table, sizes: Sequence[int] = (), split: str = "train"
) -> list[Path]:
    """Parquet files as `Dataset.push_to_hub` makes them; as above."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    for former in data.glob(f"{split}-*.parquet"):
        former.unlink()
    parts = _parts(table, sizes)
    files = [data / f"{split}-{at:05d}-of-{len(parts):05d}.parquet" for at in range(len(parts))]
    for file, part in zip(files, parts, strict=True):
        parquet.write_table(part, file, row_group_size=2)
    return files


def _parts(table: pyarrow.Table, sizes: Sequence[int]) -> list[pyarrow.Table]:
    parts, start = [], 0
    for size in sizes or [len(table)]:
        parts.append(table.slice(start, size))
        start += size
    return parts
