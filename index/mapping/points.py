"""The points of a map, in memory and as they are kept beside the index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.index.mapping.likeness import MODALITIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.types import Ids

__all__ = ["Points", "joined"]

_ROW = np.dtype(
    [("item", "<i8"), ("modality", "u1"), ("laid", "u1"), ("x", "<f4"), ("y", "<f4")], align=False
)


@dataclass(frozen=True, eq=False)
class Points:
    """Items of one space in two dimensions, in the order of `scattered_keys`.

    Attributes:
        items: their keys, (n,).
        codes: of the modalities of what stands for them, (n,).
        laid: whether they were laid out, or placed among such as were, (n,) bool.
        places: (n, 2) float32, 0 to 1.
    """

    items: Ids
    codes: NDArray[np.uint8]
    laid: NDArray[np.bool_]
    places: FloatArray

    def __len__(self) -> int:
        return len(self.items)

    def only(self, chosen: NDArray[Any]) -> Points:
        """Some of them: a mask, or their numbers."""
        return Points(
            self.items[chosen], self.codes[chosen], self.laid[chosen], self.places[chosen]
        )

    def to_array(self) -> NDArray[Any]:
        rows = np.empty(len(self), _ROW)
        rows["item"], rows["modality"], rows["laid"] = self.items, self.codes, self.laid
        rows["x"], rows["y"] = self.places.T
        return rows

    @staticmethod
    def from_array(rows: NDArray[Any]) -> Points:
        """Read `to_array`.

        Raises:
            ValueError: the array is not one of points.
        """
        if rows.dtype != _ROW or rows.ndim != 1 or (rows["modality"] >= len(MODALITIES)).any():
            raise ValueError("it holds no points")
        places = np.stack([rows["x"], rows["y"]], axis=1)
        return Points(rows["item"], rows["modality"], rows["laid"] != 0, places)


def joined(first: Points, second: Points) -> Points:
    """The points of both, the first ones first."""
    return Points(
        np.concatenate([first.items, second.items]),
        np.concatenate([first.codes, second.codes]),
        np.concatenate([first.laid, second.laid]),
        np.concatenate([first.places, second.places]),
    )
