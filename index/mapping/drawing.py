"""Drawing the map of a space: a sample laid out, the others placed among it, little moved.

Nothing depends on a map: it is made from the index and can be made again.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from anysense.index.calibration.routes import Calibrations
from anysense.index.mapping.items import ItemVectors, item_vectors, scattered_keys
from anysense.index.mapping.layout import lay_out, place
from anysense.index.mapping.likeness import Likeness, fit_likeness
from anysense.index.mapping.points import Points, joined

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.types import Ids

__all__ = ["LEAST", "MOST", "Drawing", "draw"]

LEAST = 10
"""Fewer items have no map."""
MOST = 20_000
"""So many points has a map at most, a sample of all items."""
LAID_OUT = 4000
"""So many of them are laid out at most, which takes seconds; the others are placed among them."""
KEPT = 2 / 3
"""If a smaller share of what would be laid out now has been, it is laid out anew."""


class Drawing(NamedTuple):
    """The map of a space as it was drawn.

    Attributes:
        points: of a sample of the items.
        total: how many items have segments in the space.
    """

    points: Points
    total: int


class _Known(NamedTuple):
    """What others are placed among: items, and where each lies, (n, 2)."""

    items: ItemVectors
    places: FloatArray


def draw(
    snapshot: Snapshot, space: str, earlier: Points | None = None, *, anew: bool = False
) -> Drawing | None:
    """Draw the map of a space; None if it has too few items for one.

    Args:
        snapshot: of an index that has everything.
        space: its id.
        earlier: the map from before: what is in it stays where it is, as long as that will do.
        anew: lay it out anew in any case, beginning with the earlier places.
    """
    keys = scattered_keys(snapshot, space)
    if len(keys) < LEAST:
        return None
    pen = _Pen(snapshot, space)
    wanted = keys[:LAID_OUT]
    there = None if earlier is None else earlier.only(np.isin(earlier.items, keys))
    if there is not None and there.laid.sum() < LEAST:
        there = None
    if there is not None and not anew and _is_like(there, wanted):
        points = pen.grown(there, keys[:MOST])
    else:
        points = pen.laid_out(wanted, there)
        if len(points) < LEAST:  # the others have been removed just now
            return None
        points = pen.grown(points, keys[:MOST])
    return Drawing(_in_order(points, keys[:MOST]), len(keys))


def _is_like(points: Points, wanted: Ids) -> bool:
    """Whether enough of what would be laid out now has been."""
    return bool(np.isin(wanted, points.items[points.laid]).mean() >= KEPT)


@dataclass(frozen=True)
class _Pen:
    snapshot: Snapshot
    space: str

    def laid_out(self, keys: Ids, earlier: Points | None) -> Points:
        """The points of some items, laid out, beginning with where they lay."""
        sample = self._vectors(keys)
        codes, start = sample.codes, None
        if len(codes) < LEAST:
            return Points(sample.keys, codes, codes < 0, np.empty((len(codes), 2), np.float32))
        if earlier is not None:
            new = ~np.isin(sample.keys, earlier.items)
            start = np.empty((len(sample.keys), 2), np.float32)
            start[~new] = _places_of(earlier, sample.keys[~new])
            start[new] = self._placed(sample.only(new), self._known(earlier))
        places = lay_out(sample.vectors, codes, self._likeness, start)
        return Points(sample.keys, codes, np.ones(len(codes), bool), places)

    def grown(self, points: Points, keys: Ids) -> Points:
        """Points and those of other items, placed among what was laid out."""
        new = keys[~np.isin(keys, points.items)]
        if not len(new):
            return points
        others = self._vectors(new)
        places = self._placed(others, self._known(points))
        added = Points(others.keys, others.codes, np.zeros(len(places), bool), places)
        return joined(points, added)

    def _known(self, points: Points) -> _Known:
        laid = points.only(points.laid)
        items = self._vectors(laid.items)
        return _Known(items, _places_of(laid, items.keys))

    def _placed(self, items: ItemVectors, known: _Known) -> FloatArray:
        sample = known.items
        if not len(sample.keys):
            return np.full((len(items.keys), 2), 0.5, np.float32)
        return place(
            items.vectors, items.codes, sample.vectors, sample.codes, known.places, self._likeness
        )

    def _vectors(self, keys: Ids) -> ItemVectors:
        """What stands for some items, centred; those that are gone by now are left out."""
        items = item_vectors(self.snapshot, self.space, keys)
        return items._replace(vectors=self._likeness.centred(items.vectors, items.codes))

    @functools.cached_property
    def _likeness(self) -> Likeness:
        calibrations = Calibrations(self.snapshot)
        partitions = [p for p in self.snapshot.partitions if p.space == self.space]
        samples = {each.modality: calibrations.items(each) for each in partitions}
        dimension = next(iter(samples.values())).shape[1]
        return fit_likeness(samples, dimension)


def _places_of(points: Points, keys: Ids) -> FloatArray:
    """Where some of the items of a map lie, (n, 2)."""
    order = np.argsort(points.items)
    places: FloatArray = points.places[order[np.searchsorted(points.items[order], keys)]]
    return places


def _in_order(points: Points, keys: Ids) -> Points:
    """Those of the points whose items are among some keys, in their order."""
    order = np.argsort(keys)
    points = points.only(np.isin(points.items, keys))
    return points.only(np.argsort(order[np.searchsorted(keys[order], points.items)]))
