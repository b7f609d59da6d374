"""Files that the tiny encoder tells apart, and what a build made of them."""

from __future__ import annotations

import io
import os
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tiny
from PIL import Image

if TYPE_CHECKING:
    from anysense.index.building.report import BuildReport
    from anysense.index.collection import Collection

COLOURS = {"red": (230, 20, 20), "green": (20, 230, 20), "blue": (20, 20, 230)}


def write_media(folder: Path) -> None:
    """Three pictures, a sound and a text."""
    folder.mkdir()
    for name, colour in COLOURS.items():
        write_picture(folder / f"{name}.png", colour)
    write_tone(folder / "low.wav", 200.0)
    (folder / "note.txt").write_text("a green note")


def write_picture(path: Path, colour: tuple[int, int, int]) -> None:
    Image.new("RGB", (24, 24), colour).save(path)


def picture_bytes(name: str, side: int = 24) -> bytes:
    """A PNG of one of `COLOURS`."""
    file = io.BytesIO()
    Image.new("RGB", (side, side), COLOURS[name]).save(file, "PNG")
    return file.getvalue()


def write_tone(path: Path, frequency: float, seconds: float = 1.0) -> None:
    time = np.arange(int(8000 * seconds)) / 8000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((20000 * np.sin(2 * np.pi * frequency * time)).astype("<i2").tobytes())


def real(path: Path) -> str:
    return os.path.realpath(path)


def inputs_encoded(collection: Collection) -> int:
    """How many inputs the model has been given."""
    [encoder] = collection.encoders()
    assert isinstance(encoder, tiny.TinyEncoder)
    return encoder.encoded


def source_names(collection: Collection) -> list[str]:
    """The names of the files that are the sources of items."""
    snapshot = collection.folder.snapshot()
    ids = {file.item_id for file in collection.folder.files().values()}
    return sorted(Path(snapshot.item(item_id).source).name for item_id in ids)


def summary(report: BuildReport) -> dict[str, int]:
    """The counts that are not zero."""
    names = ("added", "updated", "moved", "described", "removed", "unchanged", "duplicates")
    counts = {name: getattr(report, name) for name in names}
    counts["quarantined"] = len(report.quarantined)
    return {name: number for name, number in counts.items() if number}
