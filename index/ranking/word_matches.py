"""From what a query's words find to matches: alone, or together with what its vectors find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anysense.embed.types import Modality
from anysense.index.calibration.scores import copy_bonus
from anysense.index.calibration.words import added_by_words, joined_scores
from anysense.index.catalog.keys import first_segments, spaces_of_segments
from anysense.index.ranking.fusion import MATCHED_WELL, MOST_SEGMENTS, fuse
from anysense.index.ranking.match import Match, SegmentMatch
from anysense.index.ranking.routes import WordRoute

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from anysense.index.calibration.words import Scores
    from anysense.index.ranking.routes import Route
    from anysense.index.ranking.words import Evidence
    from anysense.index.segment_set import SegmentSet
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.types import Ids, Partition

__all__ = ["FoundByWords", "by_item", "joined_segments", "of_partition", "seen_of"]


@dataclass(frozen=True)
class FoundByWords:
    """What the words of a query find in a snapshot.

    Attributes:
        snapshot: what is searched.
        passages: what they find among the passages that may be found; None if nothing.
        names: the same among the names of items.
        modalities: of the segments that may be found.
        allowed: the only segments to find.
    """

    snapshot: Snapshot
    passages: Evidence | None
    names: Evidence | None
    modalities: frozenset[Modality]
    allowed: SegmentSet | None = None

    @property
    def texts(self) -> int:
        """How many there are to be found."""
        return max((e.texts for e in (self.passages, self.names) if e is not None), default=0)

    def added_to(
        self,
        lists: Sequence[Sequence[Match]],
        most: int,
        joined: Sequence[Partition],
        without: AbstractSet[int] = frozenset(),
    ) -> list[list[Match]]:
        """The lists of routes, each with what the words alone find of its modality.

        Args:
            lists: what each route found, best first.
            most: how many the words alone find at most.
            joined: where each route leads; passages there are found by vectors and words together.
            without: items to leave out, by their keys.
        """
        found = []
        if self.passages is not None:
            rest = self._apart_from(self.passages, joined)
            found += matches_of_passages(self.snapshot, rest, most, without=without)
        if self.names is not None:
            named = matches_of_names(
                self.snapshot,
                self.names,
                self.modalities,
                allowed=self.allowed,
                without=without,
            )
            found += named[:most]
        if not found:
            return [list(matches) for matches in lists]
        by_modality: dict[Modality, list[list[Match]]] = {}
        for partition, matches in zip(joined, lists, strict=True):
            by_modality.setdefault(partition.modality, []).append(list(matches))
        for match in found:
            by_modality.setdefault(match.modality, []).append([match])
        return [fuse(several, "calibrated") for several in by_modality.values()]

    def _apart_from(self, evidence: Evidence, joined: Sequence[Partition]) -> Evidence:
        for partition in joined:
            if partition.modality is Modality.TEXT:
                together = of_partition(self.snapshot, evidence, partition)
                apart = ~np.isin(evidence.keys, together.keys)
                evidence = evidence.taken(np.flatnonzero(apart))
        return evidence


def joined_segments(
    snapshot: Snapshot, route: Route, found: Ids, evidence: Evidence, depth: int
) -> list[SegmentMatch]:
    """Segments of a route with their scores by vectors and by words together, best first.

    Args:
        snapshot: what is searched.
        route: where to, and with which vectors.
        found: the segments that the vectors find.
        evidence: what the words find in the same partition.
        depth: how many of those are looked at, the best ones.
    """
    best = evidence.taken(_best_first(np.maximum(evidence.scores, evidence.sure))[:depth])
    ids = np.union1d(found, best.keys)
    vectors = snapshot.vectors(route.partition, ids)
    cosines = (vectors @ route.cosine).clip(-1, 1)
    by_vector = np.array(
        [route.null.score(product) for product in (vectors @ route.vector).tolist()]
    )
    if route.modality == route.partition.modality:
        by_vector += [copy_bonus(cosine) for cosine in cosines.tolist()]
    places = _places(evidence.keys, ids)
    words, sums, sure = (
        np.where(places >= 0, np.append(values, 0.0)[places], 0.0)
        for values in (evidence.scores, evidence.sums, evidence.sure)
    )
    joined = joined_scores(by_vector, words, evidence.null)
    is_of_words = (sure > joined) | (added_by_words(words) > by_vector)
    scores = np.maximum(joined, sure)
    by_words = WordRoute(route.partition)
    order = np.lexsort((ids, -scores))
    return [
        SegmentMatch(
            int(ids[place]),
            round(float(scores[place]), 4),
            round(float(sums[place] if is_of_words[place] else cosines[place]), 6),
            by_words if is_of_words[place] else route,
        )
        for place in order.tolist()
    ]


def seen_of(snapshot: Snapshot, evidence: Evidence) -> Evidence:
    """What the words find, without passages of encoders that searches do not go by any more.

    Whoever gives a collection other encoders may be killed after the switch, before the words are
    of those.
    """
    if not snapshot.manifest.dropped:
        return evidence
    spaces = spaces_of_segments(snapshot.catalog, evidence.keys)
    return evidence.taken(np.flatnonzero([space is not None for space in spaces]))


def of_partition(snapshot: Snapshot, evidence: Evidence, partition: Partition) -> Evidence:
    """What the words find in one partition, of what they find among passages."""
    others = [p for p in snapshot.partitions if p.modality == partition.modality and p != partition]
    if not others:
        return evidence
    spaces = snapshot.catalog.spaces
    keys = {pk for pk, row in spaces.items() if row.id == partition.space}
    is_there = [space in keys for space in spaces_of_segments(snapshot.catalog, evidence.keys)]
    return evidence.taken(np.flatnonzero(is_there))


def matches_of_passages(
    snapshot: Snapshot,
    evidence: Evidence,
    most: int,
    *,
    without: AbstractSet[int] = frozenset(),
) -> list[Match]:
    """The items with the passages that the words alone find, best first: up to `most`.

    Args:
        snapshot: what is searched.
        evidence: what the words find among passages.
        most: how many items.
        without: items to leave out, by their keys.
    """
    order = _best_first(evidence.scores)
    spaces = spaces_of_segments(snapshot.catalog, evidence.keys[order])
    routes: dict[int, WordRoute] = {}
    segments = []
    for place, space in zip(order.tolist(), spaces, strict=True):
        if space is None:
            continue  # removed a moment ago
        route = routes.setdefault(space, WordRoute(snapshot.catalog.partition(space, "text")))
        score, total = float(evidence.scores[place]), float(evidence.sums[place])
        key = int(evidence.keys[place])
        segments.append(SegmentMatch(key, round(score, 4), round(total, 6), route))
    return by_item(snapshot, segments, without)[:most]


def matches_of_names(
    snapshot: Snapshot,
    evidence: Evidence,
    modalities: Iterable[Modality],
    *,
    allowed: SegmentSet | None = None,
    without: AbstractSet[int] = frozenset(),
) -> list[Match]:
    """The items whose names have a code of the query or all of its words, best first.

    Each stands with its first segment of the modalities: nothing in it was compared.

    Args:
        snapshot: what is searched.
        evidence: what the words find among names.
        modalities: of the segments that may be found.
        allowed: the only segments to find.
        without: items to leave out, by their keys.
    """
    named = evidence.taken(np.flatnonzero(evidence.sure > 0))
    first = first_segments(snapshot.catalog, named.keys, modalities, snapshot.high_water)
    matches = []
    for place in _best_first(named.sure).tolist():
        item = int(named.keys[place])
        if item in without or item not in first:
            continue
        segment, partition = first[item]
        if allowed is None or segment in allowed:
            score, total = round(float(named.sure[place]), 4), round(float(named.sums[place]), 6)
            route = WordRoute(partition)
            matches.append(Match(item, SegmentMatch(segment, score, total, route)))
    return matches


def by_item(
    snapshot: Snapshot, segments: Sequence[SegmentMatch], without: AbstractSet[int] = frozenset()
) -> list[Match]:
    """A match for each item that has any of the segments, which come best first."""
    keys = snapshot.keys_of_segments([segment.id for segment in segments])
    found: dict[int, list[SegmentMatch]] = {}
    for item, segment in zip(keys, segments, strict=True):
        if item is None or item in without:  # None: removed a moment ago
            continue
        own = found.setdefault(item, [])
        is_told = len(own) <= MOST_SEGMENTS and segment.score >= MATCHED_WELL
        if not own or is_told:
            own.append(segment)
    return [Match(item, own[0], tuple(own[1:])) for item, own in found.items()]


def _best_first(scores: Scores) -> Ids:
    """The places of scores, the highest first; of equal ones the first."""
    return np.argsort(-scores, kind="stable")


def _places(keys: Ids, wanted: Ids) -> Ids:
    """The place of each wanted key among ascending keys; -1 where it is not there."""
    if not len(keys):
        return np.full(len(wanted), -1)
    places = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return np.where(keys[places] == wanted, places, -1)
