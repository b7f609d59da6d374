"""The curve of a sound's loudness, kept in the user's cache by the content that it is of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from anysense.embed.media.files import OpenedFile
from anysense.index.showing.keeping import kept

if TYPE_CHECKING:
    from anysense.index.showing.opening import ItemFile

__all__ = ["waveform"]


def waveform(item_file: ItemFile, points: int) -> bytes:
    """JSON of `seconds` and `peaks`: the largest magnitude in each of so many parts, 0 to 1.

    Raises:
        UnsupportedMediaError: it is no recording.
        MediaError: it cannot be read.
    """
    from anysense.embed.media.audio.recording import read_peaks

    def make() -> bytes:
        seconds, peaks = read_peaks(OpenedFile(item_file.file, item_file.path), points)
        curve = [round(float(peak), 4) for peak in peaks]
        return json.dumps({"seconds": round(seconds, 3), "peaks": curve}).encode()

    return kept("waveforms", f"{item_file.content_hash}-{points}.json", make)
