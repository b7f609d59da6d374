"""How a search is to be answered, checked before anything is searched."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.embed.types import Kind, Modality
from anysense.index.filters.filter import of_kinds, parse_filter
from anysense.index.ranking.fusion import FUSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anysense.index.filters.filter import Filter

__all__ = ["MATCHES", "MAX_K", "SearchOptions"]

MAX_K = 1000
MATCHES = ("both", "vector", "words")
"""By what texts are found."""


@dataclass(frozen=True)
class SearchOptions:
    """The options of a search; see `anysense.index.ranking.retriever.CollectionRetriever.retrieve`.

    Raises:
        UsageError: one is wrong.
    """

    k: int = 10
    modalities: Sequence[Modality | str] | None = None
    where: str | Mapping[str, Any] | None = None
    min_score: float | None = None
    per_modality_k: int | None = None
    offset: int = 0
    state: str | None = None
    fusion: str = "calibrated"
    collapse: float | None = None
    match: str = "both"
    kinds: Sequence[Kind | str] | None = None

    def __post_init__(self) -> None:
        numbers: dict[str, Any] = {"k": self.k, "per_modality_k": self.per_modality_k}
        self._check_names()
        for name, value in {**numbers, "offset": self.offset}.items():
            if not isinstance(value, Integral | None):
                raise UsageError(f"{name} is a whole number, not {value!r}.")
        for name, value in numbers.items():
            if value is not None and not 1 <= value <= MAX_K:
                raise UsageError(f"{name} is a whole number from 1 to {MAX_K}, not {value}.")
        if self.offset < 0 or self.offset + self.k > MAX_K:
            raise UsageError(
                f"offset and k are at most {MAX_K} together, and offset is at least 0."
            )
        collapse = self.collapse
        if collapse is not None and self.match == "words":
            raise UsageError("collapse compares vectors: leave it out where match is words.")
        if collapse is not None and not (_is_number(collapse) and 0 < collapse <= 1):
            raise UsageError(f"collapse is a cosine over 0 and up to 1, not {collapse!r}.")
        if self.min_score is not None and not _is_number(self.min_score):
            raise UsageError(f"min_score is a number, not {self.min_score!r}.")
        _ = self.of_modalities, self.of_kinds  # raises if one is none

    def _check_names(self) -> None:
        for name, value, known in (
            ("fusion", self.fusion, FUSIONS),
            ("match", self.match, MATCHES),
        ):
            if value not in known:
                raise UsageError(f"{name} is one of {', '.join(known)}, not {value}.")

    @property
    def of_modalities(self) -> frozenset[Modality]:
        """The modalities of the segments that may be found."""
        if self.modalities is None:
            return frozenset(Modality)
        try:
            return frozenset(Modality(m) for m in self.modalities)
        except ValueError:
            names = ", ".join(m.value for m in Modality)
            raise UsageError(f"A modality is one of {names}.") from None

    @property
    def of_kinds(self) -> frozenset[Kind] | None:
        """The kinds of the items that may be found; None for all."""
        if self.kinds is None:
            return None
        try:
            return frozenset(Kind(kind) for kind in self.kinds)
        except ValueError:
            names = ", ".join(kind.value for kind in Kind)
            raise UsageError(f"A kind is one of {names}.") from None

    @property
    def of_items(self) -> Filter | None:
        """Which items may be found; None for all.

        Raises:
            FilterError: the filter cannot be read.
        """
        return of_kinds(parse_filter(self.where), self.of_kinds)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not math.isnan(value)
