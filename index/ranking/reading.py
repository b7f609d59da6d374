"""From matches to hits: what the catalog says of the items and segments that are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.index.hits.hit import Hit, HitSegment
from anysense.index.hits.lines import matched_line

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from anysense.index.catalog.records import SegmentRow
    from anysense.index.hits.media import ItemReader
    from anysense.index.ranking.match import Match, SegmentMatch
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["read_hits"]


def read_hits(
    snapshot: Snapshot,
    matches: Sequence[Match],
    reader: ItemReader | None = None,
    words: Set[str] = frozenset(),
) -> list[Hit | None]:
    """A hit for each match, in order; None where the item was removed a moment ago, or got lost.

    Args:
        snapshot: what was searched.
        matches: what was found.
        reader: reads the files of hits.
        words: those of the query; of words in a picture the line that has them is shown.

    Raises:
        CorruptCollectionError: a row does not match its checksum.
    """
    ids = [segment.id for match in matches for segment in (match.best, *match.segments)]
    rows = dict(zip(ids, snapshot.rows(ids), strict=True))
    return [_hit(match, rows, reader, words) for match in matches]


def _hit(
    match: Match,
    rows: dict[int, SegmentRow | None],
    reader: ItemReader | None,
    words: Set[str],
) -> Hit | None:
    row = rows[match.best.id]
    if row is None:
        return None
    further = [(segment, rows[segment.id]) for segment in match.segments]
    return Hit(
        **vars(_segment(match.best, row, words)),
        id=row.item_id,
        kind=row.kind,
        source=row.source,
        metadata=row.metadata,
        segments=tuple(
            _segment(segment, row, words) for segment, row in further if row is not None
        ),
        reader=reader,
    )


def _segment(match: SegmentMatch, row: SegmentRow, words: Set[str]) -> HitSegment:
    segment = matched_line(row.segment, words)
    place = segment.place
    return HitSegment(
        modality=segment.modality,
        score=match.score,
        raw_score=match.raw_score,
        route=match.route.name,
        space=segment.space,
        start=None if place.start is None else round(place.start, 3),
        end=None if place.end is None else round(place.end, 3),
        unit=place.unit,
        page=place.page,
        box=place.box,
        origin=segment.origin,
        heading=segment.heading,
        text=segment.text,
    )
