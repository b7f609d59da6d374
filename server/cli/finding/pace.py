"""How long encoding files will take, told from their kinds and sizes before any is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.media.files import VIDEO_SUFFIXES
from anysense.embed.media.identify import DOCUMENT_SUFFIXES, named_modality
from anysense.embed.types import Modality
from anysense.server.cli.console import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from anysense.index.building.sources.entries import Entry

__all__ = ["expected_pace", "expected_seconds", "measured_pace", "show_duration"]

SECONDS = {Modality.IMAGE: 0.04, Modality.AUDIO: 0.05, Modality.TEXT: 0.015}
"""Of a file with `starter`, on one core of 2026; `benchmarks/find.py` measures them."""
SECONDS_PER_MB = {Modality.IMAGE: 0.015, Modality.AUDIO: 2.0, Modality.TEXT: 15.0}
DOCUMENT, DOCUMENT_PER_MB = 0.5, 1.0
"""Of PDFs and files of office programs, with pages in place of plain text."""
VIDEO, VIDEO_PER_MB = 0.5, 0.5
"""Of videos, by `benchmarks/video.py`."""
START = 3.0
"""Seconds until models are loaded."""
OTHER_PACE = 10.0
"""How much longer models other than `starter` take, as long as that was not measured."""
LEAST_SECONDS = 2.0
"""What took less tells nothing of the pace."""


def expected_seconds(entries: Iterable[Entry], pace: float) -> float:
    """How long encoding files takes.

    Args:
        entries: files, by their names and sizes.
        pace: how many times as long as with `starter`, on the machine of the figures above.
    """
    return START + pace * sum(map(_seconds, entries))


def expected_pace(encoders: Sequence[str]) -> float:
    """The pace of encoders by name, before it was measured."""
    return 1.0 if tuple(encoders) == ("starter",) else OTHER_PACE


def measured_pace(entries: Iterable[Entry], seconds: float, share: float) -> float | None:
    """The pace that was measured; None if it was too short to tell.

    Args:
        entries: what was to be encoded.
        seconds: how long it took, with models loaded.
        share: how much of it was encoded in that time.
    """
    expected = share * sum(map(_seconds, entries))
    return seconds / expected if seconds >= LEAST_SECONDS and expected > 0 else None


def show_duration(seconds: float) -> str:
    """A duration that was guessed, in words: "2 minutes"."""
    if seconds < 90:
        return count(max(1, round(seconds)), "second")
    minutes = round(seconds / 60)
    return count(minutes, "minute") if minutes < 90 else count(round(seconds / 3600), "hour")


def _seconds(entry: Entry) -> float:
    megabytes = entry.size / 1e6
    name = entry.path.lower()
    if name.endswith((".pdf", *DOCUMENT_SUFFIXES)):
        return DOCUMENT + DOCUMENT_PER_MB * megabytes
    if name.endswith(tuple(VIDEO_SUFFIXES)):
        return VIDEO + VIDEO_PER_MB * megabytes
    modality = named_modality(entry.path) or Modality.TEXT
    return SECONDS[modality] + SECONDS_PER_MB[modality] * megabytes
