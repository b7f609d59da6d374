"""JPEGs decoded at a half, a quarter or an eighth of their size, where nobody looks at more.

Of each block of 8 x 8 pixels libjpeg then makes 4 x 4, 2 x 2 or one, from its low frequencies. What
is left of the cost is mostly that of reading the codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["WHOLE", "Need", "needed_side", "reduction"]

_REDUCTIONS = (8, 4, 2)

WHOLE: frozenset[int | None] = frozenset({None})
"""The need of one who looks at all pixels, or who does not say at how many."""


def needed_side(*seen: int) -> int:
    """How many pixels the shorter side of a picture needs, for a model that looks at so many.

    Twice as many leave the filter that makes them so few something to smooth.

    Args:
        seen: the sides of what the model looks at.
    """
    return 2 * max(seen)


def reduction(size: tuple[int, int], side: int | None) -> int:
    """By what the sides of a JPEG may be divided, if the shorter is to keep so many pixels."""
    if side is None:
        return 1
    return next((number for number in _REDUCTIONS if min(size) >= number * side), 1)


class Need:
    """How large one picture is needed, by all who look at it.

    Args:
        sides: how many pixels each needs along the shorter side; None for all that there are.

    Attributes:
        met: the needs that the picture meets as it is decoded. A smaller one that would take a
            smaller picture is not among them: whoever has it gets what he would get alone, or what
            he makes of a picture would depend on who else looks at it.
        reduction: by what its sides are divided.
    """

    def __init__(self, sides: frozenset[int | None] = WHOLE) -> None:
        self.sides = sides
        self.met = sides
        self.reduction = 1

    def reduce(self, image: Image) -> None:
        """Have a picture that was opened decoded as small as the largest need allows."""
        if image.format != "JPEG":
            return
        size = image.size
        self.reduction = min(reduction(size, side) for side in self.sides)
        self.met = frozenset(s for s in self.sides if reduction(size, s) == self.reduction)
        if self.reduction > 1:
            most = max(side or 0 for side in self.sides)
            image.draft(None, (most, most))

    def take_whole(self) -> None:
        """Note that the picture has to be decoded whole, which meets every need."""
        self.reduction, self.met = 1, self.sides
