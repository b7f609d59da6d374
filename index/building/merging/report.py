"""What became of what was merged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anysense.index.building.sources.entries import Problem

__all__ = ["MergeReport"]


@dataclass
class MergeReport:
    """What a merge did.

    Attributes:
        inputs: how many parts and collections were merged.
        added: items that are new.
        updated: items that replaced one of the same id.
        unchanged: items that the collection had, to the bit.
        superseded: items that were left out, since a later input has their id or their files.
        quarantined: files that could not be read when they were to be encoded, and why.
        damaged: parts that were left out as a whole, and why.
        is_calibrated: whether the models were here that say what chance gives; without them scores
            are calibrated by the first searches.
        seconds: how long it took.
    """

    inputs: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    quarantined: list[Problem] = field(default_factory=list)
    damaged: list[Problem] = field(default_factory=list)
    is_calibrated: bool = True
    seconds: float = 0.0
