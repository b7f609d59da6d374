"""What every kind of source can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.building.sources.found import Found
    from anysense.index.building.sources.scan import Scan

__all__ = ["Source"]


@dataclass(frozen=True)
class Source(ABC):
    """One argument of a build: as it was given, and the real folder or file that it stays under."""

    name: str
    root: str

    @abstractmethod
    def find(self, scan: Scan) -> Iterator[Found]:
        """Everything that the source holds now."""

    @abstractmethod
    def covers(self, path: str) -> bool:
        """Whether `find` would have found this path if it were there."""
