"""What is said of a model before it is loaded: what it costs, how good it is, and by whose word."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from anysense.embed.encoders.cards.profiles import PROFILES

if TYPE_CHECKING:
    from anysense.embed.types import Modality

__all__ = ["Figure", "ModelCard", "Speed"]

_QUICK = 20.0
_MODERATE = 100.0


class Speed(str, Enum):
    """How much a model has to compute for one input, in three classes.

    The input is a picture, ten seconds of sound, or a text as long as the model takes, whichever
    costs most; two operations are one multiplication with its addition.

    Attributes:
        QUICK: up to 20 GFLOP: several a second on each processor.
        MODERATE: up to 100 GFLOP: for a processor and patience.
        HEAVY: more: for a GPU.
    """

    QUICK = "quick"
    MODERATE = "moderate"
    HEAVY = "heavy"

    def __str__(self) -> str:
        return self.value

    @staticmethod
    def of(gflop: float) -> Speed:
        """The class of a model that takes so many billions of operations for one input."""
        if gflop <= _QUICK:
            return Speed.QUICK
        return Speed.MODERATE if gflop <= _MODERATE else Speed.HEAVY


@dataclass(frozen=True)
class Figure:
    """How good a model was found to be.

    Attributes:
        benchmark: what it was tried on.
        value: in percent.
        source: who published it.
        task: what was asked for what.
        measure: how that was counted: by R@1, how often the first one found is the right one.
    """

    benchmark: str
    value: float
    source: str
    task: str
    measure: str = "R@1"

    def __str__(self) -> str:
        return f"{self.benchmark} {self.value:.1f}"


@dataclass(frozen=True)
class ModelCard:
    """What is known of a model without loading it.

    Attributes:
        name: what `load_encoder` takes.
        modalities: what it encodes.
        dimension: the length of its vectors.
        parameters: how many numbers its weights hold.
        size_bytes: about how much is downloaded, or lies in the package.
        licence: the licence of the weights, as their publisher states it.
        summary: what it is good for, in a sentence.
        gflop: billions of operations for one input; see `Speed`.
        figures: published ones, without training on that collection unless the summary says it.
        files: of what must be on this machine, as ``hub repository/file``; alternatives are
            separated by ``|``.
        is_commercial: whether the licence lets it be used for commerce.
        warning: what to know before it is used, in a sentence; empty for most.
        available: whether it is all here; None where that was not looked up.
    """

    name: str
    modalities: frozenset[Modality]
    dimension: int
    parameters: int
    size_bytes: int
    licence: str
    summary: str
    gflop: float
    figures: tuple[Figure, ...] = ()
    files: tuple[str, ...] = ()
    is_commercial: bool = True
    warning: str = ""
    available: bool | None = None

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that name it."""
        return tuple(profile for profile, names in PROFILES.items() if self.name in names)

    @property
    def speed(self) -> Speed:
        """In which class its cost is."""
        return Speed.of(self.gflop)

    @property
    def quality(self) -> str:
        """Its figures in a line, with what they count and whose they are; empty without any."""
        kinds: dict[tuple[str, str, str], list[str]] = {}
        for figure in self.figures:
            kinds.setdefault((figure.task, figure.measure, figure.source), []).append(str(figure))
        return "; ".join(
            f"{task}, {measure}: {', '.join(values)} % ({source})"
            for (task, measure, source), values in kinds.items()
        )

    def here(self, available: bool) -> ModelCard:
        """The same card, saying whether its weights are on this machine."""
        return replace(self, available=available)
